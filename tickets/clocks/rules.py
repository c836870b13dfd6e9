"""Due times as pure functions of a calendar and a rule, and the lamps (domain.md 2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from runtime.clock import SHANGHAI, local
from tickets.clocks.calendar import WorkCalendar

NAMES: dict[str, str] = {
    "divert_by": "分流",
    "sign_by": "签收",
    "transfer_by": "流转",
    "inform_by": "告知",
    "close_by": "办结",
    "review_by": "审核",
    "follow_up_by": "回访",
}


class Warn(BaseModel):
    """When a clock turns yellow: at a share of the time, or some working days or wall hours before it is due."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    elapsed: Annotated[float, Field(gt=0, lt=1)] | None = None
    workdays: Annotated[int, Field(gt=0)] | None = None
    hours: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Warn:
        if sum(value is not None for value in (self.elapsed, self.workdays, self.hours)) != 1:
            raise ValueError("give exactly one of elapsed, workdays, hours")
        return self


class ClockRule(BaseModel):
    """How long a clock runs.

    unit: minute, hour (kind wall or work), workday, calday, same_day (until midnight; value is ignored).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Annotated[float, Field(ge=0)] = 0
    unit: Literal["minute", "hour", "workday", "calday", "same_day"]
    kind: Literal["wall", "work"] = "work"
    warn: Warn = Warn(elapsed=0.75)


@dataclass(frozen=True, slots=True)
class Due:
    """The two moments of a clock."""

    warn_at: datetime
    due_at: datetime
    provisional: bool = False
    """The days of that year are not published."""


def due_at(rule: ClockRule, start: datetime, calendar: WorkCalendar, share: float = 1.0) -> datetime:
    """When the rule's time is over; `share` < 1 asks for that part of an hour clock."""
    match rule.unit:
        case "same_day":
            return datetime.combine(local(start).date(), time(23, 59, 59), SHANGHAI)
        case "workday":
            return calendar.add_workdays(start, round(rule.value))
        case "calday":
            return calendar.add_calendar_days(start, round(rule.value))
        case _:
            span = timedelta(**{f"{rule.unit}s": rule.value * share})
            if rule.kind == "wall":
                return start.astimezone(SHANGHAI) + span
            return calendar.add_work_time(start, span)


def due(rule: ClockRule, start: datetime, calendar: WorkCalendar) -> Due:
    """Both moments of a clock that starts now; the warning never precedes the start."""
    end = due_at(rule, start, calendar)
    warn = rule.warn
    if warn.elapsed is not None:
        if rule.unit in ("minute", "hour"):
            at = due_at(rule, start, calendar, warn.elapsed)
        else:
            at = start + (end - start) * warn.elapsed
    elif warn.workdays is not None:
        at = calendar.close_of(calendar.shift_workdays(local(end).date(), -warn.workdays))
    else:
        at = end - timedelta(hours=warn.hours or 0)
    by_days = rule.unit in ("workday", "calday") or (rule.unit != "same_day" and rule.kind == "work")
    provisional = by_days and calendar.is_provisional(local(end).date())
    return Due(warn_at=min(max(at, start), end), due_at=end, provisional=provisional)


class Lamp(StrEnum):
    GREEN = "GREEN"
    YELLOW = "YELLOW"
    RED = "RED"
    PAUSED = "PAUSED"
    """It stands still with leave: a suspension, or a return that is being decided."""
    GREY = "GREY"
    GREY_LATE = "GREY_LATE"


_WORST = (Lamp.RED, Lamp.YELLOW, Lamp.GREEN, Lamp.PAUSED, Lamp.GREY_LATE, Lamp.GREY)


def lamp(warn_at: datetime, due_at: datetime, met_at: datetime | None, now: datetime) -> Lamp:
    """A clock's lamp: grey once met (late or not), red when due and not done, yellow when nearly due."""
    if met_at is not None:
        return Lamp.GREY if met_at <= due_at else Lamp.GREY_LATE
    if now > due_at:
        return Lamp.RED
    return Lamp.YELLOW if now >= warn_at else Lamp.GREEN


def worst(lamps: list[Lamp]) -> Lamp:
    """The lamp a ticket shows."""
    return next((candidate for candidate in _WORST if candidate in lamps), Lamp.GREY)
