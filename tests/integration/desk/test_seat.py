"""Who has the seat: the second tab, another machine, a browser without microphone, a lost link."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from tests.fakes.desk_seed import PASSWORD
from tests.integration.desk.room import SHOWN_MS, Room, a_browser, sit_down, until
from tests.sign_in import sign_in


async def test_the_second_tab_takes_over_only_when_told(room: Room, page: Page) -> None:
    second = await page.context.new_page()
    await second.goto(f"{room.url}/desk")
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
    await sign_in(second, room.url, "agent1", PASSWORD)
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
