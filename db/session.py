"""Engines and sessions: SQLite in WAL mode by default, PostgreSQL by URL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ExceptionContext, event
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from db.redaction import keep_values_out_of_errors

Sessions = async_sessionmaker[AsyncSession]
"""What rooms take in their constructors: `async with sessions.begin() as session: ...`."""


CONNECT_SECONDS = 10.0
"""PostgreSQL: how long connecting may take."""

COMMAND_SECONDS = 10.0
"""PostgreSQL: how long one statement may take, its wait for locks included. A server that was cut off says
nothing: without a bound, whoever waits for it keeps others waiting until TCP gives up after a quarter of an hour.
What comes after (cancelling, taking back) is bounded by asyncpg with the same time."""

PASSING = ("08", "40", "53", "57", "58")
"""Classes of PostgreSQL's error codes that say nothing against the statement: no connection, lost against another
transaction, no room, starting up or shutting down, a fault of the machine."""

BUSY_MS = 10_000
"""SQLite: how long a writer waits for the one before."""

AWAY = (OperationalError, InterfaceError, NoConnectionFree, OSError, TimeoutError)
"""What says of the database that it cannot be had now, and nothing against what was to be written."""


def make_engine(url: str, *, patient: bool = False) -> AsyncEngine:
    """An engine for this URL; SQLite gets WAL, foreign keys and a 10 s wait for the writer's lock.

    On PostgreSQL a statement that takes longer than COMMAND_SECONDS raises TimeoutError; not if `patient`, for
    migrations, which change whole tables and wait for each other.
    Its errors never repeat values: they end in logs, and values are numbers and what people said.
    """
    sqlite = url.startswith("sqlite")
    engine = create_async_engine(url, hide_parameters=True, **({} if sqlite else _postgres(patient)))
    keep_values_out_of_errors(engine.sync_engine)
    if not sqlite:
        event.listen(engine.sync_engine, "handle_error", _operational)
        return engine

    @event.listens_for(engine.sync_engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}", "synchronous=NORMAL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def _operational(context: ExceptionContext) -> OperationalError | None:
    """What passes is an OperationalError, as on SQLite and with other drivers: asyncpg's is a bare DBAPIError, by
    which whoever writes later would take a server that starts up for one that refuses the row.
    """
    error = context.sqlalchemy_exception
    state = getattr(context.original_exception, "sqlstate", None) or ""
    if type(error) is not DBAPIError or not state.startswith(PASSING):
        return None
    return OperationalError(
        *(error.statement, error.params, context.original_exception),
        hide_parameters=True,
        connection_invalidated=context.is_disconnect,
    )


def _postgres(patient: bool) -> dict[str, Any]:
    bounds = {"timeout": CONNECT_SECONDS} | ({} if patient else {"command_timeout": COMMAND_SECONDS})
    return {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20, "connect_args": bounds}


def make_sessions(engine: AsyncEngine) -> Sessions:
    """A session factory; objects stay readable after commit."""
    return async_sessionmaker(engine, expire_on_commit=False)
