"""Asks our own Asterisk by SIP whether it still speaks SIP: AMI answering does not prove that.

PJSIP can dead-lock while the rest of Asterisk lives on (asterisk #2166): calls then fail unseen.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable

log = logging.getLogger(__name__)


class SipWatchdog:
    """Sends SIP OPTIONS to `host:port` every `every_s`; after `misses` unanswered ones it is dead.

    `on_change(alive)` is called at each change; `start()` begins, `close()` ends. Any SIP answer, even a
    refusal, shows life.
    """

    def __init__(
        self,
        port: int,
        on_change: Callable[[bool], None],
        *,
        host: str = "127.0.0.1",
        every_s: float = 5.0,
        timeout_s: float = 2.0,
        misses: int = 3,
    ) -> None:
        self._address = (host, port)
        self._on_change = on_change
        self._every_s = every_s
        self._timeout_s = timeout_s
        self._allowed = misses
        self._task: asyncio.Task[None] | None = None
        self.alive = True
        self.missed = 0

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="sip-watchdog")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def ask(self) -> bool:
        """One OPTIONS; True when anything answers it within the time-out."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[bool] = loop.create_future()
        mark = secrets.token_hex(8)
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Ear(mark, answer), remote_addr=self._address
            )
        except OSError:
            return False
        try:
            host, port = transport.get_extra_info("sockname")[:2]
            transport.sendto(_options(self._address, (host, port), mark))
            # Not a time-out around the answer: one that comes with the bell would be lost.
            await asyncio.wait((answer,), timeout=self._timeout_s)
            return answer.done() and answer.result()
        except OSError:
            return False
        finally:
            transport.close()

    async def _run(self) -> None:
        while True:
            if await self.ask():
                self.missed = 0
                self._turn(True)
            else:
                self.missed += 1
                if self.missed >= self._allowed:
                    self._turn(False)
            await asyncio.sleep(self._every_s)

    def _turn(self, alive: bool) -> None:
        if alive == self.alive:
            return
        self.alive = alive
        log.log(logging.WARNING if alive else logging.ERROR, "SIP %s", "answers again" if alive else "is dead")
        self._on_change(alive)


class _Ear(asyncio.DatagramProtocol):
    """Waits for the answer that carries our mark."""

    def __init__(self, mark: str, answer: asyncio.Future[bool]) -> None:
        self._mark = mark.encode()
        self._answer = answer

    def datagram_received(self, data: bytes, addr: object) -> None:
        if data.startswith(b"SIP/2.0 ") and self._mark in data and not self._answer.done():
            self._answer.set_result(True)

    def error_received(self, exc: Exception) -> None:  # nobody listens on that port
        if not self._answer.done():
            with contextlib.suppress(asyncio.InvalidStateError):
                self._answer.set_result(False)


def _options(to: tuple[str, int], own: tuple[str, int], mark: str) -> bytes:
    lines = [
        f"OPTIONS sip:watchdog@{to[0]}:{to[1]} SIP/2.0",
        f"Via: SIP/2.0/UDP {own[0]}:{own[1]};branch=z9hG4bK{mark};rport",
        "Max-Forwards: 5",
        f"From: <sip:watchdog@{own[0]}:{own[1]}>;tag={mark}",
        f"To: <sip:watchdog@{to[0]}:{to[1]}>",
        f"Call-ID: {mark}@hotline-watchdog",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:watchdog@{own[0]}:{own[1]}>",
        "Content-Length: 0",
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
