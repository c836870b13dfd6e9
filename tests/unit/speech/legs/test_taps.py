from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from runtime.bus import LocalBus
from runtime.events import CallEnded, CallHeld, TapOpened
from speech.legs.taps import KEPT, TapBook

NOW = datetime(2025, 11, 14, tzinfo=UTC)


def opened(tap_id: str) -> TapOpened:
    return TapOpened(call_id="call", tap_id=tap_id, speaker="agent", origin=NOW)


async def test_an_announced_tap_is_good_for_one_leg(bus: LocalBus) -> None:
    book = TapBook(bus)
    await bus.publish(opened("a"))
    await bus.settle()
    assert book.take("a") == opened("a")
    assert book.take("a") is None
    book.close()


async def test_a_leg_waits_for_its_announcement_but_not_for_ever(bus: LocalBus) -> None:
    book = TapBook(bus)
    claim = asyncio.create_task(book.claim("b", 30))
    await asyncio.sleep(0)
    await bus.publish(opened("b"))
    assert await claim == opened("b")
    assert await book.claim("never", 0.01) is None
    book.close()


async def test_two_legs_waiting_for_one_tap_the_second_gets_nothing(bus: LocalBus) -> None:
    book = TapBook(bus)
    first = asyncio.create_task(book.claim("c", 30))
    await asyncio.sleep(0)
    assert await book.claim("c", 5) is None
    await bus.publish(opened("c"))
    assert await first is not None
    book.close()


async def test_announcements_nobody_comes_for_are_forgotten(bus: LocalBus) -> None:
    book = TapBook(bus)
    for number in range(KEPT + 5):
        await bus.publish(opened(str(number)))
    await bus.settle()
    assert book.take("0") is None
    assert book.take(str(KEPT + 4)) is not None
    book.close()


async def test_which_calls_are_on_hold(bus: LocalBus) -> None:
    book = TapBook(bus)
    await bus.publish(CallHeld(call_id="x", agent="8001", held=True, at=NOW))
    await bus.publish(CallHeld(call_id="y", agent="8002", held=True, at=NOW))
    await bus.publish(CallHeld(call_id="y", agent="8002", held=False, at=NOW))
    await bus.settle()
    assert (book.held("x"), book.held("y")) == (True, False)
    await bus.publish(CallEnded(call_id="x", outcome="answered", at=NOW))
    await bus.settle()
    assert not book.held("x")
    book.close()
