"""The fake Asterisk and a calls room on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.models import Base
from db.session import Sessions, make_engine, make_sessions
from runtime.bus import LocalBus
from runtime.settings import Settings
from tests.engines import close_engine
from tests.fakes.asterisk_ami import FakeAsterisk
from tests.fakes.clock import FakeClock
from tests.unit.calls.kit import Room, room


@pytest.fixture
async def fake_asterisk() -> AsyncIterator[FakeAsterisk]:
    async with FakeAsterisk() as server:
        yield server


@pytest.fixture
async def one_database(tmp_path: Path) -> AsyncIterator[Sessions]:
    """SQLite alone, for tests that are about telephony; those about rows take `sessions`, on both."""
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'calls.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield make_sessions(engine)
    await close_engine(engine)


@pytest.fixture
async def calls(
    fake_asterisk: FakeAsterisk, one_database: Sessions, bus: LocalBus, clock: FakeClock, settings: Settings
) -> AsyncIterator[Room]:
    async with room(fake_asterisk, one_database, bus, clock, settings) as there:
        yield there
