"""Writes what happened to the database, in order, and goes on when the database is away.

A caller is never delayed because a disk is slow: after a short wait the rows stay in a bounded backlog
and are written when the database answers again.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.session import AWAY, Sessions

log = logging.getLogger(__name__)

Op = Callable[[AsyncSession], Awaitable[None]]
"""One change of rows. It may run twice (after a failed commit), so it sets, and does not count up."""

BACKLOG_LIMIT = 50_000
WAIT_S = 2.0
"""How long a caller of `write` waits before events go out ahead of their rows."""
RETRY_S = 1.0


class Ledger:
    """The queue of row changes and the task that empties it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._backlog: deque[Op] = deque()
        self._gone = 0
        """How many changes have left the backlog's front so far: the number of the one that stands there."""
        self._lock = asyncio.Lock()
        self._retry: asyncio.Task[None] | None = None
        self._flushing: set[asyncio.Task[None]] = set()

    @property
    def behind(self) -> int:
        """Row changes not yet written."""
        return len(self._backlog)

    async def write(self, *ops: Op) -> bool:
        """Write these after all earlier ones. False: not written yet, but they will be."""
        behind = bool(self._backlog)
        self._backlog.extend(ops)
        while len(self._backlog) > BACKLOG_LIMIT:
            self._forget(self._gone + 1)
            log.error("the database has been away too long: the oldest change is lost")
        if behind:  # the first was waited for; to wait at every step would make the whole house late
            self._retry_later()
            return False
        done, _ = await asyncio.wait({self._begin_flush()}, timeout=WAIT_S)
        if not done or self._backlog:
            self._retry_later()
        return not self._backlog

    async def close(self) -> None:
        """Write what is left (within the usual wait) and stop."""
        if self._retry is not None:
            self._retry.cancel()
            await asyncio.gather(self._retry, return_exceptions=True)
        if self._backlog:
            await asyncio.wait({self._begin_flush()}, timeout=WAIT_S)
        for task in list(self._flushing):
            task.cancel()
        await asyncio.gather(*self._flushing, return_exceptions=True)
        if self._backlog:
            log.error("%d changes could not be written before stopping", len(self._backlog))

    def _begin_flush(self) -> asyncio.Task[None]:
        flush = asyncio.create_task(self._flush())
        self._flushing.add(flush)
        flush.add_done_callback(self._flushing.discard)
        return flush

    def _retry_later(self) -> None:
        if self._retry is None or self._retry.done():
            self._retry = asyncio.create_task(self._keep_trying(), name="calls:ledger")

    async def _keep_trying(self) -> None:
        while self._backlog:
            await asyncio.sleep(RETRY_S)
            await self._flush()

    async def _flush(self) -> None:
        async with self._lock:
            batch, first = list(self._backlog), self._gone
            if not batch:
                return
            try:
                await self._commit(batch)
            except AWAY as error:
                log.warning("the database is away (%d changes wait): %s", len(batch), type(error).__name__)
            except Exception:
                await self._one_by_one(batch, first)  # one bad change must not hold up the others
            else:
                self._forget(first + len(batch))

    async def _commit(self, batch: list[Op]) -> None:
        async with self._sessions.begin() as session:
            for op in batch:
                await op(session)
                await session.flush()

    async def _one_by_one(self, batch: list[Op], first: int) -> None:
        for number, op in enumerate(batch, first):
            try:
                await self._commit([op])
            except AWAY:
                return
            except IntegrityError:
                # Another writer may have put the row in between: the second time it is found.
                try:
                    await self._commit([op])
                except DBAPIError as error:
                    log.error("a change is refused by the database and dropped: %s", error.orig)
            except Exception:
                log.exception("a change cannot be written and is dropped")
            self._forget(number + 1)

    def _forget(self, end: int) -> None:
        """Let go of the changes numbered below `end`; the full backlog may have let go of some before."""
        while self._gone < end:
            self._backlog.popleft()
            self._gone += 1
