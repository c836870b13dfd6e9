"""What a clock shows, as a pure function of its rule, of what happened to it, and of the calendar (domain.md 2.4).

Everything that happens to a clock is kept as an event that is never changed; due time and lamp follow from the
events alone and can be reckoned again at any time.

A pause keeps the time that is left in the clock's own unit: hours of business time, working days, calendar days.
A day that has begun counts as used. Events after the due time change nothing: red stays red, even when an
extension is granted later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from runtime.clock import local
from tickets.clocks.calendar import WorkCalendar
from tickets.clocks.rules import ClockRule, Due, Lamp, due, lamp

MIN_REWORK_WORKDAYS = 2


class Kind(StrEnum):
    """What can happen to a clock."""

    START = "start"
    RESTART = "restart"
    """As START, for a further round."""
    PAUSE = "pause"
    RESUME = "resume"
    ANNUL = "annul"
    """The pause is void: the clock runs as if it had never been paused (T12)."""
    EXTEND = "extend"
    MEET = "meet"
    UNMEET = "unmeet"
    """What met it does not count (T17): it runs on as if it had never been met."""
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """Something that happened to a clock. `amount` is the length of an extension in the rule's own unit."""

    kind: Kind
    at: datetime
    amount: float = 0


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a clock shows. `paused_at` is set while it is paused; `suspended` is the wall time of ended pauses."""

    started_at: datetime
    warn_at: datetime
    due_at: datetime
    provisional: bool = False
    met_at: datetime | None = None
    stopped_at: datetime | None = None
    paused_at: datetime | None = None
    suspended: timedelta = timedelta(0)

    @property
    def runs(self) -> bool:
        return self.met_at is None and self.stopped_at is None

    def lamp(self, now: datetime) -> Lamp:
        """Grey when stopped; paused ones show so; else `rules.lamp`."""
        if self.met_at is None and self.stopped_at is not None:
            return Lamp.GREY
        if self.met_at is None and self.paused_at is not None:
            return Lamp.PAUSED
        return lamp(self.warn_at, self.due_at, self.met_at, now)


class Impossible(ValueError):
    """Events in an order in which nothing can happen."""


def reckon(rule: ClockRule, events: Sequence[ClockEvent], calendar: WorkCalendar) -> Reckoned:
    """The clock after these events, oldest first. Raises `Impossible`."""
    if not events or events[0].kind not in (Kind.START, Kind.RESTART):
        raise Impossible("a clock begins with its start")
    start = events[0].at
    first = due(rule, start, calendar)
    clock = Reckoned(start, first.warn_at, first.due_at, first.provisional)
    span = rule
    pauses: list[tuple[datetime, datetime]] = []
    last = start
    for event in events[1:]:
        if event.at < last:
            raise Impossible(f"{event.kind} at {event.at.isoformat()} is before what happened last")
        last = event.at
        match event.kind:
            case Kind.PAUSE if clock.runs and clock.paused_at is None:
                clock = replace(clock, paused_at=event.at)
            case Kind.RESUME if clock.runs and clock.paused_at is not None:
                began = clock.paused_at
                if began <= clock.due_at:
                    pauses.append((began, event.at))
                clock = replace(clock, paused_at=None, suspended=clock.suspended + (event.at - began))
                clock = _due_of(clock, _with_pauses(span, start, pauses, calendar))
            case Kind.ANNUL if clock.runs and clock.paused_at is not None:
                clock = replace(clock, paused_at=None)
            case Kind.EXTEND if clock.runs and event.amount > 0 and span.unit != "same_day":
                if (clock.paused_at or event.at) <= clock.due_at:
                    span = span.model_copy(update={"value": span.value + event.amount})
                    clock = _due_of(clock, _with_pauses(span, start, pauses, calendar))
            case Kind.MEET if clock.runs:
                clock = replace(clock, met_at=event.at)
            case Kind.UNMEET if clock.met_at is not None and clock.stopped_at is None:
                clock = replace(clock, met_at=None)
            case Kind.STOP if clock.runs:
                clock = replace(clock, stopped_at=event.at)
            case _:
                raise Impossible(f"{event.kind} at {event.at.isoformat()} is not possible here")
    return clock


def _due_of(clock: Reckoned, moments: Due) -> Reckoned:
    return replace(
        clock, warn_at=moments.warn_at, due_at=moments.due_at, provisional=moments.provisional or clock.provisional
    )


def _with_pauses(
    rule: ClockRule, start: datetime, pauses: Sequence[tuple[datetime, datetime]], calendar: WorkCalendar
) -> Due:
    """Both moments of a clock that stood still between these pairs of moments."""
    if rule.unit == "same_day" or not pauses:
        return due(rule, start, calendar)
    left, since = rule.value, start
    for began, ended in pauses:
        left = max(left - _used(rule, since, began, calendar), 0)
        since = ended
    rest = due(rule.model_copy(update={"value": left}), since, calendar)
    end = rest.due_at
    if rule.unit in ("workday", "calday"):
        if end <= since:  # resumed after the close of business: what was left of the day is given tomorrow
            end = calendar.close_of(calendar.next_workday(local(since).date() + timedelta(days=1)))
        elif not calendar.is_workday(local(end).date()):
            end = calendar.close_of(calendar.next_workday(local(end).date()))
    # Never earlier than without pauses: days that were used before a pause are not lost by it.
    plain = due(rule, start, calendar)
    end = max(end, plain.due_at)
    warn = rule.warn
    if warn.elapsed is not None:
        at = end - (plain.due_at - plain.warn_at)
    elif warn.workdays is not None:
        at = calendar.close_of(calendar.shift_workdays(local(end).date(), -warn.workdays))
    else:
        at = end - timedelta(hours=warn.hours or 0)
    return Due(min(max(at, start), end), end, rest.provisional)


def _used(rule: ClockRule, since: datetime, until: datetime, calendar: WorkCalendar) -> float:
    """How much of the rule's value ran in [since, until], in the rule's unit."""
    if rule.unit in ("workday", "calday"):
        first, last = local(since).date(), local(until).date()
        if rule.unit == "calday":
            return (last - first).days
        return sum(calendar.is_workday(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
    ran = calendar.work_time_between(since, until) if rule.kind == "work" else until - since
    return ran / timedelta(**{f"{rule.unit}s": 1})


def rework_rule(rule: ClockRule, start: datetime, calendar: WorkCalendar) -> ClockRule:
    """Half the original limit for a second handling, but at least two working days (domain.md 2.6)."""
    value = rule.value / 2
    if rule.unit in ("workday", "calday"):
        value = -(-rule.value // 2)
    half = rule.model_copy(update={"value": value})
    least = rule.model_copy(update={"unit": "workday", "value": MIN_REWORK_WORKDAYS})
    if due(half, start, calendar).due_at < due(least, start, calendar).due_at:
        return least
    return half
