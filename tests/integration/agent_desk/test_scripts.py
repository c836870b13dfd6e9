"""The script room in a browser: a draft is written, drawn, tried and published by keyboard; axe finds nothing."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Browser, Page, expect

from ivr.script.document import read_text
from ivr.script.nodes import Say
from ivr.script.versions import current, publish, shipped_document
from tests.integration.agent_desk.room import SHOWN_MS, Room, until_true
from tests.integration.agent_desk.test_axe import faults, signed_in

LOOK = os.environ.get("HOTLINE_LOOK", "")
"""A folder for pictures of the pages, for people who change how they look."""


async def picture(page: Page, name: str) -> None:
    if LOOK:
        await page.screenshot(path=Path(LOOK) / f"{name}.png")


async def published(room: Room, name: str) -> None:
    async with room.sessions.begin() as session:
        await publish(session, room.clock, shipped_document(name).text, note="首次启用")


async def begun(room: Room, browser: Browser) -> Page:
    """A draft of the menu script, open and checked."""
    await published(room, "direct")
    await published(room, "menu")
    page = await signed_in(room, browser, "ADMIN")
    await page.goto(room.url + "/admin/scripts")
    await page.fill("[name=title]", "国庆期间提示语")
    await page.keyboard.press("Enter")
    await expect(page.locator("#verdict")).to_contain_text("可以发布", timeout=SHOWN_MS)
    return page


async def test_the_list_the_comparison_and_going_back(room: Room, browser: Browser) -> None:
    await published(room, "direct")
    await published(room, "menu")
    page = await signed_in(room, browser, "ADMIN")
    await page.goto(room.url + "/admin/scripts")
    assert await faults(page) == []
    await picture(page, "list")
    await page.get_by_role("link", name="与正在使用的版本比较").click()
    await expect(page.locator(".diff mark").first).to_be_visible(timeout=SHOWN_MS)
    assert await faults(page) == []
    await picture(page, "diff")
    await page.get_by_role("link", name="返回").click()
    await page.get_by_role("button", name="恢复 direct 第 1 版").press("Enter")
    await expect(page.locator("#confirm")).to_be_visible(timeout=SHOWN_MS)
    assert await faults(page) == []
    await page.locator("#confirm-yes").press("Enter")
    await expect(page.locator(".facts")).to_contain_text("direct 第 2 版", timeout=SHOWN_MS)
    assert room.faults == []


async def test_a_draft_is_written_as_text_and_says_what_is_wrong_where(room: Room, browser: Browser) -> None:
    page = await begun(room, browser)
    assert await faults(page) == []
    await picture(page, "draft")
    text = page.locator("#text")
    await text.fill((await text.input_value()).replace("next: main", "next: nowhere"))
    await expect(page.locator("#verdict")).to_contain_text("1 个错误", timeout=SHOWN_MS)
    await expect(page.locator(".card.error")).to_have_attribute("data-node", "greet")
    await expect(page.locator("#publish")).to_be_disabled()
    assert await faults(page) == []
    await picture(page, "error")
    await page.locator("#findings button").first.press("Enter")
    assert "next: nowhere" in await page.evaluate("getSelection().toString()")
    await page.keyboard.press("Control+z")
    await expect(page.locator("#verdict")).to_contain_text("可以发布", timeout=SHOWN_MS)
    await page.keyboard.press("Control+y")
    await expect(page.locator("#verdict")).to_contain_text("1 个错误", timeout=SHOWN_MS)
    await page.keyboard.press("Control+z")
    await expect(page.locator("#saved")).to_have_text("已保存", timeout=SHOWN_MS)
    assert room.faults == []


async def test_the_picture_is_walked_and_a_node_changed_by_keys(room: Room, browser: Browser) -> None:
    page = await begun(room, browser)
    before = await page.locator("#text").input_value()
    await page.focus("#graph")
    await page.keyboard.press("Home")
    await page.keyboard.press("Enter")
    await expect(page.locator(".card.chosen")).to_have_attribute("data-node", "main")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator(".card.chosen")).to_have_attribute("data-node", "progress")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("e")
    prompt = page.locator("[data-place=prompt]")
    await expect(prompt).to_be_visible(timeout=SHOWN_MS)
    assert await faults(page) == []
    await picture(page, "form")
    await prompt.fill("您好，国庆期间人工服务照常。")
    await prompt.press("Tab")
    await expect(page.locator(".card[data-node=greet] p")).to_contain_text("国庆期间", timeout=SHOWN_MS)
    after = await page.locator("#text").input_value()
    differing = [line for line, old in zip(after.splitlines(), before.splitlines(), strict=True) if line != old]
    assert differing == ["    prompt: 您好，国庆期间人工服务照常。"]
    await page.locator("#add").press("Enter")
    await page.locator("#name").fill("notice")
    await page.locator("#name").press("Enter")
    await expect(page.locator(".card[data-node=notice]")).to_be_visible(timeout=SHOWN_MS)
    await page.locator("#fit").press("Enter")
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await page.locator("#fit").press("Enter")
    await picture(page, "fit")
    assert await faults(page) == []
    await page.focus("#graph")
    await expect(page.locator("#undo")).to_be_enabled()
    for _ in range(2):
        await page.keyboard.press("Control+z")
    await expect(page.locator("#text")).to_have_value(before)
    assert room.faults == []


async def test_a_walk_lights_up_is_kept_and_the_draft_is_published(room: Room, browser: Browser) -> None:
    page = await begun(room, browser)
    text = page.locator("#text")
    await text.fill((await text.input_value()).replace("通话将被录音", "通话将会录音"))
    await page.locator("#t-source").press("ArrowRight")
    await page.locator("#t-node").press("ArrowRight")
    await page.locator("[data-key=wait]").press("Enter")
    await page.locator("[data-key='2']").press("Enter")
    await expect(page.locator(".card.lit[data-node=progress]")).to_have_count(1, timeout=SHOWN_MS)
    await page.fill("#w-title", "查进度")
    await page.keyboard.press("Enter")
    await expect(page.locator("#cases")).to_contain_text("查进度", timeout=SHOWN_MS)
    assert await faults(page) == []
    await picture(page, "walk")
    await page.locator("#t-walk").press("ArrowRight")
    await expect(page.locator("#p-paths table")).to_be_visible()
    assert await faults(page) == []
    await page.check("#heat")
    await expect(page.locator("#graph")).to_have_class("hot", timeout=SHOWN_MS)
    await picture(page, "heat")
    await expect(page.locator("#publish")).to_be_enabled(timeout=SHOWN_MS)
    await page.locator("#publish").press("Enter")
    await page.fill("#note", "改录音提示")
    assert await faults(page) == []
    await page.keyboard.press("Enter")
    await expect(page.locator(".facts")).to_contain_text("menu 第 2 版", timeout=SHOWN_MS)
    async with room.sessions() as session:
        now = await current(session)
    assert now is not None and now.note == "改录音提示"
    greet = read_text(now.yaml).script.nodes["greet"]
    assert isinstance(greet, Say) and "通话将会录音" in greet.prompt
    assert room.faults == []


async def test_two_on_one_draft_see_each_other_and_nothing_is_overwritten(room: Room, browser: Browser) -> None:
    page = await begun(room, browser)
    other = await page.context.new_page()
    await other.goto(page.url)
    await expect(other.locator("#verdict")).to_contain_text("可以发布", timeout=SHOWN_MS)
    await page.locator("#text").press("Control+End")
    await page.keyboard.type("# 甲")
    await expect(page.locator("#saved")).to_have_text("已保存", timeout=SHOWN_MS)
    await until_true(page, "document.querySelector('#saved').textContent === '已保存'")
    await other.locator("#text").press("Control+Home")
    await other.keyboard.type("# 乙\n")
    await expect(other.locator("#conflict")).to_contain_text("没有覆盖对方", timeout=SHOWN_MS)
    assert await faults(other) == []
    await picture(other, "conflict")
    await other.locator("#conflict button").last.press("Enter")
    await expect(other.locator("#saved")).to_have_text("已保存", timeout=SHOWN_MS)
    assert (await other.locator("#text").input_value()).endswith("# 甲")
    assert room.faults == []
