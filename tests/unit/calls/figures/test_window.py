"""Every window that slides, against all windows counted one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from calls.figures.window import SlidingWindow, Worst

T0 = datetime(2026, 5, 1, tzinfo=UTC)
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def slide(calls: list[tuple[datetime, bool]], first_end: datetime, last_end: datetime) -> Worst | None:
    window = SlidingWindow(first_end, last_end)
    for moment, hit in calls:
        window.add(moment, hit)
    return window.worst()


def test_it_catches_what_hourly_steps_and_days_hide() -> None:
    """Two misses 23 h 59 min apart: no day and no window on the hour holds both."""
    good = [(T0 + HOUR * at, True) for at in range(48)]
    bad = [T0 + timedelta(hours=12, minutes=30), T0 + timedelta(hours=36, minutes=29)]
    calls = sorted([*good, *((at, False) for at in bad)])
    for start in (T0 + HOUR * at for at in range(25)):
        assert sum(start <= at < start + timedelta(days=1) for at in bad) <= 1
    found = slide(calls, T0, T0 + timedelta(days=2))
    assert found is not None
    assert (found.hits, found.calls) == (24, 26)
    assert found.start <= bad[0] and bad[1] < found.end
    assert found.end - found.start == timedelta(days=1)
    assert found.start.second == found.start.microsecond == 0


def test_a_window_is_half_open() -> None:
    apart = [(T0, False), (T0 + timedelta(days=1), False), (T0 + timedelta(days=1) - TICK, True)]
    found = slide(sorted(apart), T0, T0 + timedelta(days=3))
    assert found is not None and (found.hits, found.calls) == (0, 1), "the two misses are never in one window"
    near = [(T0, False), (T0 + timedelta(days=1) - TICK, False)]
    found = slide(near, T0, T0 + timedelta(days=3))
    assert found == Worst(T0, T0 + timedelta(days=1), 0, 2)


def test_no_calls_no_window() -> None:
    assert slide([], T0, T0 + timedelta(days=2)) is None
    assert slide([(T0 - timedelta(days=1), False)], T0, T0 + HOUR) is None, "gone when the first window begins"


def test_what_happens_later_is_in_no_window_that_ends_before() -> None:
    late = [(T0, True), (T0 + timedelta(hours=5), False)]
    found = slide(late, T0, T0 + timedelta(hours=5))
    assert found is not None and (found.hits, found.calls) == (1, 1)
    found = slide(late, T0, T0 + timedelta(hours=5) + TICK)
    assert found is not None and (found.hits, found.calls) == (1, 2)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=12).map(sorted),
    st.integers(20, 50),
    st.integers(1, 30),
)
def test_it_agrees_with_counting_each_window(moments: list[tuple[int, bool]], first: int, more: int) -> None:
    """Windows of ten units, one unit being a microsecond: then there are few enough to count them all."""
    length, last = 10, first + more
    window = SlidingWindow(T0 + first * TICK, T0 + last * TICK, length=length * TICK)
    kept = [(at, hit) for at, hit in moments if first - length <= at < last]
    for at, hit in kept:
        window.add(T0 + at * TICK, hit)
    shares = []
    for start in range(first - length + 1, last - length + 1):
        inside = [hit for at, hit in kept if start <= at < start + length]
        if inside:
            shares.append((sum(inside) / len(inside), -len(inside)))
    found = window.worst()
    if not shares:
        assert found is None
        return
    assert found is not None
    assert (found.share, -found.calls) == min(shares)
    inside = [hit for at, hit in kept if found.start <= T0 + at * TICK < found.end]
    assert (sum(inside), len(inside)) == (found.hits, found.calls), "the window holds the calls that it says"
