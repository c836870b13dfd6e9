"""What the agent's page shows: it fits, keeps still while one reads, and says what is wrong."""

from __future__ import annotations

from playwright.async_api import Browser, Page, expect

from runtime.events import TelephonyStale
from tests.fakes.desk_seed import PASSWORD
from tests.fakes.desk_talks import fire_heard
from tests.integration.agent_desk.room import SHOWN_MS, Room, a_browser, on_the_line
from tests.sign_in import sign_in


async def test_everything_fits_the_screen_without_scrolling(room: Room, page: Page) -> None:
    await on_the_line(room, page)
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


async def test_the_refusal_s_dialog_keeps_its_parts_apart(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.keyboard.press("Alt+n")
    dialog = page.locator("#dlg-decline")
    told, keys = dialog.locator("textarea"), dialog.locator("menu")
    await expect(told).to_be_visible()
    above, below = await told.bounding_box(), await keys.bounding_box()
    assert above and below and above["y"] + above["height"] <= below["y"]


async def test_the_transcript_waits_while_the_agent_reads_above(room: Room, page: Page) -> None:
    await on_the_line(room, page)
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
    await room.feed.delay(4.0)
    await expect(page.locator("#t-delay")).to_have_text("转写延迟 4 秒", timeout=SHOWN_MS)
    await room.feed.say("citizen", "喂")
    await room.feed.gap("citizen", 12)
    await expect(page.locator("#t-list .gap")).to_have_text("[市民转写中断 12 秒]", timeout=SHOWN_MS)
    await room.bus.publish(TelephonyStale(stale=True, since=room.clock.now()))
    await expect(page.locator("#alerts")).to_contain_text("起未更新", timeout=SHOWN_MS)
    await room.bus.publish(TelephonyStale(stale=False, since=room.clock.now()))
    await expect(page.locator("#alerts")).not_to_contain_text("起未更新", timeout=SHOWN_MS)


async def test_the_policy_blocks_nothing_of_ours(room: Room, browser: Browser) -> None:
    context = await a_browser(browser)
    said: list[str] = []
    page = await context.new_page()
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    await sign_in(page, room.url, "lead", PASSWORD)
    await expect(page.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    for path in ("/tickets", "/board", "/password"):
        await page.goto(f"{room.url}{path}")
        await page.wait_for_load_state("networkidle")
    assert [line for line in said if "Content Security Policy" in line] == []
