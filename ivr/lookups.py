"""What the script may ask the rest of the house. Every question is bounded; the runner fails open on any fault."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime

import chinese_calendar

log = logging.getLogger(__name__)

ProgressLookup = Callable[[str | None, str | None], Awaitable[list[str]]]
"""(ticket number or None, phone or None) -> sentences to say, newest ticket first; [] when there is none."""

RecentCalls = Callable[[str, datetime, str], Awaitable[int]]
"""(phone, since, call id to leave out) -> how often this phone called."""

Workday = Callable[[date], Awaitable[bool]]


async def no_progress(ticket_no: str | None, phone: str | None) -> list[str]:
    """No ticket room is wired: the caller goes to a person."""
    raise LookupError("progress look-up is not wired")


async def no_recent_calls(phone: str, since: datetime, call_id: str) -> int:
    return 0


async def national_workday(day: date) -> bool:
    """Whether people work on this day in China, make-up days counted; Monday to Friday beyond the known years."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        log.warning("the holiday calendar does not know %d yet: weekends only", day.year)
        return day.weekday() < 5


@dataclass(frozen=True, slots=True)
class Lookups:
    """Questions the script may ask; what is not wired answers in the way that is safe for the caller."""

    progress: ProgressLookup = no_progress
    recent_calls: RecentCalls = no_recent_calls
    workday: Workday = national_workday
