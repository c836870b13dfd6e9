"""One desk a test, with the demo city, and an agent seated and ready in a real browser.

Starting a browser costs more than most of these tests: one serves them all, each test with a context of its own.
It lives in the loop it was started in, so these tests and their fixtures share one.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Browser, Page, expect

from agent_desk.app import make_app
from agent_desk.floor.feed import FLOOR
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

HERE = Path(__file__).parent
one_loop = pytest_asyncio.fixture(loop_scope="session")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seed") / "seed.db"
    asyncio.run(seed(path, articles=True))
    return path


@one_loop
async def bus() -> AsyncIterator[LocalBus]:
    made = LocalBus()
    yield made
    await made.close()


@one_loop
async def sessions(seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sessions]:
    monkeypatch.setattr(passwords, "_hasher", QUICK)
    shutil.copy(seeded, tmp_path / "desk.db")
    engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'desk.db'}")
    yield make_sessions(engine)
    await close_engine(engine)


@one_loop
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
    made.floor = app[FLOOR]
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.desk_port).start()
    yield made
    await runner.cleanup()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def launched() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@one_loop
async def browser(launched: Browser) -> AsyncIterator[Browser]:
    """The browser that all tests share; what a test opened in it is closed."""
    yield launched
    for context in launched.contexts:
        await context.close()


@one_loop
async def page(room: Room, browser: Browser) -> AsyncIterator[Page]:
    """Agent 8001, seated and ready, speech running."""
    opened = await sit_down(room, await a_browser(browser))
    await speech_ready(room.bus)
    await expect(opened.locator("#seat")).to_have_attribute("data-state", "not_ready", timeout=SHOWN_MS)
    await opened.keyboard.press("Alt+r")
    await expect(opened.locator("#seat")).to_have_attribute("data-state", "ready", timeout=SHOWN_MS)
    yield opened
    assert room.faults == []
