"""Time that is moved by hand, and who does what when: people and calls as processes, one of them at a time."""

from __future__ import annotations

import heapq
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import datetime
from itertools import count

Process = AsyncGenerator[datetime, None]
"""Does something, then yields when it goes on. What it does happens at the clock's moment."""


class MovableClock:
    """A clock that shows the moment at which it was set; it never goes back."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return time.monotonic()

    def set(self, moment: datetime) -> None:
        self._now = max(self._now, moment)


class Agenda:
    """Runs processes in the order of time, each until it says when it goes on."""

    def __init__(self, clock: MovableClock) -> None:
        self._clock = clock
        self._waiting: list[tuple[datetime, int, Process]] = []
        self._number = count()

    def add(self, process: Process, at: datetime | None = None) -> None:
        """Let this process begin at that moment, now by default."""
        heapq.heappush(self._waiting, (at or self._clock.now(), next(self._number), process))

    async def run(self, until: datetime, after_each: Callable[[], Awaitable[None]]) -> None:
        """Let time pass until this moment; what would come later never happens."""
        while self._waiting and self._waiting[0][0] <= until:
            moment, _, process = heapq.heappop(self._waiting)
            self._clock.set(moment)
            later = await anext(process, None)
            if later is not None:
                self.add(process, later)
            await after_each()
        self._clock.set(until)

    async def close(self) -> None:
        for _, _, process in self._waiting:
            await process.aclose()
        self._waiting.clear()
