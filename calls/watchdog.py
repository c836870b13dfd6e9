"""Asks our own Asterisk by SIP OPTIONS whether its SIP side lives: the manager interface may answer while
PJSIP is dead-locked (asterisk #2166). Silence is told to people; who starts Asterisk may restart it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable

from hotline.bus import Bus
from hotline.clock import Clock
from hotline.events import TelephonyStale
from hotline.settings import Settings

log = logging.getLogger(__name__)

REASON = "Asterisk 的 SIP 服务没有应答，电话可能打不进来"


class _Answer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data.startswith(b"SIP/2.0 ") and not self.got.done():
            self.got.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.got.done():
            self.got.set_result(b"")


async def sip_answers(host: str, port: int, timeout: float) -> bool:
    """Whether a SIP server answers OPTIONS (with whatever status) within `timeout` seconds."""
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        _Answer, remote_addr=(host, port)
    )
    own_host, own_port = transport.get_extra_info("sockname")[:2]
    tag, branch, call = (secrets.token_hex(8) for _ in range(3))
    lines = [
        f"OPTIONS sip:watchdog@{host}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {own_host}:{own_port};branch=z9hG4bK{branch};rport",
        "Max-Forwards: 5",
        f"From: <sip:watchdog@{own_host}>;tag={tag}",
        f"To: <sip:watchdog@{host}>",
        f"Call-ID: {call}",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:watchdog@{own_host}:{own_port}>",
        "Content-Length: 0",
        "",
        "",
    ]
    try:
        transport.sendto("\r\n".join(lines).encode())
        return bool(await asyncio.wait_for(protocol.got, timeout))
    except TimeoutError:
        return False
    finally:
        transport.close()


class Watchdog:
    """Looks every `every_s` seconds; after `misses` silences in a row it barks, and again when SIP is back."""

    def __init__(
        self,
        settings: Settings,
        bus: Bus,
        clock: Clock,
        *,
        on_dead: Callable[[], Awaitable[None]] | None = None,
        every_s: float = 10.0,
        timeout_s: float = 3.0,
        misses: int = 3,
    ) -> None:
        self._port = settings.sip_port
        self._bus = bus
        self._clock = clock
        self._on_dead = on_dead
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._misses = misses
        self._task: asyncio.Task[None] | None = None
        self.alive: bool | None = None
        """None until the first look is over."""

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="calls:watchdog")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        missed = 0
        while True:
            try:
                answered = await sip_answers("127.0.0.1", self._port, self._timeout_s)
            except OSError:
                answered = False
            missed = 0 if answered else missed + 1
            if answered and self.alive is False:
                await self._bus.publish(TelephonyStale(stale=False, since=self._clock.now()))
            if answered:
                self.alive = True
            elif missed == self._misses:
                self.alive = False
                log.error("Asterisk's SIP side does not answer OPTIONS")
                await self._bus.publish(TelephonyStale(stale=True, since=self._clock.now(), reason=REASON))
                if self._on_dead is not None:
                    try:
                        await self._on_dead()
                    except Exception:
                        log.exception("acting on the dead SIP side failed")
            await asyncio.sleep(self._every_s)
