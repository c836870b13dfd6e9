"""What can be wrong with the database before anything works, as sentences: the address, the server, the file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from alembic.util import CommandError
from asyncpg.exceptions import InterfaceError, PostgresError
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    InvalidRequestError,
    NoSuchModuleError,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from db.session import make_engine
from runtime.errors import UserError
from runtime.settings import Settings

WRITE_IT_AS = "write it as postgresql+asyncpg://user:password@host/name, or leave it empty for SQLite"


def open_engine(settings: Settings, *, patient: bool = False) -> AsyncEngine:
    """The engine of this installation; nothing is connected yet. Raises UserError for an address that is none.

    `patient`: its statements may take as long as they need, for migrations and for whoever waits at a terminal.
    """
    if not settings.database_url:
        _private(settings.var / "hotline.db")
    try:
        return make_engine(settings.db_url, patient=patient)
    except (ArgumentError, NoSuchModuleError, InvalidRequestError, ImportError, ValueError) as error:
        plain = str(error).partition("\n")[0].replace(settings.db_url, "…")  # the address holds a password
        raise UserError(f"HOTLINE_DATABASE_URL is not a database address: {plain}", WRITE_IT_AS) from error


def _private(file: Path) -> None:
    """Make the file before SQLite does, which lets everybody read what it makes: names, numbers, transcripts."""
    with suppress(OSError):  # it is there; or it cannot be made, which whoever opens it is told
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


@contextmanager
def told_plainly(settings: Settings) -> Iterator[None]:
    """Work on the database whose failure is for a person to mend. Raises UserError."""
    try:
        yield
    except CommandError as error:
        raise UserError(f"{error}", "see the revisions in db/migrations/versions") from error
    # Connecting raises the drivers' own errors, statements raise SQLAlchemy's.
    except (OSError, DBAPIError, sqlite3.Error, PostgresError, InterfaceError) as error:
        if isinstance(error, IntegrityError | DataError) or getattr(error, "filename", None):
            raise  # a fault of ours, or a file's
        plain = str(getattr(error, "orig", None) or error).partition("\n")[0] or "no answer"
        raise UserError(f"the database does not do what was asked: {plain}", _remedy(settings)) from error


def _remedy(settings: Settings) -> str:
    if settings.database_url:
        return "check HOTLINE_DATABASE_URL and that the database runs"
    file = settings.var / "hotline.db"
    return f"is {file} damaged? put a back-up copy in its place, or move it away to begin with an empty one"
