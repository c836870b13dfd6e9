"""Which AudioSocket legs are expected: a leg is believed only if the node announced its UUID."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from runtime.bus import Bus
from runtime.events import CallEnded, CallHeld, TapOpened

WAIT_S = 2.0
"""The announcement and the leg travel different roads: so long may the leg be the faster one."""

KEPT = 2000
"""Announcements remembered; the oldest are forgotten (a leg comes within seconds or never)."""


class TapBook:
    """Announced taps, each good for one connection, and which calls are on hold."""

    def __init__(self, bus: Bus) -> None:
        self._announced: OrderedDict[str, TapOpened] = OrderedDict()
        self._waiting: dict[str, asyncio.Future[TapOpened]] = {}
        self._held: OrderedDict[str, None] = OrderedDict()
        self._unsubscribe = [
            bus.subscribe(self._opened, TapOpened),
            bus.subscribe(self._hold, CallHeld),
            bus.subscribe(self._ended, CallEnded),
        ]

    def held(self, call_id: str) -> bool:
        return call_id in self._held

    async def _opened(self, tap: TapOpened) -> None:
        waiting = self._waiting.pop(tap.tap_id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(tap)
            return
        self._announced[tap.tap_id] = tap
        while len(self._announced) > KEPT:
            self._announced.popitem(last=False)

    async def _hold(self, event: CallHeld) -> None:
        if event.held:
            self._held[event.call_id] = None
        else:
            self._held.pop(event.call_id, None)
        while len(self._held) > KEPT:
            self._held.popitem(last=False)

    async def _ended(self, event: CallEnded) -> None:
        self._held.pop(event.call_id, None)

    def take(self, tap_id: str) -> TapOpened | None:
        """The tap announced under this id, if it was and nobody took it yet."""
        return self._announced.pop(tap_id, None)

    async def claim(self, tap_id: str, wait_s: float = WAIT_S) -> TapOpened | None:
        """As `take`, but waits for the announcement; None for one that waited in vain."""
        tap = self.take(tap_id)
        if tap is not None or tap_id in self._waiting:
            return tap
        future: asyncio.Future[TapOpened] = asyncio.get_running_loop().create_future()
        self._waiting[tap_id] = future
        try:
            # Not a time-out around the announcement: one that comes with the bell would be lost.
            await asyncio.wait((future,), timeout=wait_s)
            return future.result() if future.done() else None
        finally:
            self._waiting.pop(tap_id, None)

    def close(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
