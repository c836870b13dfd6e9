from __future__ import annotations

import pytest

from agent_desk.web import limits
from agent_desk.web.limits import Limit, Limits
from tests.fakes.clock import FakeClock

FEW = Limit("few", 3, 6)


def test_a_burst_then_as_many_as_the_minute_gives(clock: FakeClock) -> None:
    taken = Limits(clock)
    assert [taken.take(FEW, "a") for _ in range(4)] == [0, 0, 0, 10]
    assert taken.take(FEW, "b") == 0  # everybody has a share of the own
    assert taken.take(Limit("other", 1, 1), "a") == 0
    clock.move(seconds=10)
    assert [taken.take(FEW, "a") for _ in range(2)] == [0, 10]
    clock.move(hours=1)
    assert [taken.take(FEW, "a") for _ in range(4)] == [0, 0, 0, 10]


def test_a_clock_set_back_takes_nothing_away(clock: FakeClock) -> None:
    taken = Limits(clock)
    assert taken.take(FEW, "a") == 0
    clock.move(seconds=-100)
    assert [taken.take(FEW, "a") for _ in range(3)] == [0, 0, 10]


def test_strangers_cannot_fill_the_memory(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BUCKETS_KEPT", 10)
    taken = Limits(clock)
    for number in range(100):
        taken.take(FEW, str(number))
    assert len(taken._buckets) == 10
