"""A dead SIP side: everybody is told, and Asterisk is restarted only when that is right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from calls.asterisk.ami import AmiTimeout
from calls.state.call_states import CallState
from hotline.sip_guard import RESTART_APART_S, SipGuard
from runtime.bus import LocalBus
from runtime.events import TelephonyStale
from tests.fakes.clock import FakeClock
from tests.waiting import until


class Sip(asyncio.DatagramProtocol):
    """A SIP side that answers OPTIONS, or not."""

    answering = True

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport
        self.port: int = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self.answering:
            mark = next(line for line in data.split(b"\r\n") if line.startswith(b"Call-ID"))
            self.transport.sendto(b"SIP/2.0 200 OK\r\n" + mark + b"\r\n\r\n", addr)


class Node:
    """What the guard needs of a node."""

    def __init__(self, bus: LocalBus, clock: FakeClock) -> None:
        self._bus, self._clock = bus, clock
        self.pings = 0
        self.ping_fails = False
        self.states: list[CallState] = []
        self.link = SimpleNamespace(ready=True, do=self._do)
        self.looked = 0
        self.tracker = SimpleNamespace(live_calls=self._live_calls)

    def _live_calls(self) -> list[Any]:
        self.looked += 1
        return [SimpleNamespace(state=state) for state in self.states]

    async def _do(self, name: str, *, timeout: float) -> None:
        self.pings += 1
        if self.ping_fails:
            raise AmiTimeout("no answer")

    async def sip_changed(self, alive: bool) -> None:
        await self._bus.publish(TelephonyStale(stale=not alive, since=self._clock.now(), reason="SIP"))


class Room:
    """A guard with everything around it."""

    def __init__(self, bus: LocalBus, clock: FakeClock, sip: Sip) -> None:
        self.bus, self.clock, self.sip = bus, clock, sip
        self.node = Node(bus, clock)
        self.told: list[bool] = []
        self.restarts = 0
        bus.subscribe(self._hear, TelephonyStale)

    async def _hear(self, event: TelephonyStale) -> None:
        self.told.append(event.stale)

    async def restart(self) -> None:
        self.restarts += 1

    @asynccontextmanager
    async def guarded(self, restart: Callable[[], Any] | None, **times: float) -> AsyncIterator[None]:
        guard = SipGuard(
            self.node,  # type: ignore[arg-type]
            self.bus,
            self.clock,
            self.sip.port,
            restart,
            every_s=0.01,
            timeout_s=0.1,
            look_s=0.01,
            **times,
        )
        await guard.start()
        try:
            yield
        finally:
            await guard.close()

    async def looks(self) -> None:
        """Until the guard has looked at the dead side again, from beginning to end."""
        before = self.node.looked
        await until(lambda: self.node.looked >= before + 3, 30, "three more looks")


@pytest.fixture
async def room(bus: LocalBus, clock: FakeClock) -> AsyncIterator[Room]:
    loop = asyncio.get_running_loop()
    transport, sip = await loop.create_datagram_endpoint(Sip, local_addr=("127.0.0.1", 0))
    yield Room(bus, clock, sip)
    transport.close()


async def test_everybody_is_told_and_told_again_when_it_is_over(room: Room) -> None:
    async with room.guarded(None):
        room.sip.answering = False
        await until(lambda: room.told == [True], 30, "the alarm")
        room.sip.answering = True
        await until(lambda: room.told == [True, False], 30, "the all-clear")


async def test_an_asterisk_of_others_is_not_ours_to_restart(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    async with room.guarded(None, patience_s=0, talks_s=0):
        room.sip.answering = False
        await until(lambda: "restart it by hand" in caplog.text, 30, "the word to people")
    assert room.node.pings == 0


async def test_a_deadlock_is_mended_after_a_moment_of_patience(room: Room) -> None:
    async with room.guarded(room.restart, patience_s=15):
        room.sip.answering = False
        await until(lambda: room.told == [True], 30, "the alarm")
        room.clock.move(seconds=14)
        await room.looks()
        assert room.restarts == 0
        room.clock.move(seconds=2)
        await until(lambda: room.restarts == 1, 30, "the restart")
        room.sip.answering = True
        await until(lambda: room.told == [True, False], 30, "the all-clear")


async def test_a_short_silence_ends_nothing(room: Room) -> None:
    async with room.guarded(room.restart, patience_s=15):
        room.sip.answering = False
        await until(lambda: room.told == [True], 30, "the alarm")
        room.sip.answering = True
        await until(lambda: room.told == [True, False], 30, "the all-clear")
        room.clock.move(seconds=14)
        room.sip.answering = False  # a second silence begins anew
        await until(lambda: room.told == [True, False, True], 30, "the second alarm")
        room.clock.move(seconds=14)
        await room.looks()
    assert room.restarts == 0


async def test_talks_may_end_first_but_not_for_ever(room: Room) -> None:
    room.node.states = [CallState.TALKING]
    async with room.guarded(room.restart, patience_s=15, talks_s=120):
        room.sip.answering = False
        await until(lambda: room.told == [True], 30, "the alarm")
        room.clock.move(seconds=100)
        await room.looks()
        assert room.restarts == 0
        room.clock.move(seconds=40)
        await until(lambda: room.restarts == 1, 30, "the restart")


async def test_a_caller_who_waits_does_not_delay_it(room: Room) -> None:
    room.node.states = [CallState.QUEUED]
    async with room.guarded(room.restart, patience_s=15, talks_s=120):
        room.sip.answering = False
        await until(lambda: room.told == [True], 30, "the alarm")
        room.clock.move(seconds=16)
        await until(lambda: room.restarts == 1, 30, "the restart")


async def test_a_machine_without_air_keeps_its_calls(room: Room) -> None:
    room.node.ping_fails = True
    async with room.guarded(room.restart, patience_s=0):
        room.sip.answering = False
        await until(lambda: room.node.pings > 2, 30, "pings")
        room.node.ping_fails, room.node.link.ready = False, False
        await room.looks()
    assert room.restarts == 0


async def test_what_a_restart_does_not_mend_is_not_tried_at_once_again(room: Room) -> None:
    async with room.guarded(room.restart, patience_s=0):
        room.sip.answering = False
        await until(lambda: room.restarts == 1, 30, "the restart")
        room.clock.move(seconds=RESTART_APART_S - 1)
        await room.looks()
        assert room.restarts == 1
        room.clock.move(seconds=2)
        await until(lambda: room.restarts == 2, 30, "the second attempt")


async def test_the_manager_links_all_clear_does_not_hide_a_dead_telephone(room: Room) -> None:
    async with room.guarded(None):
        room.sip.answering = False
        await until(lambda: room.told == [True], 30, "the alarm")
        await room.bus.publish(TelephonyStale(stale=False, since=room.clock.now()))  # as after a reconnect
        await until(lambda: room.told == [True, False, True], 30, "the correction")


async def test_living_sip_does_not_hide_a_lost_manager_link(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    async with room.guarded(None):
        room.sip.answering = False
        await until(lambda: room.told == [True], 30, "the alarm")
        room.node.link.ready = False
        room.sip.answering = True
        await until(lambda: "SIP answers again" in caplog.text, 30, "the return")
        await asyncio.sleep(0)  # the guard's own turn
        await room.bus.settle()
    assert room.told == [True]
