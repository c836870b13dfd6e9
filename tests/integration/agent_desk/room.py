"""A desk in a real browser with everything behind it but the telephone: Asterisk is away, JsSIP is a stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, expect

from agent_desk.floor.feed import FloorFeed
from agent_desk.live.hub import LiveHub
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.settings import Settings
from tests.fakes.desk_control import FakeControl
from tests.fakes.desk_feed import DeskFeed
from tests.fakes.desk_seed import PASSWORD
from tests.sign_in import let_in

FAKE_JSSIP = Path(__file__).parents[2] / "fakes" / "fake_jssip.js"
SHOWN_MS = 30_000


class Room:
    """A desk on a port of its own; `faults` are errors of the pages' own scripts, of which there may be none."""

    def __init__(self, settings: Settings, sessions: Sessions, bus: LocalBus) -> None:
        self.settings = settings
        self.sessions = sessions
        self.bus = bus
        self.clock = SystemClock()
        self.control = FakeControl(sessions, bus, self.clock)
        self.feed = DeskFeed(self.control, sessions, bus, self.clock)
        self.faults: list[str] = []
        self.hub: LiveHub | None = None
        self.floor: FloorFeed | None = None

    def cut_links(self) -> None:
        """Every page's live link is lost; it comes back by itself."""
        assert self.hub is not None
        self.hub.cut()

    @property
    def url(self) -> str:
        return self.settings.desk_url()


async def a_browser(browser: Browser, *, microphone: bool = True) -> BrowserContext:
    """A browser of one person's own."""
    context = await browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    if microphone:
        await context.grant_permissions(["microphone"])
    await context.route(
        "**/vendor/jssip.js", lambda route: route.fulfill(path=FAKE_JSSIP, content_type="text/javascript")
    )
    return context


async def sit_down(room: Room, context: BrowserContext) -> Page:
    """Log in as agent1 and wait until the page has the seat."""
    page = await context.new_page()
    page.on("pageerror", lambda error: room.faults.append(str(error)))
    await let_in(page, room.url, "agent1", PASSWORD)
    await page.goto(f"{room.url}/desk")
    await expect(page.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    return page


async def until(page: Page, check: Callable[[], bool]) -> None:
    """Let the page run until something has happened behind it, for so long at most."""
    async with asyncio.timeout(SHOWN_MS / 1000):
        while not check():
            await page.wait_for_timeout(20)


async def until_true(page: Page, expression: str) -> None:
    """The same for something in the page; Playwright's own way needs eval, which the policy forbids."""
    async with asyncio.timeout(SHOWN_MS / 1000):
        while not await page.evaluate(expression):
            await page.wait_for_timeout(20)


async def on_the_line(room: Room, page: Page) -> None:
    """The scripted call rings, is answered by key, and is talked through."""
    await room.feed.ring()
    await page.evaluate("fakeSip.ring()")
    await expect(page.locator("#line-number")).to_have_text("139 1234 5678", timeout=SHOWN_MS)
    await page.keyboard.press("F2")
    await expect(page.locator("#k-hold")).to_be_enabled(timeout=SHOWN_MS)
    await room.feed.answer()
    await expect(page.locator("#d-title")).to_be_visible(timeout=SHOWN_MS)
