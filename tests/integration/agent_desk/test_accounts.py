"""Accounts in a real browser: made by keyboard alone, guarded by a second factor, imported from a file."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
from playwright.async_api import Browser, Page, expect

from accounts import sheet
from accounts.importing import HEADINGS
from tests.fakes.desk_seed import PASSWORD
from tests.integration.agent_desk.room import SHOWN_MS, Room, a_browser
from tests.integration.agent_desk.test_axe import faults
from tests.sign_in import sign_in


async def admin_page(room: Room, browser: Browser) -> Page:
    page = await (await a_browser(browser)).new_page()
    page.on("pageerror", lambda error: room.faults.append(str(error)))
    await sign_in(page, room.url, "admin", PASSWORD)
    await expect(page.locator("nav.all")).to_be_visible(timeout=SHOWN_MS)
    return page


async def test_an_account_is_made_by_keyboard_and_its_password_shown(room: Room, browser: Browser) -> None:
    page = await admin_page(room, browser)
    await page.goto(room.url + "/admin/accounts/new")
    await expect(page.locator("[name=login]")).to_be_focused()
    await page.keyboard.type("limin2")
    await page.keyboard.press("Tab")
    await page.keyboard.type("李小敏")
    await page.keyboard.press("Enter")
    await expect(page.locator("#e-roles")).to_be_visible(timeout=SHOWN_MS)
    assert await faults(page) == []
    assert await page.input_value("[name=login]") == "limin2", "nothing typed is lost"
    await page.focus("[name=role_QA]")
    await page.keyboard.press("Space")
    await page.focus("[name=seat]")
    await page.keyboard.press("Home")
    await page.focus("[name=unit_id]")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    await page.focus("[name=login]")
    await page.keyboard.press("Enter")
    await expect(page.locator("output.secret")).to_be_visible(timeout=SHOWN_MS)
    assert await faults(page) == []
    assert room.faults == []


async def test_a_second_factor_is_set_up_and_asked_for(room: Room, browser: Browser) -> None:
    page = await admin_page(room, browser)
    await page.goto(room.url + "/second-factor")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("svg.qr")).to_be_visible(timeout=SHOWN_MS)
    assert await faults(page) == []
    secret = (await page.inner_text("output.key")).replace(" ", "")
    await page.fill("#code", pyotp.TOTP(secret).at(room.clock.now()))
    await page.keyboard.press("Enter")
    await expect(page.locator(".codes li")).to_have_count(10, timeout=SHOWN_MS)
    assert await faults(page) == []
    recovery = await page.locator(".codes li").first.inner_text()
    other = await (await a_browser(browser)).new_page()
    await sign_in(other, room.url, "admin", PASSWORD)
    await expect(other.locator("#code")).to_be_focused(timeout=SHOWN_MS)
    assert await faults(other) == []
    await other.keyboard.type(recovery)
    await other.keyboard.press("Enter")
    await expect(other.locator("nav.all")).to_be_visible(timeout=SHOWN_MS)


async def test_a_file_is_checked_and_then_imported(room: Room, browser: Browser, tmp_path: Path) -> None:
    page = await admin_page(room, browser)
    await page.goto(room.url + "/admin/accounts/import")
    good = ["zhangwei2", "张小伟", "质检员", "城管局", "", ""]
    rows = [list(HEADINGS), good, ["x", *good[1:]]]
    file = tmp_path / "accounts.xlsx"
    file.write_bytes(sheet.write({"账号": rows}))
    await page.set_input_files("#file", file)
    await page.click("#check")
    await expect(page.locator("#bad tbody tr")).to_have_count(1, timeout=SHOWN_MS)
    await expect(page.locator("#make")).to_be_disabled()
    assert await faults(page) == []
    file.write_bytes(sheet.write({"账号": rows[:2]}))
    await page.set_input_files("#file", file)
    await page.click("#check")
    await expect(page.locator("#make")).to_be_enabled(timeout=SHOWN_MS)
    await page.click("#make")
    await expect(page.locator("#said")).to_contain_text("已导入 1 个账号", timeout=SHOWN_MS)
    await expect(page.locator("#good tbody td").last).to_have_text(re.compile(r"^\w{12}$"), timeout=SHOWN_MS)
    assert room.faults == []
