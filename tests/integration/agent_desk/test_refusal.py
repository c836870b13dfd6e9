"""Not accepting a matter: what is missing is asked for where it is entered; nothing goes over to the next call."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect
from sqlalchemy import select

from db.models import Ticket
from tests.integration.agent_desk.room import SHOWN_MS, Room, on_the_line

TOLD = "属于法院受理范围，请到县法院立案庭办理"


async def a_refusable_matter(page: Page) -> Locator:
    """A draft in which nothing is missing, and the refusal's dialog over it."""
    await page.fill("#d-title", "要求改判")
    await page.fill("#d-content", "对判决不服，要求改判。")
    await page.click("[data-field=appeal_type] [data-value=HELP]")
    await page.fill("#d-category_code", "1106")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Alt+n")
    dialog = page.locator("#dlg-decline")
    await expect(dialog).to_be_visible()
    return dialog


async def test_what_the_citizen_was_told_is_asked_for_in_the_dialog(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    dialog = await a_refusable_matter(page)
    await dialog.locator("button[value=ok]").click()
    await expect(dialog.locator(".err")).to_contain_text("请写下已告知", timeout=SHOWN_MS)
    await expect(dialog.locator("textarea")).to_be_focused()
    await page.keyboard.type(TOLD)
    await dialog.locator("button[value=ok]").click()
    await expect(page.locator("#d-done")).to_contain_text("已提交", timeout=SHOWN_MS)
    await expect(dialog).to_be_hidden()
    async with room.sessions() as session:
        ticket = (await session.scalars(select(Ticket))).one()
    assert ticket.answer_text == TOLD


async def test_what_one_citizen_was_told_is_not_there_for_the_next(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    dialog = await a_refusable_matter(page)
    await dialog.locator("select").select_option(index=2)
    await dialog.locator("textarea").fill(TOLD)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Alt+n")
    await expect(dialog.locator("textarea")).to_have_value(TOLD)  # the same call: nothing is lost
    await page.keyboard.press("Escape")
    await page.evaluate("fakeSip.end()")
    await room.feed.end()
    await room.control.set_state("8001", "ready")
    await expect(page.locator("#seat")).to_have_attribute("data-state", "ready", timeout=SHOWN_MS)
    await on_the_line(room, page)
    await expect(page.locator("#d-title")).to_have_value("", timeout=SHOWN_MS)
    await page.keyboard.press("Alt+n")
    await expect(dialog.locator("textarea")).to_have_value("")
    assert await dialog.locator("select").evaluate("(node) => node.selectedIndex") == 0
