"""The database as a command meets it: open, answering and up to date, or one sentence about what it is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from db.migrate import revisions
from db.opening import open_engine, told_plainly
from db.session import Sessions, make_sessions
from hotline.core import ensure_writable
from runtime.errors import UserError
from runtime.settings import Settings


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The engine, whatever state the database is in. Raises UserError when it does not answer."""
    if not settings.database_url:
        ensure_writable(settings.var)
    engine = open_engine(settings, patient=True)
    try:
        with told_plainly(settings):
            yield engine
    finally:
        await engine.dispose()


@asynccontextmanager
async def open_sessions(settings: Settings) -> AsyncIterator[Sessions]:
    """Sessions on a database whose tables are those of this program. Raises UserError when they are not."""
    async with open_database(settings) as engine:
        have, newest = await revisions(engine)
        if have is None:
            raise UserError(
                "the database is empty", "start the system once with `hotline up`, or run `hotline db upgrade`"
            )
        if have != newest:
            raise UserError(
                f"the database is at revision {have}, this program needs {newest}", "run `hotline db upgrade`"
            )
        yield make_sessions(engine)
