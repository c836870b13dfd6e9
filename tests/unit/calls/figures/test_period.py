from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calls.figures.period import (
    PeriodRefused,
    Scope,
    half_of,
    halves,
    moment,
    this_month,
    this_week,
    today,
    yesterday,
)
from runtime.clock import SHANGHAI

NOON = datetime(2026, 5, 6, 12, 0, tzinfo=SHANGHAI)  # a Wednesday


def on(month: int, day: int, hour: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


def test_named_periods_are_shanghai_s() -> None:
    late = datetime(2026, 5, 5, 16, 30, tzinfo=UTC)  # 00:30 on the 6th
    for now in (NOON, late):
        assert today(now) == (on(5, 6), on(5, 7))
        assert yesterday(now) == (on(5, 5), on(5, 6))
        assert this_week(now) == (on(5, 4), on(5, 11))
        assert this_month(now) == (on(5, 1), on(6, 1))
    assert this_month(on(12, 31)) == (on(12, 1), on(1, 1, year=2027))


def test_moments_without_zone_are_shanghai_s() -> None:
    assert moment("2026-05-06") == on(5, 6)
    assert moment("2026-05-06T09:30") == on(5, 6, 9) + timedelta(minutes=30)
    assert moment("2026-05-06T09:30Z") == datetime(2026, 5, 6, 9, 30, tzinfo=UTC)
    assert moment("2026-05-06T09:30+00:00").astimezone(SHANGHAI).hour == 17


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-13-01", "2026-05-06T25:00", "06/05/2026", "0001-01-01", "9999-12-31T23:59"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(PeriodRefused) as refused:
        moment(text)
    assert refused.value.reason == "malformed"


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [(NOON, NOON, "reversed"), (NOON, on(5, 6), "reversed"), (NOON, NOON + timedelta(days=367), "too_long")],
)
def test_a_period_must_be_one(start: datetime, end: datetime, reason: str) -> None:
    with pytest.raises(PeriodRefused) as refused:
        Scope(start, end)
    assert refused.value.reason == reason


def test_what_has_not_happened_is_no_part_of_it() -> None:
    day = Scope(*today(NOON))
    assert day.until(NOON) == Scope(on(5, 6), NOON)
    assert day.until(on(5, 8)) == day
    assert day.until(on(5, 1)).end > day.start, "a period in the future is empty, not wrong"


def test_half_hours_are_of_the_day_in_shanghai() -> None:
    assert half_of(NOON.timestamp()) == 24
    assert half_of(on(5, 6).timestamp()) == 0 and half_of(on(5, 6).timestamp() - 1) == 47
    stretch = on(5, 5, 23) + timedelta(minutes=50), on(5, 6) + timedelta(minutes=40)
    assert list(halves(*stretch)) == [(47, 600.0), (0, 1800.0), (1, 600.0)]
    assert list(halves(NOON, NOON)) == []
