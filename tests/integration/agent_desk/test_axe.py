"""axe-core over every page and dialog: nothing that keeps somebody out. tests/vendor/axe holds it (MPL-2.0)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select, update

from db.models import Unit, User
from tests.fakes.desk_seed import PASSWORD
from tests.fakes.desk_talks import fire_heard
from tests.integration.agent_desk.room import SHOWN_MS, Room, a_browser, on_the_line
from tests.sign_in import let_in
from tests.unit.agent_desk.conftest import LAMP
from tickets.actor import Actor
from tickets.desk import TicketDesk
from tickets.fields import TicketFields

AXE = (Path(__file__).parents[2] / "vendor" / "axe" / "axe.min.js").read_text(encoding="utf-8")


async def faults(page: Page) -> list[str]:
    """What axe finds on the page as it stands: rule, element, why."""
    if not await page.evaluate("typeof window.axe !== 'undefined'"):
        await page.evaluate(AXE)
    found: dict[str, Any] = await page.evaluate("async () => ({all: (await axe.run(document)).violations})")
    return [
        f"{rule['id']}: {node['html'][:120]} — {node['failureSummary']}"
        for rule in found["all"]
        for node in rule["nodes"]
    ]


async def test_the_desk_at_rest_and_in_a_call(room: Room, page: Page) -> None:
    assert await faults(page) == []
    await on_the_line(room, page)
    said = await room.feed.say("citizen", "白霓镇文化路井盖坏了")
    await room.feed.say("agent", "好的")
    await room.feed.suggest("title", "井盖损坏", "井盖损坏", 0.9, said, "井盖坏了", "白霓镇文化路井盖坏了")
    await room.feed.suggest("appeal_type", "HELP", "求助", 0.8, said, "坏了", "白霓镇文化路井盖坏了")
    await room.feed.gap("citizen", 4)
    await fire_heard(room.feed)
    await expect(page.locator(".alert.emergency")).to_be_visible(timeout=SHOWN_MS)
    await page.fill("#a-search", "公积金提取")
    await expect(page.locator(".a-item").first).to_be_visible(timeout=SHOWN_MS)
    assert await faults(page) == []
    await page.keyboard.press("Enter")
    await expect(page.locator("#answers").get_by_role("button", name="返回")).to_be_visible(timeout=SHOWN_MS)
    await page.click("#d-category_code")
    await expect(page.locator("#o-category_code")).to_be_visible()
    assert await faults(page) == []


@pytest.mark.parametrize(
    ("keys", "dialog"),
    [
        ("F9", "dlg-handoff"),
        ("Alt+t", "dlg-transfer"),
        ("Alt+p", "dlg-pad"),
        ("Alt+j", "dlg-devices"),
        ("F1", "dlg-help"),
        ("decline", "dlg-decline"),
    ],
)
async def test_the_dialogs_of_the_desk(room: Room, page: Page, keys: str, dialog: str) -> None:
    await on_the_line(room, page)
    if keys == "decline":
        await page.click("[data-submit=decline]")
    else:
        await page.keyboard.press(keys)
    await expect(page.locator(f"#{dialog}")).to_be_visible(timeout=SHOWN_MS)
    assert await faults(page) == []


PAGES = {
    "/tickets": "AGENT",
    "/tickets?q=没有这样的工单": "AGENT",
    "/password": "AGENT",
    "/no-such-page": "AGENT",
    "/home": "CITIZEN",
    "/board": "SHIFT_LEAD",
    "/unwatched": "SHIFT_LEAD",
    "/figures": "ANALYST",
    "/figures?part=agents": "ANALYST",
    "/figures?part=ways": "ANALYST",
    "/figures?part=rules": "ANALYST",
    "/unit": "UNIT_LIAISON",
    "/requests": "DISPATCH_HEAD",
    "/second-factor": "AGENT",
    "/admin": "ADMIN",
    "/admin/accounts": "ADMIN",
    "/admin/accounts/new": "ADMIN",
    "/admin/accounts/1": "ADMIN",
    "/admin/accounts/import": "ADMIN",
    "/admin/units": "ADMIN",
    "/admin/units/new": "ADMIN",
    "/admin/units/2": "ADMIN",
    "/admin/scripts": "ADMIN",
    "/audit": "SECURITY",
}


async def signed_in(room: Room, browser: Browser, role: str) -> Page:
    """A page of somebody with this role."""
    login = "urban" if role == "UNIT_LIAISON" else "agent2"
    async with room.sessions.begin() as session:
        await session.execute(update(User).where(User.login == login).values(roles=[role]))
    page = await (await a_browser(browser)).new_page()
    page.on("pageerror", lambda error: room.faults.append(str(error)))
    await let_in(page, room.url, login, PASSWORD)
    return page


async def a_ticket(room: Room) -> str:
    """A ticket of the urban unit's, signed for: its page has a form."""
    async with room.sessions() as session:
        unit = await session.scalar(select(Unit).where(Unit.code == "urban"))
    assert unit is not None
    fields = TicketFields.parse(LAMP | {"phone": "13912345678"})
    desk = TicketDesk(room.sessions, room.bus, room.clock)
    made = await desk.open_ticket(Actor(1, "王丽", frozenset({"AGENT"})), fields, unit_id=unit.id)
    await desk.sign(Actor(2, "李", frozenset({"UNIT_LIAISON"}), unit_id=unit.id), made.id)
    return made.ticket_no


@pytest.mark.parametrize("role", ["UNIT_LIAISON", "DISPATCHER"])
async def test_a_ticket_and_the_list_that_holds_it(room: Room, browser: Browser, role: str) -> None:
    number = await a_ticket(room)
    page = await signed_in(room, browser, role)
    base = "/unit" if role == "UNIT_LIAISON" else "/tickets"
    await page.goto(f"{room.url}{base}?show={'doing' if role == 'UNIT_LIAISON' else 'open'}")
    await expect(page.locator("#rows")).to_contain_text(number)
    assert await faults(page) == []
    await page.goto(room.url + ("/unit/tickets/" if role == "UNIT_LIAISON" else "/tickets/") + number)
    await expect(page.locator("h1")).to_contain_text(number)
    assert await faults(page) == []
    if role == "UNIT_LIAISON":
        await page.click(".reply-form button")
        await expect(page.locator(".err").first).to_be_visible(timeout=SHOWN_MS)
        assert await faults(page) == []


async def test_the_acts_on_a_ticket(room: Room, browser: Browser) -> None:
    number = await a_ticket(room)
    page = await signed_in(room, browser, "UNIT_LIAISON")
    await page.goto(f"{room.url}/unit/tickets/{number}")
    act = page.locator("details.case-act", has_text="申请延期")
    await act.locator("summary").focus()
    await page.keyboard.press("Enter")
    await page.fill("#ask_extension-amount", "300")
    await page.fill("#ask_extension-reason", "需要等待配件到货")
    assert await faults(page) == []
    await act.get_by_role("button").click()
    await expect(page.locator("#e-ask_extension-amount")).to_be_visible(timeout=SHOWN_MS)
    await expect(page.locator("#ask_extension-reason")).to_have_value("需要等待配件到货")
    assert await faults(page) == []
    await page.fill("#ask_extension-amount", "2")
    await act.get_by_role("button").click()
    await expect(page.locator(".trail")).to_contain_text("申请延期", timeout=SHOWN_MS)


@pytest.mark.parametrize("path", PAGES)
async def test_the_other_pages(room: Room, browser: Browser, path: str) -> None:
    page = await signed_in(room, browser, PAGES[path])
    await page.goto(room.url + path)
    await page.wait_for_load_state("networkidle")
    assert await faults(page) == []


async def test_the_board_with_a_seat_and_a_call(room: Room, page: Page, browser: Browser) -> None:
    await on_the_line(room, page)
    board = await signed_in(room, browser, "SHIFT_LEAD")
    await board.goto(room.url + "/board")
    await expect(board.locator("#agents tbody tr")).not_to_have_count(0, timeout=SHOWN_MS)
    await expect(board.locator("#calls tbody tr")).not_to_have_count(0, timeout=SHOWN_MS)
    assert await faults(board) == []


async def test_the_list_to_transfer_to_is_walked_by_keys(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.keyboard.press("Alt+t")
    await expect(page.locator("#tr-list [role=option]").nth(2)).to_be_visible(timeout=SHOWN_MS)
    await page.focus("#tr-list")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#tr-1")).to_have_attribute("aria-selected", "true")
    await expect(page.locator("#dlg-transfer [name=q]")).to_have_attribute("aria-activedescendant", "tr-1")


async def test_the_door(room: Room, browser: Browser) -> None:
    page = await (await a_browser(browser)).new_page()
    await page.goto(room.url + "/login")
    assert await faults(page) == []
