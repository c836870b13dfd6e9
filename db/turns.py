"""Turns: of several processes that start at once, only one migrates or seeds at a time."""

from __future__ import annotations

from enum import IntEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


class Turn(IntEnum):
    """What is done by one process at a time; the numbers are keys of PostgreSQL's advisory locks."""

    MIGRATION = 0x12345_01
    SEED = 0x12345_02
    VALIDITY = 0x12345_03
    NODE = 0x12345_04


async def take_turn(where: AsyncSession | AsyncConnection, turn: Turn) -> None:
    """Wait for this turn and keep it until the transaction ends. On SQLite one process does everything."""
    bind = where.get_bind() if isinstance(where, AsyncSession) else where
    if bind.dialect.name == "postgresql":
        await where.execute(select(func.pg_advisory_xact_lock(int(turn))))
