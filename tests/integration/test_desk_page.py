"""The agent's page in a real browser, fed with a scripted call. Asterisk is away; JsSIP is a stand-in."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import web
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from sqlalchemy import select

from agent_desk import passwords
from agent_desk.app import make_app
from agent_desk.services import DeskServices
from db.models import Ticket, TicketDraft
from db.session import Sessions, make_engine, make_sessions
from hotline.bus import LocalBus
from hotline.clock import SystemClock
from hotline.events import TelephonyStale
from hotline.settings import Settings
from kb.index import KnowledgeIndex
from tests.fakes.desk_feed import DeskFeed, FakeControl, fire_heard, manhole_talk, speech_ready
from tests.fakes.desk_seed import PASSWORD, QUICK, seed
from tickets.desk import TicketDesk

FAKE_JSSIP = Path(__file__).parents[1] / "fakes" / "fake_jssip.js"
CHROMIUM = "/usr/bin/chromium"
FLAGS = """
--no-sandbox --use-fake-ui-for-media-stream --use-fake-device-for-media-stream
--autoplay-policy=no-user-gesture-required --disable-background-networking
--disable-component-update --disable-sync --no-first-run
""".split()  # noqa: SIM905
SHOWN_MS = 15_000
FAULTS: list[str] = []
"""Errors of the page's own scripts; none may happen in any test."""


class Room:
    """A desk on a port of its own, with everything behind it but the telephone."""

    def __init__(self, settings: Settings, sessions: Sessions, bus: LocalBus) -> None:
        self.settings = settings
        self.sessions = sessions
        self.bus = bus
        self.clock = SystemClock()
        self.control = FakeControl(sessions, bus, self.clock)
        self.feed = DeskFeed(self.control, sessions, bus, self.clock)


@pytest.fixture(scope="module")
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
    await engine.dispose()


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
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", settings.desk_port).start()
    yield made
    await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        await launched.close()


async def a_browser(browser: Browser, *, microphone: bool = True) -> BrowserContext:
    context = await browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    if microphone:
        await context.grant_permissions(["microphone"])
    await context.route(
        "**/vendor/jssip.js", lambda route: route.fulfill(path=FAKE_JSSIP, content_type="text/javascript")
    )
    return context


async def sit_down(room: Room, context: BrowserContext, login: str = "agent1") -> Page:
    """Log in and wait until the page has the seat."""
    page = await context.new_page()
    page.on("pageerror", lambda error: FAULTS.append(str(error)))
    await page.goto(f"{room.settings.desk_url()}/login")
    await page.fill("#login", login)
    await page.fill("#password", PASSWORD)
    await page.click("button.primary")
    await expect(page.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    return page


@pytest.fixture
async def page(room: Room, browser: Browser) -> AsyncIterator[Page]:
    """Agent 8001, seated and ready, speech running."""
    FAULTS.clear()
    opened = await sit_down(room, await a_browser(browser))
    await speech_ready(room.bus)
    await expect(opened.locator("#seat")).to_have_attribute("data-state", "not_ready", timeout=SHOWN_MS)
    await opened.keyboard.press("Alt+r")
    await expect(opened.locator("#seat")).to_have_attribute("data-state", "ready", timeout=SHOWN_MS)
    yield opened
    assert FAULTS == []


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


async def test_a_call_from_ring_to_ticket_by_keyboard(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    await manhole_talk(room.feed)
    await expect(page.locator("#t-list .u:not(.partial)")).to_have_count(6, timeout=SHOWN_MS)

    await page.keyboard.press("Alt+y")
    await expect(page.locator("#d-title")).to_have_value("白霓镇文化路井盖损坏")
    await expect(page.locator("#d-category_code")).to_have_value("路灯、井盖")
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)

    await page.keyboard.press("Alt+s")
    await expect(page.locator("#d-done")).to_have_text(re.compile(r"工单 \d{18} 已提交"), timeout=SHOWN_MS)
    async with room.sessions() as session:
        ticket = (await session.scalars(select(Ticket))).one()
    assert (ticket.title, ticket.state, ticket.call_id) == (
        "白霓镇文化路井盖损坏",
        "DISPATCHED",
        room.feed.call_id,
    )
    assert await page.evaluate("fakeSip.log") == ["registered", "answer"]


async def test_what_the_agent_typed_is_never_overwritten(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    text = "井盖坏了"
    said = await room.feed.say("citizen", text)
    await room.feed.suggest("title", "井盖损坏", "井盖损坏", 0.6, said, "井盖坏了", text)
    ghost = page.locator("[data-field=title] .ghost-text")
    await expect(ghost).to_have_text("井盖损坏", timeout=SHOWN_MS)
    await page.fill("#d-title", "我写的标题")
    await room.feed.suggest("title", "另一个标题", "另一个标题", 0.99, said, "井盖坏了", text)
    await room.feed.say("agent", "好的")
    await expect(page.locator("#t-list .u")).to_have_count(2, timeout=SHOWN_MS)
    await expect(page.locator("#d-title")).to_have_value("我写的标题")
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)


async def test_tab_takes_a_suggestion_and_its_label_leads_to_the_words(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    text = "白霓镇文化路井盖坏了"
    said = await room.feed.say("citizen", text)
    await room.feed.suggest("place_text", "白霓镇文化路", "白霓镇文化路", 0.9, said, "白霓镇文化路", text)
    await expect(page.locator("[data-field=place_text] .ghost-text")).to_have_text(
        "白霓镇文化路", timeout=SHOWN_MS
    )
    await page.focus("#d-place_text")
    await page.keyboard.press("Tab")
    await expect(page.locator("#d-place_text")).to_have_value("白霓镇文化路")
    await page.click("#l-place_text")
    await expect(page.locator("#t-list .u.flash mark.quote")).to_have_text("白霓镇文化路")


async def test_a_reload_in_mid_call_loses_nothing_and_asks_for_the_line_back(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    await room.feed.say("citizen", "白霓镇文化路井盖坏了")
    await page.fill("#d-title", "井盖损坏")
    await page.reload()
    await expect(page.locator("#d-title")).to_have_value("井盖损坏", timeout=SHOWN_MS)
    await expect(page.locator("#t-list .u p")).to_have_text("白霓镇文化路井盖坏了")
    await expect(page.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    await expect(page.locator("#line")).to_have_attribute("data-state", "talking")
    await until_true(page, "fakeSip.log.includes('registered')")
    await until(page, lambda: bool(room.control.acts("rejoin")))
    await page.evaluate("fakeSip.ring()")
    await until_true(page, "fakeSip.log.includes('answer')")
    assert room.control.acts("rejoin") == [("8001", room.feed.call_id, {})]


async def test_an_emergency_alerts_and_goes_over_after_one_confirm(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    await fire_heard(room.feed)
    banner = page.locator(".alert.emergency")
    await expect(banner).to_contain_text("着火", timeout=SHOWN_MS)
    await expect(page.locator("#t-list mark.danger").first).to_have_text("着火")
    await page.keyboard.press("F9")
    dialog = page.locator("#dlg-handoff")
    await expect(dialog.locator("[value='119']")).to_be_checked()
    await dialog.locator("[name=place]").fill("文化路12号对面")
    await page.keyboard.press("Enter")
    strip = page.locator(".alert.handoff")
    await expect(strip).to_contain_text("正在呼叫 119", timeout=SHOWN_MS)
    await expect(strip.get_by_role("button", name="离开会议")).to_have_count(0)
    assert room.control.acts("handoff")[0][2]["place"] == "文化路12号对面"
    await page.keyboard.press("Alt+q")
    assert room.control.acts("leave") == [], "nobody leaves before the other side has accepted"
    await room.feed.handoff("no_answer", "119")
    await expect(strip).to_contain_text("未应答", timeout=SHOWN_MS)
    await room.feed.handoff("accepted", "119")
    await strip.get_by_role("button", name="离开会议").click(timeout=SHOWN_MS)
    await expect(strip).to_contain_text("已接听")
    await until(page, lambda: bool(room.control.acts("leave")))


async def test_everything_fits_the_screen_without_scrolling(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    await fire_heard(room.feed)
    await expect(page.locator(".alert.emergency")).to_be_visible(timeout=SHOWN_MS)
    for width, height in ((1366, 768), (1920, 1080)):
        await page.set_viewport_size({"width": width, "height": height})
        overflow = await page.evaluate(
            """() => {
                const page = document.documentElement, form = document.querySelector("#d-form");
                return [page.scrollWidth - innerWidth, page.scrollHeight - innerHeight,
                    document.querySelector("#bar").scrollWidth - innerWidth,
                    form.scrollHeight - form.clientHeight];
            }"""
        )
        assert max(overflow) <= 0, f"{width}x{height}: {overflow}"


async def test_the_transcript_waits_while_the_agent_reads_above(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    for number in range(40):
        await room.feed.say("citizen" if number % 2 else "agent", f"第{number}句话，说得长一点好占一行")
    rows = page.locator("#t-list .u")
    await expect(rows).to_have_count(40, timeout=SHOWN_MS)
    await expect(rows.last).to_be_in_viewport()
    await page.locator("#t-list").hover()
    await page.mouse.wheel(0, -600)
    await expect(page.locator("#t-latest")).to_be_visible(timeout=SHOWN_MS)
    await room.feed.say("citizen", "新的一句")
    await expect(rows).to_have_count(41, timeout=SHOWN_MS)
    await expect(rows.last).not_to_be_in_viewport()
    await page.keyboard.press("Alt+l")
    await expect(rows.last).to_be_in_viewport()


async def test_what_is_wrong_is_said_on_the_page(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    await room.feed.delay(4.0)
    await expect(page.locator("#t-delay")).to_have_text("转写延迟 4 秒", timeout=SHOWN_MS)
    await room.feed.say("citizen", "喂")
    await room.feed.gap("citizen", 12)
    await expect(page.locator("#t-list .gap")).to_have_text("[市民转写中断 12 秒]", timeout=SHOWN_MS)
    await room.bus.publish(TelephonyStale(stale=True, since=room.clock.now()))
    await expect(page.locator("#alerts")).to_contain_text("起未更新", timeout=SHOWN_MS)
    await room.bus.publish(TelephonyStale(stale=False, since=room.clock.now()))
    await expect(page.locator("#alerts")).not_to_contain_text("起未更新", timeout=SHOWN_MS)


async def test_after_the_call_a_sentence_plays_from_the_recording(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    await room.feed.say("agent", "您好，12345")
    await room.feed.say("citizen", "井盖坏了")
    await room.feed.end(room.settings.recordings_dir)
    await page.evaluate("fakeSip.end()")
    await expect(page.locator("#seat-word")).to_have_text("话后", timeout=SHOWN_MS)
    await page.locator("#t-list .u.playable.citizen").click(timeout=SHOWN_MS)
    start = float(await page.locator("#t-list .u.citizen").get_attribute("data-start") or "0") / 1000
    await until_true(page, f"document.querySelector('#recording').currentTime >= {start}")


async def test_a_missed_call_is_cleared_with_one_click(room: Room, page: Page) -> None:
    await room.feed.ring()
    await expect(page.locator("#line-number")).to_have_text("139 1234 5678", timeout=SHOWN_MS)
    await room.feed.miss()
    banner = page.locator(".alert", has_text="没有接听")
    await banner.get_by_role("button", name="恢复示闲").click(timeout=SHOWN_MS)
    await expect(page.locator("#seat")).to_have_attribute("data-state", "ready", timeout=SHOWN_MS)
    await expect(page.locator("#line-number")).to_have_text("")


async def test_the_second_tab_takes_over_only_when_told(room: Room, page: Page) -> None:
    second = await page.context.new_page()
    await second.goto(f"{room.settings.desk_url()}/desk")
    dialog = second.locator("#dlg-seat")
    await expect(dialog).to_be_visible(timeout=SHOWN_MS)
    await expect(page.locator("#g-reg")).to_have_text("已注册")
    await dialog.get_by_role("button", name="在此处接管").click()
    await expect(second.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    await expect(page.locator("#g-reg")).to_have_text("未启用", timeout=SHOWN_MS)
    await expect(page.locator("#alerts")).to_contain_text("已在别处登录")


async def test_another_machine_takes_over_only_when_told(room: Room, page: Page, browser: Browser) -> None:
    context = await a_browser(browser)
    second = await context.new_page()
    await second.goto(f"{room.settings.desk_url()}/login")
    await second.fill("#login", "agent1")
    await second.fill("#password", PASSWORD)
    await second.click("button.primary")
    await second.locator("#dlg-seat").get_by_role("button", name="在此处接管").click(timeout=SHOWN_MS)
    await expect(second.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    await expect(page.locator("#alerts")).to_contain_text("已在别处登录", timeout=SHOWN_MS)


async def test_without_a_microphone_it_says_what_to_do(room: Room, browser: Browser) -> None:
    context = await a_browser(browser)
    await context.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', 'NotAllowedError'))"
    )
    page = await sit_down(room, context)
    await expect(page.locator("#alerts")).to_contain_text("话筒权限被拒绝", timeout=SHOWN_MS)
    await expect(page.locator("#seat-ready")).to_be_disabled()
    await until(page, lambda: bool(any(not beat["mic_ok"] for _, _, beat in room.control.acts("heartbeat"))))


async def test_a_lost_link_shows_how_old_the_page_is_and_comes_back(room: Room, page: Page) -> None:
    await page.context.set_offline(True)
    await page.evaluate("window.dispatchEvent(new Event('offline'))")
    cut = page.locator("#alerts", has_text="连接中断，正在重连")
    await expect(cut).to_be_visible(timeout=SHOWN_MS + 15_000)
    await page.context.set_offline(False)
    await expect(cut).to_have_count(0, timeout=SHOWN_MS)
    await room.feed.ring()
    await expect(page.locator("#line-number")).to_have_text("139 1234 5678", timeout=SHOWN_MS)


async def test_typing_while_the_link_is_away_is_kept_and_saved_later(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    await page.context.set_offline(True)
    await page.fill("#d-title", "断网时写的")
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^没有保存"), timeout=SHOWN_MS)
    await page.context.set_offline(False)
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)
    async with room.sessions() as session:
        draft = await session.get(TicketDraft, room.feed.call_id)
    assert draft is not None and draft.fields["title"] == "断网时写的"


async def test_knowledge_is_found_as_one_types_and_becomes_the_answer(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.answer()
    await page.keyboard.press("Alt+k")
    await page.keyboard.type("公积金提取")
    first = page.locator(".a-item").first
    await expect(first).to_contain_text("公积金", timeout=SHOWN_MS)
    await first.get_by_role("button", name="按此答复").click()
    await expect(page.locator("#d-answer_text")).not_to_have_value("")
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)
    async with room.sessions() as session:
        draft = await session.get(TicketDraft, room.feed.call_id)
    assert draft is not None and draft.fields["article_id"].startswith("housing-fund")


async def test_the_policy_blocks_nothing_of_ours(room: Room, browser: Browser) -> None:
    context = await a_browser(browser)
    said: list[str] = []
    page = await context.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    await page.goto(f"{room.settings.desk_url()}/login")
    await page.fill("#login", "lead")
    await page.fill("#password", PASSWORD)
    await page.click("button.primary")
    await expect(page.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    for path in ("/tickets", "/board", "/password"):
        await page.goto(f"{room.settings.desk_url()}{path}")
        await page.wait_for_load_state("networkidle")
    assert [line for line in said if "Content Security Policy" in line] == []
