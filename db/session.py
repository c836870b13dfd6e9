"""Engines and sessions: SQLite in WAL mode by default, PostgreSQL by URL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from db.redaction import keep_values_out_of_errors

Sessions = async_sessionmaker[AsyncSession]
"""What rooms take in their constructors: `async with sessions.begin() as session: ...`."""


def make_engine(url: str) -> AsyncEngine:
    """An engine for this URL; SQLite gets WAL, foreign keys and a 10 s wait for the writer's lock.

    Its errors never repeat values: they end in logs, and values are numbers and what people said.
    """
    sqlite = url.startswith("sqlite")
    pool: dict[str, Any] = {} if sqlite else {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20}
    engine = create_async_engine(url, hide_parameters=True, **pool)
    keep_values_out_of_errors(engine.sync_engine)
    if not sqlite:
        return engine

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", "busy_timeout=10000", "synchronous=NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def make_sessions(engine: AsyncEngine) -> Sessions:
    """A session factory; objects stay readable after commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
