"""The migrations lead to exactly the tables of the models, down again and up again, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncEngine

from db.migrate import downgrade, revisions, upgrade
from db.models import Base
from db.seed import load_demo
from db.session import make_engine, make_sessions
from tests.fakes.clock import FakeClock


@pytest.fixture
async def engine(empty_database: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(empty_database)
    yield made
    await made.dispose()


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_up_makes_the_tables_of_the_models(engine: AsyncEngine) -> None:
    await upgrade(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    have, newest = await revisions(engine)
    assert have == newest


async def test_down_removes_everything_and_up_brings_it_back(engine: AsyncEngine, clock: FakeClock) -> None:
    await upgrade(engine)
    await downgrade(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(_tables) == set()
    await upgrade(engine)
    async with make_sessions(engine).begin() as session:
        assert await load_demo(session, clock.now())


async def test_upgrading_twice_changes_nothing(engine: AsyncEngine) -> None:
    await upgrade(engine)
    await upgrade(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(_tables) == set(Base.metadata.tables)
