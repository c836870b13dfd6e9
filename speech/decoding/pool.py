"""A bounded pool of recogniser threads: oldest sound first, one thread at a time per speaker.

When more speech arrives than the threads can decode, work waits here and nobody blocks: the loop goes on
reading sockets, and each speaker's pending sound is decoded in larger pieces, which is cheaper.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

log = logging.getLogger(__name__)


LOAD_OVER_S = 2.0
"""Time over which the load is averaged."""


class Work(Protocol):
    """Something decodable: one speaker. All but `decode` is called on the event loop only."""

    @property
    def pending_since(self) -> float | None:
        """Arrival (loop time) of the oldest sound that waits, None when there is nothing to decode now."""
        ...

    def decode(self) -> Callable[[], None]:
        """Decode a slice, in a thread; returns what is to be done on the loop with the result."""
        ...


class DecodePool:
    """Runs `Work` on at most `threads` threads."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._loop = asyncio.get_running_loop()
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="decode")
        self._ready: list[tuple[float, int, Work]] = []
        self._known: set[int] = set()
        self._order = itertools.count()
        self._running = 0
        self._load = 0.0
        self._counted_at = self._loop.time()
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def waiting(self) -> int:
        """Speakers that wait for a thread."""
        return len(self._ready)

    @property
    def load(self) -> float:
        """Part of the threads' time spent decoding lately, 0..1."""
        return self._load

    def _count_load(self) -> None:
        """Before the number of running threads changes."""
        now = self._loop.time()
        part = 1 - math.exp((self._counted_at - now) / LOAD_OVER_S)
        self._load += (self._running / self.threads - self._load) * part
        self._counted_at = now

    async def wait_idle(self) -> None:
        """Wait until nothing runs and nothing waits."""
        await self._idle.wait()

    def offer(self, work: Work) -> None:
        """This speaker has something to decode; no harm if it is known already."""
        if id(work) in self._known or self._closed:
            return
        since = work.pending_since
        if since is None:
            return
        self._known.add(id(work))
        self._idle.clear()
        heapq.heappush(self._ready, (since, next(self._order), work))
        self._dispatch()

    def _dispatch(self) -> None:
        while self._ready and self._running < self.threads:
            _, _, work = heapq.heappop(self._ready)
            self._count_load()
            self._running += 1
            self._executor.submit(self._run, work)

    def _run(self, work: Work) -> None:
        try:
            then = work.decode()
        except Exception:
            log.exception("a recogniser failed")
            then = _nothing
        try:
            self._loop.call_soon_threadsafe(self._done, work, then)
        except RuntimeError:  # the loop has been closed under us: the process ends
            return

    def _done(self, work: Work, then: Callable[[], None]) -> None:
        self._count_load()
        self._running -= 1
        self._known.discard(id(work))
        try:
            then()
        except Exception:
            log.exception("the result of a recogniser could not be handed on")
        self.offer(work)
        self._dispatch()
        if not self._ready and not self._running:
            self._idle.set()

    async def close(self) -> None:
        """Let running slices end (they are short); what waits is dropped."""
        self._closed = True
        self._ready.clear()
        self._idle.set()
        await asyncio.to_thread(self._executor.shutdown)


def _nothing() -> None:
    """What is done with the result of a failed decode."""
