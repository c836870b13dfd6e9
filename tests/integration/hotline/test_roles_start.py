"""Several roles start at once on an empty PostgreSQL: one migrates and seeds, the others wait and find it done."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select

import tests.postgres as postgres
from db.migrate import revisions, upgrade
from db.models import Article, Category, SlaProfile, User
from db.seed import DemoAccount
from db.session import make_engine, make_sessions
from hotline.app import System
from hotline.core import accounts_file, seed
from kb.index import KnowledgeIndex
from runtime.clock import SystemClock
from runtime.errors import UserError
from runtime.settings import Settings
from tests.conftest import _numbers


@pytest.fixture
async def empty_postgres(postgres_cluster: str) -> AsyncIterator[str]:
    name = f"roles_{next(_numbers)}"
    await postgres.execute(postgres_cluster, f"CREATE DATABASE {name}")
    yield postgres_cluster + name
    await postgres.execute(postgres_cluster, f"DROP DATABASE {name} WITH (FORCE)")


async def begin(url: str, settings: Settings) -> list[DemoAccount]:
    """What each role does with the database before anything else, on connections of its own."""
    patient = make_engine(url, patient=True)
    engine = make_engine(url)
    try:
        await upgrade(patient)
        made = await seed(settings, make_sessions(patient), SystemClock())
        await KnowledgeIndex(make_sessions(engine)).build()
        return made
    finally:
        await patient.dispose()
        await engine.dispose()


async def test_four_roles_begin_on_an_empty_database(empty_postgres: str, settings: Settings) -> None:
    async with asyncio.timeout(180):
        made = await asyncio.gather(*(begin(empty_postgres, settings) for _ in range(4)))
    assert sorted(map(bool, made)) == [False, False, False, True]  # one of them knows the passwords
    kept = accounts_file(settings).read_text(encoding="utf-8").split()
    assert kept == [word for account in max(made, key=len) for word in (account.login, account.password)]
    assert accounts_file(settings).stat().st_mode & 0o777 == 0o600
    engine = make_engine(empty_postgres)
    have, newest = await revisions(engine)
    assert have == newest
    async with make_sessions(engine)() as session:
        for model in (User, Category, Article, SlaProfile):
            assert await session.scalar(select(func.count()).select_from(model))
        assert await session.scalar(select(func.count()).select_from(User)) == len(max(made, key=len))
    await engine.dispose()


async def test_a_role_on_sqlite_is_refused_with_the_way_out(settings: Settings) -> None:
    with pytest.raises(UserError, match="needs PostgreSQL"):
        await System(settings, frozenset({"jobs"})).start()
    assert not (settings.var / "hotline.db").exists()


async def test_a_role_without_nats_is_refused_with_the_way_out(empty_postgres: str, settings: Settings) -> None:
    apart = settings.model_copy(update={"database_url": empty_postgres})
    with pytest.raises(UserError, match="needs a bus"):
        await System(apart, frozenset({"jobs"})).start()
