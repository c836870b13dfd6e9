"""Many small steps in one transaction: each room opens its own session, all write to one connection.

A step that fails takes back its whole batch. A batch is short, so that a running system beside us, which on SQLite
waits for the same file, waits for a moment only.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction, async_sessionmaker
from sqlalchemy.orm import Session

from db.models import OutboxMessage
from db.session import Sessions

LONGEST_S = 0.4
"""Others wait so long for the writer's lock; callers of a real line are not delayed by it (ledger.WAIT_S)."""

PAUSE_S = 0.03
"""SQLite's waiters look again every few hundredths of a second: without a pause they would never find it free."""


class _QuietSession(Session):
    """A session whose notices count as sent: nobody has these numbers, and nothing may ever be sent to them."""


@event.listens_for(_QuietSession, "before_flush")
def _never_sent(session: Session, *_: Any) -> None:
    for row in session.new:
        if isinstance(row, OutboxMessage):
            row.sent_at = row.created_at


class Batches:
    """`sessions` for the rooms; call `step` after each step and `close` at the end."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._transaction: AsyncTransaction | None = None
        self._since = 0.0
        self.sessions: Sessions = async_sessionmaker(
            bind=connection,
            expire_on_commit=False,
            sync_session_class=_QuietSession,
            # A room's commit ends its step, not the batch.
            join_transaction_mode="rollback_only",
        )

    async def begin(self) -> None:
        self._transaction = await self._connection.begin()
        self._since = time.monotonic()

    async def step(self) -> None:
        """A step is whole: commit if the batch has lasted long enough."""
        if time.monotonic() - self._since >= LONGEST_S:
            await self.commit()
            await asyncio.sleep(PAUSE_S)
            await self.begin()

    async def commit(self) -> None:
        assert self._transaction is not None
        await self._transaction.commit()
        self._transaction = None

    async def give_up(self) -> None:
        if self._transaction is not None:
            await self._transaction.rollback()
            self._transaction = None


@asynccontextmanager
async def batches(engine: AsyncEngine) -> AsyncIterator[Batches]:
    """Batches on a connection of their own; what an error interrupts is taken back, what was committed stays."""
    async with engine.connect() as connection:
        made = Batches(connection)
        await made.begin()
        try:
            yield made
            await made.commit()
        finally:
            await made.give_up()
