"""Erlang's C formula against a published table with its example, and against a sum written out."""

from __future__ import annotations

import math

import pytest

from calls.figures.erlang import answered_within, mean_wait, seats_for, waiting


@pytest.mark.parametrize(
    ("seats", "load", "published"),
    [
        # An Erlang C table for trunked radio: the load that so many channels carry at this chance of waiting.
        (8, 3.87, 0.05),
        (10, 4.08, 0.01),
    ],
)
def test_it_is_the_published_table(seats: int, load: float, published: float) -> None:
    assert round(waiting(load, seats), 2) == published
    assert waiting(load - 0.01, seats) <= published <= waiting(load + 0.01, seats), "to the table's last digit"


def test_it_is_the_table_s_own_example() -> None:
    """Of those who wait, the book says, 1.6 % wait longer than a mean talk at 8 channels, 0.22 % at 10."""
    for channels, published in ((8, 0.016), (10, 0.0022)):
        longer = (1 - answered_within(3.87, channels, 100, 100)) / waiting(3.87, channels)
        assert longer == pytest.approx(published, rel=0.02)


def test_100_calls_of_three_minutes_in_a_half_hour() -> None:
    assert seats_for(100, 1800, 180, share=0.8, within_s=20) == 14
    assert answered_within(10, 14, 20, 180) == pytest.approx(0.888, abs=0.001)
    assert mean_wait(10, 14, 180) == pytest.approx(waiting(10, 14) * 45)


@pytest.mark.parametrize(("load", "seats"), [(0.5, 1), (0.5, 2), (2.5, 4), (10, 11), (10, 20), (40, 42)])
def test_it_is_the_sum_written_out(load: float, seats: int) -> None:
    last = load**seats / math.factorial(seats) * seats / (seats - load)
    whole = sum(load**k / math.factorial(k) for k in range(seats)) + last
    assert waiting(load, seats) == pytest.approx(last / whole)


def test_at_its_bounds() -> None:
    assert waiting(0, 3) == 0 and waiting(3, 3) == 1 and waiting(4, 3) == 1
    assert answered_within(0, 0, 15, 200) == 1 and answered_within(3, 3, 15, 200) == 0
    assert mean_wait(0, 1, 200) == 0 and mean_wait(4, 3, 200) == math.inf
    assert seats_for(0, 1800, 200, share=0.95, within_s=15) == 0
    assert 0 < waiting(950, 1000) < 1, "hundreds of seats overflow nothing"


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 2.0])
def test_what_no_seats_reach_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="share"):
        seats_for(10, 1800, 200, share=share, within_s=15)


@pytest.mark.parametrize("calls", [1, 7, 31, 120, 600])
def test_one_seat_less_is_too_few(calls: int) -> None:
    load, seats = calls * 200 / 1800, seats_for(calls, 1800, 200, share=0.95, within_s=15)
    assert answered_within(load, seats, 15, 200) >= 0.95 > answered_within(load, seats - 1, 15, 200)
