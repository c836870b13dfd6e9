"""Turns: of several processes that start at once, only one migrates or seeds at a time."""

from __future__ import annotations

import asyncio
from enum import IntEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

AGAIN_S = 0.05
"""How often one who waits asks again."""


class Turn(IntEnum):
    """What is done by one process at a time; the numbers are keys of PostgreSQL's advisory locks."""

    MIGRATION = 0x12345_01
    SEED = 0x12345_02
    VALIDITY = 0x12345_03
    NODE = 0x12345_04
    KNOWLEDGE = 0x12345_05
    SCRIPT = 0x12345_06
    ACCOUNTS = 0x12345_10


async def take_turn(where: AsyncSession | AsyncConnection, turn: Turn) -> None:
    """Wait for this turn and keep it until the transaction ends. On SQLite one process does everything.

    However long the others take: a statement that waits at the server would be given up after
    `db.session.COMMAND_SECONDS`, and whoever starts last on a slow machine would not start at all.
    """
    bind = where.get_bind() if isinstance(where, AsyncSession) else where
    if bind.dialect.name != "postgresql":
        return
    while not await where.scalar(select(func.pg_try_advisory_xact_lock(int(turn)))):  # noqa: ASYNC110 (others hold it)
        await asyncio.sleep(AGAIN_S)
