"""Fixtures every test may use: settings of a throw-away installation, a movable clock, both databases."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

import tests.postgres as postgres
from db.models import Base
from db.session import Sessions, make_engine, make_sessions
from hotline.bus import LocalBus
from hotline.settings import Settings
from tests.fakes.clock import FakeClock

_numbers = itertools.count(1)
# Runs side by side on one machine begin at different places.
_bases = itertools.count(os.getpid() * 5)

PORTS = 700
"""Ports an installation uses from its base."""


def free_port_base() -> int:
    """A port base whose main ports nobody holds: for an installation of a test."""
    for step in _bases:
        base = 40000 + (step * PORTS) % 19600
        try:
            for offset in (38, 39, 60, 61, 73, 80, 88, 99):
                kind = socket.SOCK_DGRAM if offset in (60, 61) else socket.SOCK_STREAM
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", base + offset))
        except OSError:
            continue
        return base
    raise AssertionError("unreachable")


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an installation of its own: free ports, state under tmp_path."""
    for name in ("HOTLINE_PORT_BASE", "HOTLINE_VAR"):
        monkeypatch.delenv(name, raising=False)
    made = Settings(var=tmp_path / "var", port_base=free_port_base())
    made.make_folders()
    return made


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


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """URL of a database without tables; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'test.db'}"
        return
    base: str = request.getfixturevalue("postgres_cluster")
    name = f"test_{next(_numbers)}"
    await postgres.execute(base, f"CREATE DATABASE {name}")
    yield base + name
    await postgres.execute(base, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def sessions(empty_database: str) -> AsyncIterator[Sessions]:
    """Sessions on a database with all tables, SQLite and PostgreSQL in turn."""
    engine = make_engine(empty_database)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield make_sessions(engine)
    await engine.dispose()
