"""Every page outside the agents' desk on a telephone: nothing is cut off, the menu leads everywhere."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.integration.agent_desk.room import SHOWN_MS, Room, on_the_line
from tests.integration.agent_desk.test_axe import PAGES, a_ticket, faults, signed_in

NARROW = (360, 390, 768)


async def fits(page: Page) -> None:
    """No page is wider than the screen, and no text stands one character a line."""
    for width in NARROW:
        await page.set_viewport_size({"width": width, "height": 740})
        wider = await page.evaluate(
            """() => [...document.querySelectorAll("body *")]
              .filter((e) => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1
                && getComputedStyle(e).position !== "absolute" && !e.closest(".sr, .skip, thead"))
              .map((e) => e.outerHTML.slice(0, 100))"""
        )
        assert wider == [], width
        assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), width
        upright = await page.evaluate(
            """() => [...document.querySelectorAll("main *, header *")]
              .filter((e) => e.checkVisibility() && !e.children.length && e.textContent.trim().length > 3
                && e.getBoundingClientRect().width < 26 && e.getBoundingClientRect().height > 60)
              .map((e) => e.outerHTML.slice(0, 100))"""
        )
        assert upright == [], width


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_fits_a_telephone(room: Room, browser: Browser, path: str) -> None:
    page = await signed_in(room, browser, PAGES[path])
    await page.goto(room.url + path)
    await page.wait_for_load_state("networkidle")
    await fits(page)


async def test_a_unit_works_on_a_telephone(room: Room, browser: Browser) -> None:
    number = await a_ticket(room)
    page = await signed_in(room, browser, "UNIT_LIAISON")
    await page.goto(f"{room.url}/unit?show=doing")
    await fits(page)
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.get_by_role("link", name="反映路灯不亮").click()
    await expect(page.locator("h1")).to_contain_text(number)
    await fits(page)
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.get_by_role("button", name="提交反馈").click()
    await expect(page.locator(".err").first).to_be_visible(timeout=SHOWN_MS)
    await fits(page)
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.get_by_role("button", name="菜单").click()
    assert await faults(page) == []
    await page.locator("#menu").get_by_role("link", name="本单位工单").click()
    await expect(page).to_have_url(f"{room.url}/unit")


async def test_the_board_fits_a_telephone(room: Room, page: Page, browser: Browser) -> None:
    await on_the_line(room, page)
    board = await signed_in(room, browser, "SHIFT_LEAD")
    await board.goto(room.url + "/board")
    await expect(board.locator("#calls tbody tr")).not_to_have_count(0, timeout=SHOWN_MS)
    await fits(board)


async def test_the_door_fits_a_telephone(room: Room, browser: Browser) -> None:
    page = await (await browser.new_context()).new_page()
    await page.goto(room.url + "/login")
    await fits(page)
