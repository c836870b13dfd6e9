"""The supervisors' board and the screen on a wall in a real browser, on a floor in the middle of its day."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect
from sqlalchemy import update

from calls.floor.wall_links import make_link
from db.models import User
from runtime.events import CallEnded
from tests.fakes.desk_seed import PASSWORD
from tests.fakes.floor_day import NAMES, busy_day
from tests.integration.agent_desk.room import SHOWN_MS, Room, a_browser
from tests.integration.agent_desk.test_axe import faults
from tests.sign_in import sign_in

ROWS = "#agents tbody tr"


async def a_board(room: Room, browser: Browser) -> Page:
    await busy_day(room.sessions, room.clock.now(), calls_per_day=120)
    assert room.floor is not None
    await room.floor.read()
    await room.floor.arrange()
    async with room.sessions.begin() as session:
        await session.execute(update(User).where(User.login == "agent2").values(roles=["SHIFT_LEAD", "ADMIN"]))
    page = await (await a_browser(browser)).new_page()
    page.on("pageerror", lambda error: room.faults.append(str(error)))
    await sign_in(page, room.url, "agent2", PASSWORD)
    await page.goto(room.url + "/board")
    await expect(page.locator(ROWS).nth(len(NAMES) - 1)).to_be_visible(timeout=SHOWN_MS)
    return page


async def names(page: Page) -> list[str]:
    return await page.locator(f"{ROWS} td:nth-child(2)").all_inner_texts()


async def test_the_grid_is_searched_filtered_and_sorted_by_keyboard(room: Room, browser: Browser) -> None:
    page = await a_board(room, browser)
    assert await faults(page) == []
    await page.keyboard.press("/")
    await page.keyboard.type("张")
    await expect(page.locator(ROWS)).to_have_count(1)
    assert await names(page) == ["张敏"]
    await page.fill("#find-agent", "8102")
    assert await names(page) == ["刘志强"]
    await page.fill("#find-agent", "没有此人")
    await expect(page.locator("#no-agents")).to_have_text("没有符合条件的坐席")
    await page.fill("#find-agent", "")
    await page.select_option("#of-team", "企业专席")
    await expect(page.locator(ROWS)).to_have_count(7)
    await page.select_option("#in-state", "ready")
    for state in await page.locator(f"{ROWS} td.state").all_inner_texts():
        assert state.startswith("示闲")
    await page.select_option("#of-team", "")
    await page.select_option("#in-state", "")
    await page.focus("#agents [data-key=agent]")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator("#agents th[aria-sort]")).to_have_attribute("aria-sort", "descending")
    assert await page.locator(f"{ROWS} td:first-child").first.inner_text() == "8124"
    assert room.faults == []


async def test_callers_are_shown_with_what_is_known_and_leave_when_they_leave(
    room: Room, browser: Browser
) -> None:
    page = await a_board(room, browser)
    rows = page.locator("#callers tbody tr")
    await expect(rows).to_have_count(5)
    first = await rows.first.inner_text()
    assert "135****5678" in first and "疑似紧急" in first and "优先" in first and "转接110未接通" in first
    again = await page.locator("#callers tr", has_text="137****5678").inner_text()
    assert "24 小时内第 3 次来电" in again and "投诉" in again
    assert room.floor is not None
    for call_id in list(room.floor.now()["waiting"]):
        await room.bus.publish(CallEnded(call_id=call_id, outcome="abandoned", at=room.clock.now()))
    await expect(page.locator("#no-callers")).to_be_visible(timeout=SHOWN_MS)
    await expect(page.locator("#figures .tile").first.locator("b")).to_have_text("0")


async def test_old_numbers_look_old_until_the_link_is_back(room: Room, browser: Browser) -> None:
    page = await a_board(room, browser)
    await page.context.set_offline(True)
    room.cut_links()
    await expect(page.locator("#stale")).to_contain_text("连接中断", timeout=SHOWN_MS)
    await expect(page.locator(".board.old")).to_have_count(1)
    await expect(page.locator("#as-of")).to_contain_text("截至")
    await page.context.set_offline(False)
    await expect(page.locator("#stale")).to_be_hidden(timeout=SHOWN_MS)
    await expect(page.locator(".board.old")).to_have_count(0)


async def test_a_limit_that_is_set_colours_the_board(room: Room, browser: Browser) -> None:
    page = await a_board(room, browser)
    waiting = page.locator("#figures .tile").first
    await expect(waiting).to_have_class("tile amber")
    await page.click("#open-limits")
    assert await faults(page) == []
    await page.fill("[data-metric=waiting][data-tone=red]", "5")
    await page.keyboard.press("Enter")
    await expect(waiting).to_have_class("tile red", timeout=SHOWN_MS)


async def test_an_agent_is_forced_and_told_from_the_board(room: Room, page: Page, browser: Browser) -> None:
    board = await a_board(room, browser)
    assert room.floor is not None
    await board.fill("#find-agent", "8001")
    await expect(board.locator(ROWS)).to_have_count(1, timeout=SHOWN_MS)
    await board.locator(f"{ROWS} button").focus()
    await board.keyboard.press("Enter")
    assert await faults(board) == []
    await board.select_option("#seat-reason", "meeting")
    await board.click("#dlg-seat [data-to=not_ready]")
    await expect(board.locator("#dlg-seat .done")).to_have_text("已生效。", timeout=SHOWN_MS)
    assert room.control.acts("force")[-1][2] == {"agent": "8001", "to": "not_ready", "reason": "meeting"}
    await board.fill("#seat-text", "请到前台来一下")
    await board.keyboard.press("Enter")
    strip = page.locator("#alerts", has_text="请到前台来一下")
    await expect(strip).to_be_visible(timeout=SHOWN_MS)
    assert await faults(page) == []
    await page.reload()
    await expect(strip).to_be_visible(timeout=SHOWN_MS)
    await page.click("#alerts .info button")
    await expect(strip).to_have_count(0, timeout=SHOWN_MS)
    await board.click("#dlg-seat [data-close]")
    await board.click("#open-notice")
    await expect(board.locator("#notice-list li").first).to_contain_text("已读 1/1", timeout=SHOWN_MS)


async def test_a_screen_on_the_wall_shows_the_floor_and_says_when_it_is_old(room: Room, browser: Browser) -> None:
    await a_board(room, browser)
    async with room.sessions.begin() as session:
        _, key = await make_link(session, "大厅", 1, room.clock.now())
    context = await browser.new_context(viewport={"width": 1920, "height": 1080}, locale="zh-CN")
    wall = await context.new_page()
    wall.on("pageerror", lambda error: room.faults.append(str(error)))
    await wall.goto(f"{room.url}/board/wall#{key}")
    await expect(wall.locator(".w-tile").first.locator("b")).to_have_text("5", timeout=SHOWN_MS)
    assert await faults(wall) == []
    assert "****" not in await wall.content()
    await context.set_offline(True)
    await expect(wall.locator("#w-said")).to_contain_text("连接中断", timeout=SHOWN_MS)
    await context.set_offline(False)
    await expect(wall.locator("#w-said")).to_have_text("", timeout=SHOWN_MS)
    other = await context.new_page()
    await other.goto(f"{room.url}/board/wall#{'A' * 43}")
    await expect(other.locator("#w-said")).to_contain_text("链接无效或已停用", timeout=SHOWN_MS)
    assert room.faults == []
