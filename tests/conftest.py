"""Fixtures every test may use: settings of a throw-away installation, a movable clock, both databases."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

import tests.postgres as postgres
from db.models import Base
from db.session import Sessions, make_engine, make_sessions
from runtime.bus import LocalBus
from runtime.settings import Settings
from tests.engines import close_engine
from tests.fakes.clock import FakeClock
from tests.ports import free_port_base, give_back
from tests.shared import Spoken, once, run_folder, speak_answers, speak_prompts

_numbers = itertools.count(1)

# The same examples each time, however slow the machine is: whether a change passes must not be left to chance.
# HYPOTHESIS_PROFILE=search looks for others.
hypothesis_settings.register_profile(
    "hotline", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.register_profile(
    "search", max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "hotline"))


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings of an installation of its own: free ports, state under tmp_path."""
    for name in ("HOTLINE_PORT_BASE", "HOTLINE_VAR"):
        monkeypatch.delenv(name, raising=False)
    # Tests run at any hour of the night, and call citizens back.
    made = Settings(var=tmp_path / "var", port_base=free_port_base(), callback_from=0, callback_until=24)
    made.make_folders()
    yield made
    give_back(made.port_base)


@pytest.fixture(scope="session")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The telephone network's voices, spoken once in this run: that takes longer than starting an Asterisk."""
    return once(run_folder(tmp_path_factory) / "answers", speak_answers)


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory, answers: Path) -> Spoken:
    """Prompts and answers, spoken once in this run."""
    return Spoken(once(run_folder(tmp_path_factory) / "prompts", speak_prompts), answers)


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until a test moves it."""
    return FakeClock()


@pytest.fixture
async def bus() -> AsyncIterator[LocalBus]:
    made = LocalBus()
    yield made
    await made.close()


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[str]:
    with postgres.cluster() as base:
        yield base


def run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in a loop of its own: a fixture of the session may be asked for inside a test's loop."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()


async def make_tables(url: str) -> None:
    engine = make_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all tables, to be copied: making the tables anew costs more than most tests."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    run_apart(make_tables(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres_cluster: str) -> str:
    """Name of a PostgreSQL database with all tables, to be copied."""
    run_apart(postgres.execute(postgres_cluster, "CREATE DATABASE template_with_tables"))
    run_apart(make_tables(postgres_cluster + "template_with_tables"))
    return "template_with_tables"


@asynccontextmanager
async def postgres_database(base: str, template: str = "template0") -> AsyncIterator[str]:
    """URL of a database of one test's own, gone afterwards."""
    name = f"test_{next(_numbers)}"
    await postgres.execute(base, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield base + name
    finally:
        await postgres.execute(base, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """URL of a database without tables; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
        return
    async with postgres_database(request.getfixturevalue("postgres_cluster")) as url:
        yield url


@asynccontextmanager
async def database_with_tables(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[str]:
    """URL of a database of one's own, of the kind that the fixture's parameter names."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "test.db")
        yield f"sqlite+aiosqlite:///{folder / 'test.db'}"
        return
    template = request.getfixturevalue("postgres_template")
    async with postgres_database(request.getfixturevalue("postgres_cluster"), template) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """URL of a database with all tables, SQLite and PostgreSQL in turn."""
    async with database_with_tables(request, tmp_path) as url:
        yield url


@pytest.fixture
async def sessions(database: str) -> AsyncIterator[Sessions]:
    """Sessions on a database with all tables, SQLite and PostgreSQL in turn."""
    engine = make_engine(database)
    yield make_sessions(engine)
    await close_engine(engine)
