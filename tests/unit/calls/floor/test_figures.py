from __future__ import annotations

from datetime import UTC, datetime, timedelta

from calls.floor.figures import Buckets, minute_of
from runtime.clock import midnight

NINE = datetime(2025, 11, 14, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def test_sums_by_half_hours_and_minutes_are_those_by_minutes() -> None:
    buckets = Buckets()
    for minute in range(0, 400, 7):
        buckets.count(after(minute * 60), queued=1)
    first = minute_of(NINE)
    for begin in (0, 1, 29, 30, 31):
        for end in (begin, begin + 1, 61, 199, 400):
            wanted = sum(begin <= minute < end for minute in range(0, 400, 7))
            assert buckets.sum(first + begin, first + end).queued == wanted


def test_what_is_old_is_dropped_by_whole_half_hours() -> None:
    buckets = Buckets()
    for minute in (0, 29, 30, 61):
        buckets.count(after(minute * 60), queued=1)
    buckets.forget(minute_of(after(45 * 60)))
    first = minute_of(NINE)
    assert buckets.sum(first, first + 90).queued == 2
    assert [half.queued for half in buckets.half_hours(first, first + 90)] == [0, 1, 1]
    buckets.forget(minute_of(after(1e6)))
    assert not buckets


def test_the_day_begins_at_midnight_in_shanghai() -> None:
    assert midnight(NINE) == datetime(2025, 11, 13, 16, 0, tzinfo=UTC)
    assert midnight(after(15 * 3600)) == datetime(2025, 11, 14, 16, 0, tzinfo=UTC)
