"""The end of a test's database."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

from tests.waiting import until


async def close_engine(engine: AsyncEngine) -> None:
    """Dispose of it once every connection is back: what a cancelled task still holds would stay open.

    A connection that never comes back fails the test that lost it, instead of a later one.
    """
    pool = engine.pool
    if isinstance(pool, QueuePool):
        await until(lambda: pool.checkedout() == 0, 30, "connections that were not handed back")
    await engine.dispose()
