from __future__ import annotations

from speech.decoding.shelf import IDLE_S, RENEW_S, Shelf
from tests.fakes.recogniser import FakeEngine


class Desk:
    def __init__(self) -> None:
        self.now = 0.0
        self.engine = FakeEngine()
        self.shelf = Shelf(self.engine, monotonic=lambda: self.now)


def test_who_speaks_next_gets_the_recogniser_used_last() -> None:
    desk = Desk()
    first, second = desk.shelf.take(), desk.shelf.take()
    assert first.recogniser is not second.recogniser, "one recogniser serves one utterance at a time"
    desk.shelf.put_back(first)
    desk.shelf.put_back(second)
    assert desk.shelf.take() is second
    assert desk.shelf.take() is first
    assert len(desk.engine.made) == 2


def test_a_recogniser_is_renewed_so_that_memory_stays_bounded() -> None:
    desk = Desk()
    for _ in range(int(3 * RENEW_S / 10)):
        lent = desk.shelf.take()
        lent.heard_s += 10
        desk.shelf.put_back(lent)
    assert len(desk.engine.made) == 3


def test_recognisers_that_nobody_needs_are_given_up() -> None:
    desk = Desk()
    crowd = [desk.shelf.take() for _ in range(10)]
    for lent in crowd:
        desk.shelf.put_back(lent)
    assert desk.shelf.free == 10
    desk.now += IDLE_S + 1
    desk.shelf.put_back(desk.shelf.take())
    assert desk.shelf.free == 1
