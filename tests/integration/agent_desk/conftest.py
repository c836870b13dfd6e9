"""One desk a test, with the demo city, and an agent seated and ready in a real browser."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from agent_desk.app import make_app
from agent_desk.live.hub import HUB
from agent_desk.web import passwords
from agent_desk.web.services import DeskServices
from db.session import Sessions, make_engine, make_sessions
from kb.index import KnowledgeIndex
from runtime.bus import LocalBus
from runtime.settings import Settings
from tests.chromium import chromium
from tests.engines import close_engine
from tests.fakes.desk_seed import QUICK, seed
from tests.fakes.desk_talks import speech_ready
from tests.integration.agent_desk.room import SHOWN_MS, Room, a_browser, sit_down
from tickets.desk import TicketDesk


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seed") / "seed.db"
    asyncio.run(seed(path, articles=True))
    return path


@pytest.fixture
async def sessions(seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sessions]:
    monkeypatch.setattr(passwords, "_hasher", QUICK)
    shutil.copy(seeded, tmp_path / "desk.db")
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'desk.db'}")
    yield make_sessions(engine)
    await close_engine(engine)


@pytest.fixture
async def room(settings: Settings, sessions: Sessions, bus: LocalBus) -> AsyncIterator[Room]:
    made = Room(settings, sessions, bus)
    app = make_app(
        DeskServices(
            settings=settings,
            sessions=sessions,
            bus=bus,
            clock=made.clock,
            control=made.control,
            tickets=TicketDesk(sessions, bus, made.clock),
            kb=KnowledgeIndex(sessions, clock=made.clock),
        )
    )
    made.hub = app[HUB]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.desk_port).start()
    yield made
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as launched:
        yield launched


@pytest.fixture
async def page(room: Room, browser: Browser) -> AsyncIterator[Page]:
    """Agent 8001, seated and ready, speech running."""
    opened = await sit_down(room, await a_browser(browser))
    await speech_ready(room.bus)
    await expect(opened.locator("#seat")).to_have_attribute("data-state", "not_ready", timeout=SHOWN_MS)
    await opened.keyboard.press("Alt+r")
    await expect(opened.locator("#seat")).to_have_attribute("data-state", "ready", timeout=SHOWN_MS)
    yield opened
    assert room.faults == []
