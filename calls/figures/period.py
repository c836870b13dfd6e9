"""What figures are asked for: from when to when, of which queue, of which unit's seats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from runtime.clock import SHANGHAI, local, midnight

DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
LONGEST = timedelta(days=366)


class PeriodRefused(ValueError):
    """A period that cannot be counted. `reason` is one of malformed, reversed, too_long; the text is Chinese."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Scope:
    """The period `[start, end)`, aware moments. `queue` "" means all queues, `unit_id` None all seats.

    A call belongs to the period in which it reached us (domain.md 4).
    """

    start: datetime
    end: datetime
    queue: str = ""
    unit_id: int | None = None

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise PeriodRefused("reversed", "结束时间应晚于开始时间。")
        if self.end - self.start > LONGEST:
            raise PeriodRefused("too_long", f"一次最多统计{LONGEST.days}天。")

    def until(self, now: datetime) -> Scope:
        """The same up to this moment at most: what has not happened yet is no part of it."""
        return replace(self, end=min(self.end, max(now, self.start + timedelta(microseconds=1))))


def moment(text: str) -> datetime:
    """An ISO 8601 date or moment; without zone it is Asia/Shanghai's. Raises PeriodRefused ("malformed")."""
    try:
        found = datetime.fromisoformat(text.strip())
        found = found if found.tzinfo is not None else found.replace(tzinfo=SHANGHAI)
        found.astimezone(SHANGHAI)
    except (ValueError, OverflowError):
        raise PeriodRefused("malformed", f"时间写法不对：{text[:40]}") from None
    if not 2000 <= found.year <= 2999:
        raise PeriodRefused("malformed", f"时间超出范围：{text[:40]}")
    return found


def today(now: datetime) -> tuple[datetime, datetime]:
    start = midnight(now)
    return start, start + DAY


def yesterday(now: datetime) -> tuple[datetime, datetime]:
    end = midnight(now)
    return end - DAY, end


def this_week(now: datetime) -> tuple[datetime, datetime]:
    """From Monday."""
    start = midnight(now) - timedelta(days=local(now).weekday())
    return start, start + 7 * DAY


def this_month(now: datetime) -> tuple[datetime, datetime]:
    start = midnight(now).replace(day=1)
    return start, (start + 32 * DAY).replace(day=1)


def halves(since: datetime, until: datetime) -> Iterator[tuple[int, float]]:
    """The half hours of the day (0 to 47, Asia/Shanghai) that a stretch lies in, each with its seconds."""
    at, end = since.timestamp(), until.timestamp()
    while at < end:
        next_half = min(end, (at // 1800 + 1) * 1800)
        yield half_of(at), next_half - at
        at = next_half


def half_of(timestamp: float) -> int:
    """The half hour of the day (0 to 47) in Asia/Shanghai, which has had no summer time since 1991."""
    return int((timestamp + 8 * 3600) % 86400 // 1800)
