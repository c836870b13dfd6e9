"""The database as a command meets it: open, answering and up to date, or one sentence about what it is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from alembic.util import CommandError
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine

from db.migrate import revisions
from db.session import Sessions, make_engine, make_sessions
from hotline.core import ensure_writable
from hotline.errors import UserError
from hotline.settings import Settings


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[AsyncEngine]:
    """The engine, whatever state the database is in. Raises UserError when it does not answer."""
    if not settings.database_url:
        ensure_writable(settings.var)
    try:
        engine = make_engine(settings.db_url)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        raise UserError(
            f"HOTLINE_DATABASE_URL is not a database address: {error}".partition("\n")[0],
            "write it as postgresql+asyncpg://user:password@host/name, or leave it empty for SQLite",
        ) from error
    try:
        yield engine
    except CommandError as error:
        raise UserError(f"{error}", "see the revisions in db/migrations/versions") from error
    except (OSError, DBAPIError) as error:
        plain = str(getattr(error, "orig", None) or error).partition("\n")[0]
        raise UserError(
            f"the database does not do what was asked: {plain}",
            "check HOTLINE_DATABASE_URL and that the database runs; `hotline doctor` tells more",
        ) from error
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
