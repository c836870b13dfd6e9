"""Finals and gaps on their way into the database: nothing is lost while it is locked or away for minutes."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from db.models.transcript import TranscriptGapRow, TranscriptUtterance
from db.session import Sessions
from runtime.clock import Clock
from runtime.events import TranscriptGap, Utterance

log = logging.getLogger(__name__)

ROOM = 20_000
"""Rows that wait at most: with 200 legs at ten utterances a minute that is ten minutes of a missing database."""

BATCH = 200
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)

SQLITE_WAIT_MS = 1000
"""A locked SQLite is given up after so long: we try again ourselves, and must be able to end in between."""

Row = Utterance | TranscriptGap


def impatient(engine: AsyncEngine) -> AsyncEngine:
    """The engine, waiting for a locked SQLite no longer than SQLITE_WAIT_MS."""
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine.sync_engine, "connect")
        def _pragma(connection: Any, _record: Any) -> None:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={SQLITE_WAIT_MS}")
            cursor.close()

    return engine


async def add_gap(session: AsyncSession, gap: TranscriptGap) -> None:
    """Write a gap once: whoever notices it first, the node or the speech process."""
    known = await session.scalar(
        select(TranscriptGapRow.id).where(
            TranscriptGapRow.call_id == gap.call_id,
            TranscriptGapRow.speaker == gap.speaker,
            TranscriptGapRow.start_ms == gap.start_ms,
        )
    )
    if known is None:
        session.add(
            TranscriptGapRow(call_id=gap.call_id, speaker=gap.speaker, start_ms=gap.start_ms, end_ms=gap.end_ms)
        )


class TranscriptKeeper:
    """Writes in the background, in order; `close` gives what still waits a last chance."""

    def __init__(
        self, sessions: Sessions, clock: Clock, model: str = "", *, room: int = ROOM, write_s: float = 15.0
    ) -> None:
        self.model = model
        self._sessions = sessions
        self._clock = clock
        self._write_s = write_s
        self._waiting: deque[tuple[Row, Callable[[], None] | None]] = deque()
        self._room = room
        self._lost = 0
        self._wake = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Rows not yet in the database."""
        return len(self._waiting)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="speech:keeper")

    def keep(self, row: Row, written: Callable[[], None] | None = None) -> None:
        """Take one final utterance or gap; returns at once. `written` is called when the database has it."""
        if len(self._waiting) >= self._room:
            _, given_up = self._waiting.popleft()
            if given_up is not None:
                given_up()  # better told without a row than never
            self._lost += 1
            if self._lost == 1 or self._lost % 100 == 0:
                log.error("the database has been away too long: %d transcript rows lost so far", self._lost)
        self._waiting.append((row, written))
        self._empty.clear()
        self._wake.set()

    async def drained(self) -> None:
        """Wait until everything taken so far is in the database."""
        await self._empty.wait()

    async def _run(self) -> None:
        failures = 0
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                if await self._write():
                    if failures:
                        log.info("transcripts are written again (%d waiting)", len(self._waiting))
                    failures = 0
                    continue
                if failures % 10 == 0:
                    log.warning("the database takes no transcripts: %d rows wait", len(self._waiting))
                await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1

    async def _write(self) -> bool:
        """Write one batch; False when the database would not take it (it stays in the queue)."""
        batch = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
        try:
            # The bound is for PostgreSQL behind a dead network: it would wait for ever.
            async with asyncio.timeout(self._write_s):
                await self._insert([row for row, _ in batch])
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.debug("transcripts not written: %s", type(error).__name__)
            return False
        for entry in batch:
            if self._waiting and self._waiting[0] is entry:  # `keep` may have dropped the oldest meanwhile
                self._waiting.popleft()
                if entry[1] is not None:
                    entry[1]()
        if not self._waiting:
            self._empty.set()
        return True

    async def _insert(self, batch: list[Row]) -> None:
        utterances = {row.utterance_id: row for row in batch if isinstance(row, Utterance)}
        gaps = [row for row in batch if isinstance(row, TranscriptGap)]
        async with self._sessions.begin() as session:
            # A commit may have gone through although its answer was lost: never insert twice.
            known = set(
                await session.scalars(select(TranscriptUtterance.id).where(TranscriptUtterance.id.in_(utterances)))
            )
            session.add_all(self._utterance(row) for key, row in utterances.items() if key not in known)
            for gap in gaps:
                await add_gap(session, gap)

    def _utterance(self, row: Utterance) -> TranscriptUtterance:
        return TranscriptUtterance(
            id=row.utterance_id,
            call_id=row.call_id,
            speaker=row.speaker,
            start_ms=row.start_ms,
            end_ms=row.end_ms,
            text=row.text,
            raw=row.raw,
            confidence=row.confidence,
            words=[list(word) for word in row.words],
            model=self.model[:64],
            created_at=self._clock.now(),
        )

    async def close(self, wait_s: float = 5.0) -> None:
        """Stop; rows still waiting get one more try within `wait_s`."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        try:
            async with asyncio.timeout(wait_s):
                while self._waiting and await self._write():
                    pass
        except TimeoutError:
            pass
        if self._waiting:
            log.error("%d transcript rows could not be written before the end", len(self._waiting))
