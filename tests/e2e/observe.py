"""What the tests see behind the screen: rows of the running system's database, recordings, processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import psutil
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, Handoff, Ticket
from db.session import make_engine, make_sessions
from runtime.settings import Settings

T = TypeVar("T")


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[AsyncSession]:
    """A session on the running system's database."""
    engine = make_engine(settings.db_url)
    try:
        async with make_sessions(engine)() as session:
            yield session
    finally:
        await engine.dispose()


async def eventually(look: Callable[[], Awaitable[T | None]], what: str, seconds: float = 45.0) -> T:
    """Look again and again until there is something to see; AssertionError naming `what` after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            while True:
                found = await look()
                if found:
                    return found
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(f"waited {seconds} s in vain for {what}") from None


async def call_row(settings: Settings, call_id: str) -> Call | None:
    async with database(settings) as session:
        return await session.get(Call, call_id)


async def ended_call(settings: Settings, call_id: str) -> Call:
    """The call's row once it has ended."""

    async def look() -> Call | None:
        row = await call_row(settings, call_id)
        return row if row is not None and row.state == "ended" else None

    return await eventually(look, f"the end of call {call_id}")


async def call_in_state(settings: Settings, call_id: str, *states: str, seconds: float = 45.0) -> Call:
    async def look() -> Call | None:
        row = await call_row(settings, call_id)
        return row if row is not None and row.state in states else None

    return await eventually(look, f"call {call_id} in {states}", seconds)


async def ticket_row(settings: Settings, ticket_no: str) -> Ticket:
    async with database(settings) as session:
        row = await session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
        assert row is not None, ticket_no
        return row


async def handoff_row(settings: Settings, call_id: str) -> Handoff | None:
    async with database(settings) as session:
        return await session.scalar(select(Handoff).where(Handoff.call_id == call_id).order_by(Handoff.id.desc()))


def child(pid: int, *words: str) -> psutil.Process:
    """The system's child process whose command line holds all these words."""
    for process in psutil.Process(pid).children(recursive=True):
        try:
            line = " ".join(process.cmdline())
        except psutil.NoSuchProcess:
            continue
        if all(word in line for word in words):
            return process
    raise AssertionError(f"no child with {words}")


def newest(folder: Path, pattern: str) -> Path | None:
    """The newest file that matches, or None."""
    files = sorted(folder.glob(pattern), key=lambda path: path.stat().st_mtime)
    return files[-1] if files else None
