"""When lamps change, and what is done against lateness (domain.md 2.4, 2.6): pure functions of clock rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum

from db.models import TicketClock
from runtime.clock import local
from tickets.clocks.calendar import WorkCalendar
from tickets.clocks.policy import LatePolicy
from tickets.clocks.rules import Lamp, lamp, worst

OF_UNITS = frozenset({"sign_by", "transfer_by", "inform_by", "close_by"})
"""Clocks that run against the handling unit; the others run against the centre."""


class Stage(StrEnum):
    """What is done once for each clock as it becomes late; the value is the column that marks it as done."""

    YELLOW = "yellow_at"
    RED = "red_at"
    REMINDED = "reminded_at"
    """Written notice to the unit."""
    SUPERVISED = "supervised_at"
    """Supervision of level 1."""


def lamp_of(clock: TicketClock, now: datetime) -> Lamp:
    """The lamp of one clock row."""
    if clock.met_at is None and clock.stopped_at is not None:
        return Lamp.GREY
    if clock.met_at is None and clock.paused_at is not None:
        return Lamp.PAUSED
    return lamp(clock.warn_at, clock.due_at, clock.met_at, now)


def shown(clocks: Iterable[TicketClock], now: datetime) -> str:
    """The lamp that the ticket shows; "" when it has no clock."""
    lamps = [lamp_of(clock, now) for clock in clocks if clock.stopped_at is None]
    return worst(lamps).value if lamps else ""


def _stages(clock: TicketClock, calendar: WorkCalendar, late: LatePolicy) -> Iterator[tuple[Stage, datetime]]:
    if clock.met_at is not None or clock.stopped_at is not None or clock.paused_at is not None:
        return
    day = local(clock.due_at).date()
    yield Stage.YELLOW, clock.warn_at
    yield Stage.RED, clock.due_at
    if clock.name == "close_by":
        yield Stage.REMINDED, calendar.close_of(calendar.shift_workdays(day, late.remind_workdays))
        yield Stage.SUPERVISED, calendar.close_of(calendar.shift_workdays(day, late.supervise_workdays))


def open_stages(clock: TicketClock, calendar: WorkCalendar, late: LatePolicy) -> list[tuple[Stage, datetime]]:
    """What is still to be done for this clock, and when; nothing for one that is met, stopped or paused."""
    return [(stage, at) for stage, at in _stages(clock, calendar, late) if getattr(clock, stage.value) is None]


def is_due(stage: Stage, at: datetime, now: datetime) -> bool:
    """Yellow from its moment on; a clock is late only after its due time."""
    return now >= at if stage is Stage.YELLOW else now > at


def next_change(clocks: Iterable[TicketClock], calendar: WorkCalendar, late: LatePolicy) -> datetime | None:
    """When somebody must look at this ticket next; None when no clock runs."""
    return min((at for clock in clocks for _, at in open_stages(clock, calendar, late)), default=None)
