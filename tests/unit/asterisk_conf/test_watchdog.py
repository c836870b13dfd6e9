from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from asterisk_conf.watchdog import SipWatchdog
from tests.waiting import until


class Sip(asyncio.DatagramProtocol):
    """Answers OPTIONS, or not."""

    def __init__(self) -> None:
        self.answering = True
        self.asked = 0
        self.garbage = False

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.asked += 1
        call_id = next(line for line in data.split(b"\r\n") if line.startswith(b"Call-ID"))
        if self.garbage:
            self.transport.sendto(b"SIP/2.0 200 OK\r\nCall-ID: somebody else's\r\n\r\n", addr)
        elif self.answering:
            self.transport.sendto(b"SIP/2.0 401 Unauthorized\r\n" + call_id + b"\r\n\r\n", addr)


@pytest.fixture
async def sip() -> AsyncIterator[Sip]:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Sip, local_addr=("127.0.0.1", 0))
    yield protocol
    transport.close()


def _port(sip: Sip) -> int:
    port: int = sip.transport.get_extra_info("sockname")[1]
    return port


async def test_any_answer_shows_life(sip: Sip) -> None:
    assert await SipWatchdog(_port(sip), lambda _alive: None).ask()


async def test_an_answer_to_somebody_else_shows_nothing(sip: Sip) -> None:
    sip.garbage = True
    assert not await SipWatchdog(_port(sip), lambda _alive: None, timeout_s=0.05).ask()


async def test_a_closed_port_is_no_life(sip: Sip) -> None:
    port = _port(sip)
    sip.transport.close()
    await asyncio.sleep(0)
    assert not await SipWatchdog(port, lambda _alive: None, timeout_s=0.5).ask()


async def test_dead_after_three_misses_and_not_before(sip: Sip) -> None:
    turns: list[tuple[bool, int]] = []
    dog = SipWatchdog(_port(sip), lambda alive: turns.append((alive, dog.missed)), every_s=0.01, timeout_s=0.02)
    sip.answering = False
    await dog.start()
    await until(lambda: turns, 30)
    assert turns == [(False, 3)]
    sip.answering = True
    await until(lambda: len(turns) == 2, 30)
    await dog.close()
    assert turns == [(False, 3), (True, 0)]
