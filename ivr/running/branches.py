"""The conditions a branch may test: hours and holidays, caller lists, repeat callers, queue length, variables."""

from __future__ import annotations

from datetime import datetime, timedelta

from ivr.script.nodes import WEEKDAYS, CallerTest, HoursTest, QueueTest, RepeatTest, Span, VariableTest
from ivr.visit import Visit
from runtime.clock import local

AnyTest = HoursTest | CallerTest | RepeatTest | QueueTest | VariableTest


async def holds(test: AnyTest, visit: Visit) -> bool:
    """Whether the condition is true for this caller now. May raise whatever a look-up raises."""
    match test:
        case HoursTest():
            return await _open(test, visit)
        case CallerTest():
            return listed(visit.line.caller.phone, visit.script.lists.get(test.list, []))
        case RepeatTest():
            caller = visit.line.caller
            if not caller.phone:
                return False
            since = visit.clock.now() - timedelta(hours=test.hours)
            return await visit.lookups.recent_calls(caller.phone, since, caller.call_id) >= test.calls
        case QueueTest():
            return await visit.line.queue_length(test.queue) >= test.waiting
        case VariableTest():
            return visit.variables.get(test.variable) in test.equals


async def _open(test: HoursTest, visit: Visit) -> bool:
    now = local(visit.clock.now())
    if test.holidays == "closed":
        if not await visit.lookups.workday(now.date()):
            return False
        # A make-up Saturday is worked like the weekdays that are listed.
        return any(within(span, now, any_weekday=now.weekday() >= 5) for span in test.open)
    return any(within(span, now) for span in test.open)


def within(span: Span, now: datetime, *, any_weekday: bool = False) -> bool:
    """Whether the local moment lies in the span; `any_weekday` leaves the day of the week out."""
    on_day = any_weekday or WEEKDAYS[now.weekday()] in span.days
    return on_day and span.start <= now.time() < span.until


def listed(phone: str, patterns: list[str]) -> bool:
    """Whether the number is in the list; a pattern ending in * matches by its beginning."""
    return bool(phone) and any(
        phone.startswith(pattern[:-1]) if pattern.endswith("*") else phone == pattern for pattern in patterns
    )
