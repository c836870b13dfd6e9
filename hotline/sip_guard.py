"""Watches Asterisk's SIP side, tells people when it is dead, and starts our own Asterisk again when that helps.

What it may do and why is in docs/decisions/0010-dead-sip.md.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from asterisk_conf.watchdog import SipWatchdog
from calls.asterisk.ami import AmiError
from calls.node import CallsNode
from calls.state.call_states import WITH_AGENT
from runtime.bus import Bus, Unsubscribe
from runtime.clock import Clock
from runtime.events import TelephonyStale

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""Pause between two looks at a dead SIP side."""

PATIENCE_S = 15.0
"""A machine that was busy for a moment gets so long to answer again before anything is ended."""

TALKS_S = 120.0
"""Talks under way still carry sound: they get so long to end by themselves."""

RESTART_APART_S = 600.0
"""Where a restart did not help, the next one will not either; never more often than this."""

PING_S = 2.0
"""A manager that takes longer shows a machine without air, not a dead-locked SIP side."""


class SipGuard:
    """A part of the node: `restart` ends and starts our own Asterisk; None where it is not ours to end."""

    def __init__(
        self,
        node: CallsNode,
        bus: Bus,
        clock: Clock,
        port: int,
        restart: Callable[[], Awaitable[None]] | None,
        *,
        every_s: float = 5.0,
        timeout_s: float = 2.0,
        look_s: float = LOOK_S,
        patience_s: float = PATIENCE_S,
        talks_s: float = TALKS_S,
    ) -> None:
        self._node = node
        self._bus = bus
        self._clock = clock
        self._restart = restart
        self._look_s = look_s
        self._patience_s = patience_s
        self._talks_s = talks_s
        self._watchdog = SipWatchdog(port, self._changed, every_s=every_s, timeout_s=timeout_s)
        self._turned = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Unsubscribe | None = None
        self._restarted_at: float | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="sip-guard")
        self._unsubscribe = self._bus.subscribe(self._contradict, TelephonyStale)
        await self._watchdog.start()

    async def close(self) -> None:
        await self._watchdog.close()
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _changed(self, _alive: bool) -> None:
        self._turned.set()

    async def _contradict(self, event: TelephonyStale) -> None:
        """The manager link is back and says all is well, but SIP is still dead."""
        if not event.stale and not self._watchdog.alive:
            await self._node.sip_changed(False)

    async def _run(self) -> None:
        while True:
            await self._turned.wait()
            self._turned.clear()
            try:
                if self._watchdog.alive:
                    if self._node.link.ready:  # otherwise the manager link tells when it is back
                        await self._node.sip_changed(True)
                else:
                    await self._node.sip_changed(False)
                    await self._mend()
            except Exception:
                log.exception("dead SIP could not be mended")

    async def _mend(self) -> None:
        """Wait for SIP to come back by itself, then for the talks to end, then start Asterisk again."""
        if self._restart is None:
            log.error("SIP is dead and Asterisk is not ours to restart: restart it by hand")
            return
        dead_since = self._clock.monotonic()
        while not self._watchdog.alive:
            dead_s = self._clock.monotonic() - dead_since
            talks = sum(call.state in WITH_AGENT for call in self._node.tracker.live_calls())
            patience_s = self._patience_s + (self._talks_s if talks else 0.0)
            if dead_s >= patience_s and await self._is_deadlock():
                log.error("SIP is dead while the manager answers: restarting Asterisk, %d talks are lost", talks)
                self._restarted_at = self._clock.monotonic()
                await self._restart()
            await asyncio.sleep(self._look_s)

    async def _is_deadlock(self) -> bool:
        """Whether a restart is due: the manager answers at once, and the last restart is long ago."""
        now = self._clock.monotonic()
        if self._restarted_at is not None and now - self._restarted_at < RESTART_APART_S:
            return False
        if not self._node.link.ready:
            return False  # Asterisk as a whole is away: whoever supervises the process sees to it
        try:
            await self._node.link.do("Ping", timeout=PING_S)
        except AmiError:
            return False
        return True
