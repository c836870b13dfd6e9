"""A PostgreSQL server that was cut off keeps nobody waiting for long; one that is away for a while is told from
one that refuses what it is given."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from db.session import make_engine, make_sessions
from tests.engines import close_engine
from tests.postgres import execute


class Link:
    """A wire to the server; `cut` lets nothing through any more and closes nothing."""

    def __init__(self, host: str, port: int) -> None:
        self._to = host, port
        self._open = asyncio.Event()
        self._open.set()
        self._writers: list[asyncio.StreamWriter] = []

    def cut(self) -> None:
        self._open.clear()

    def mend(self) -> None:
        self._open.set()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._to)
        self._writers += [writer, server_writer]
        with contextlib.suppress(OSError):
            await asyncio.gather(self._carry(reader, server_writer), self._carry(server_reader, writer))

    async def _carry(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            await self._open.wait()
            sink.write(data)
            await sink.drain()
        sink.close()

    async def close(self) -> None:
        self.mend()
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


@pytest.fixture
async def link(postgres_cluster: str) -> AsyncIterator[tuple[Link, str]]:
    """The wire, and the URL of the server behind it."""
    url = make_url(postgres_cluster + "postgres")
    assert url.host is not None and url.port is not None
    wire = Link(url.host, url.port)
    async with await asyncio.start_server(wire.take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield wire, url.set(port=port).render_as_string(hide_password=False)
        await wire.close()


async def test_a_cut_link_gives_back_what_waits_for_it(
    link: tuple[Link, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.session.COMMAND_SECONDS", 1.0)
    monkeypatch.setattr("db.session.CONNECT_SECONDS", 3.0)
    wire, url = link
    engine = make_engine(url)
    sessions = make_sessions(engine)

    async def in_a_transaction() -> None:
        async with sessions.begin() as session:
            await session.execute(text("SELECT 1"))
            wire.cut()
            await session.execute(text("SELECT 2"))

    async def on_a_pooled_connection() -> None:
        async with sessions.begin() as session:
            await session.execute(text("SELECT 3"))

    works: list[Callable[[], Awaitable[None]]] = [in_a_transaction, on_a_pooled_connection]
    for work in works:
        async with asyncio.timeout(30):
            with pytest.raises(OSError):
                await work()
    wire.mend()
    async with asyncio.timeout(30):
        await on_a_pooled_connection()
    await close_engine(engine)


async def test_a_migration_may_take_its_time(postgres_cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("db.session.COMMAND_SECONDS", 0.5)
    for patient in (True, False):
        engine = make_engine(postgres_cluster + "postgres", patient=patient)
        async with engine.connect() as connection:
            if patient:
                await connection.execute(text("SELECT pg_sleep(1)"))
            else:
                with pytest.raises(TimeoutError):
                    await connection.execute(text("SELECT pg_sleep(1)"))
        await close_engine(engine)


async def test_a_server_that_takes_no_connection_now_is_away(postgres_cluster: str) -> None:
    """53300; one that starts up or shuts down (57P03) says it in the same way."""
    await execute(postgres_cluster, "CREATE ROLE one_too_many LOGIN CONNECTION LIMIT 0")
    engine = make_engine(postgres_cluster.replace("hotline@", "one_too_many@") + "postgres")
    with pytest.raises(OperationalError):
        async with engine.connect():
            pass
    await close_engine(engine)
    await execute(postgres_cluster, "DROP ROLE one_too_many")


async def test_a_server_that_goes_in_the_middle_of_a_statement_is_away(postgres_cluster: str) -> None:
    engine = make_engine(postgres_cluster + "postgres")
    with pytest.raises(OperationalError):
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    async with engine.connect() as connection:
        assert await connection.scalar(text("SELECT 1")) == 1
    await close_engine(engine)


async def test_a_statement_that_is_refused_is_not_taken_for_a_server_that_is_away(postgres_cluster: str) -> None:
    engine = make_engine(postgres_cluster + "postgres")
    for statement in ("SELECT 1/0", "SELECT 'x'::integer", "SELECT nothing", "SELECT 1 FROM nowhere"):
        with pytest.raises(DBAPIError) as raised:
            async with engine.connect() as connection:
                await connection.execute(text(statement))
        assert not isinstance(raised.value, OperationalError), statement
    await close_engine(engine)
