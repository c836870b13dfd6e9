"""The draft on the agent's page: what is typed stays, what is suggested is one key away, all of it is saved."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Page, Route, expect

from db.models import TicketDraft
from tests.integration.agent_desk.room import SHOWN_MS, Room, on_the_line

WHITE_SPRING = "421223100200"


async def test_what_the_agent_typed_is_never_overwritten(room: Room, page: Page) -> None:
    await on_the_line(room, page)
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
    await room.feed.say("citizen", "还有路灯")
    await expect(page.locator("#t-list .u")).to_have_count(2)
    await expect(page.locator("#t-list .u.flash mark.quote")).to_have_text("白霓镇文化路")
    await page.hover("#t-list .u.flash")
    await page.hover("#l-place_text")
    await expect(page.locator("#t-list .u.flash, #t-list mark.quote")).to_have_count(0)


async def test_words_put_right_are_marked_and_one_key_goes_back_to_what_was_recognised(
    room: Room, page: Page
) -> None:
    await on_the_line(room, page)
    text = "白权村的路灯不亮"
    said = await room.feed.say("citizen", text)
    await room.feed.suggest("place_text", "白泉村", "白泉村", 0.9, said, "白权村", text, literal="白权村")
    field = page.locator("[data-field=place_text]")
    await expect(field.locator(".ghost-text")).to_have_text("白泉村", timeout=SHOWN_MS)
    await expect(field).to_have_class(re.compile(r"\bcorrected\b"))
    await page.hover("#l-place_text")
    await expect(page.locator("#tip")).to_contain_text("听写原文：“白权村”")
    await page.focus("#d-place_text")
    for value, marked in (("白权村", False), ("白泉村", True), ("白权村", False)):
        await page.keyboard.press("Alt+z")
        await expect(page.locator("#d-place_text")).to_have_value(value)
        assert ("corrected" in (await field.get_attribute("class") or "")) is marked
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)


async def test_enter_that_belongs_to_an_input_method_does_nothing(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    text = "白泉村的路灯不亮"
    said = await room.feed.say("citizen", text)
    await room.feed.suggest("title", "路灯不亮", "路灯不亮", 0.9, said, "路灯不亮", text)
    await expect(page.locator("[data-field=title] .ghost-text")).to_have_text("路灯不亮", timeout=SHOWN_MS)
    await page.fill("#a-search", "公积金")
    await expect(page.locator(".a-item").first).to_be_visible(timeout=SHOWN_MS)
    press = """([where, composing]) => {
        const field = document.querySelector(where);
        field.focus();
        field.dispatchEvent(new KeyboardEvent("keydown",
            {key: "Enter", isComposing: composing, bubbles: true, cancelable: true}));
    }"""
    for field in ("#d-title", "#a-search"):
        await page.evaluate(press, [field, True])
    await expect(page.locator("#d-title")).to_have_value("")
    await expect(page.locator(".a-item").first).to_be_visible()
    await page.evaluate(press, ["#d-title", False])
    await expect(page.locator("#d-title")).to_have_value("路灯不亮")


async def test_a_number_and_a_place_are_read_whole_before_they_are_taken(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    text = "我是白泉村的电话13586427903"
    said = await room.feed.say("citizen", text)
    village = "湖北省咸宁市崇阳县天城镇白泉村"
    await room.feed.suggest("phone", "13586427903", "13586427903", 0.92, said, "13586427903", text)
    await room.feed.suggest("region_code", WHITE_SPRING, village, 0.83, said, "白泉村", text)
    for field, shown in (("phone", "13586427903"), ("region_code", "白泉村")):
        ghost = page.locator(f"[data-field={field}] .ghost-text")
        await expect(ghost).to_have_text(shown, timeout=SHOWN_MS)
        assert await ghost.evaluate("(node) => node.scrollWidth <= node.clientWidth"), field
    await page.hover("#d-region_code", position={"x": 20, "y": 10})
    await expect(page.locator("#d-region_code")).to_have_attribute("title", village)
    await page.hover("#d-phone", position={"x": 20, "y": 10})
    await expect(page.locator("#d-phone")).to_have_attribute("title", "")
    await expect(page.locator("[data-field=phone] .ghost-take")).to_have_attribute("aria-label", re.compile("92%"))


async def test_the_caller_s_own_number_is_read_before_it_is_taken(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.suggest("phone", "13912345678", "来电号码", 0.6, "", "", "")
    await expect(page.locator("[data-field=phone] .ghost-text")).to_have_text("13912345678", timeout=SHOWN_MS)


async def test_the_tip_promises_the_words_only_where_a_click_leads_to_them(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    text = "井盖坏了"
    said = await room.feed.say("citizen", text)
    await room.feed.suggest("appeal_type", "HELP", "求助", 0.8, said, "坏了", text)
    await room.feed.suggest("procedure", "SIMPLE", "简易程序", 0.8, "", "", "")
    tip = page.locator("#tip")
    choice = page.locator("[data-field=appeal_type] .suggested")
    await expect(choice).to_have_text("求助", timeout=SHOWN_MS)
    await choice.hover()  # a click takes it
    await expect(tip).to_contain_text("坏了")
    await expect(tip).not_to_contain_text("点击定位")
    await page.hover("#l-appeal_type")
    await expect(tip).to_contain_text("点击定位到原话")
    await page.hover("[data-field=procedure] .suggested")
    await expect(tip).to_contain_text("按来电和其他项推断")
    await expect(tip).not_to_contain_text("点击定位")


async def test_the_tip_goes_with_the_button_it_belongs_to(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    text = "白霓镇文化路井盖坏了"
    said = await room.feed.say("citizen", text)
    await room.feed.suggest("title", "井盖损坏", "井盖损坏", 0.6, said, "井盖坏了", text)
    take = page.locator("[data-field=title] .ghost-take")
    await expect(take).to_be_visible(timeout=SHOWN_MS)
    await take.hover()
    await expect(page.locator("#tip")).to_be_visible()
    await page.keyboard.press("Alt+y")  # taken by key: no "mouseleave" tells that the button is gone
    await expect(page.locator("#d-title")).to_have_value("井盖损坏")
    await expect(page.locator("#tip")).to_be_hidden()


async def test_take_all_takes_as_many_as_it_says(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    text = "白霓镇文化路井盖坏了，我要投诉"
    said = await room.feed.say("citizen", text)
    for field, value, label in (
        ("title", "井盖损坏", "井盖损坏"),
        ("place_text", "白霓镇文化路", "白霓镇文化路"),
        ("category_code", "1106", "路灯、井盖"),
        ("region_code", "1", "没有这个地方"),  # a list without it has nothing to take
        ("appeal_type", "COMPLAINT", "投诉"),
        ("urgency", "GENERAL", "一般"),  # it is so without being taken
    ):
        await room.feed.suggest(field, value, label, 0.8, said, "井盖", text)
    button = page.locator("#d-take")
    await expect(button).to_contain_text("采纳 4 项建议", timeout=SHOWN_MS)
    await button.click()
    await expect(button).to_be_hidden()
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)
    async with room.sessions() as session:
        draft = await session.get(TicketDraft, room.feed.call_id)
    assert draft is not None
    assert set(draft.fields) == {"title", "place_text", "category_code", "appeal_type"}


async def test_a_narrow_field_s_fault_stands_in_one_line_without_its_name(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.fill("#d-phone", "123456789012")
    await page.keyboard.press("Alt+s")
    fault = page.locator("#e-phone")
    await expect(fault).to_have_text("电话号码不对，请与来电人核对", timeout=SHOWN_MS)
    box = await fault.bounding_box()
    assert box is not None and box["height"] < 20


async def test_enter_and_tab_take_what_is_lit_in_a_picker_and_not_the_suggestion(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    text = "井盖坏了"
    said = await room.feed.say("citizen", text)
    await room.feed.suggest("category_code", "1106", "路灯、井盖", 0.9, said, "井盖", text)
    box, ghost = page.locator("#d-category_code"), page.locator("[data-field=category_code] .ghost-text")
    await expect(ghost).to_have_text("路灯、井盖", timeout=SHOWN_MS)
    for key in ("Enter", "Tab"):
        await box.fill("农村饮水")
        await expect(page.locator("#o-category_code [aria-selected=true]")).to_contain_text("农村饮水")
        await box.press(key)
        await expect(box).to_have_value(re.compile("农村饮水"))
        await box.fill("")
        await box.blur()
        await expect(box).to_have_value("")
    await box.fill("没有这样的分类")
    await box.press("Enter")
    await expect(box).to_have_value("没有这样的分类")
    await box.press("Escape")
    await expect(box).to_have_value("")
    await box.click()  # only looked at: nothing in the list is meant, Enter takes the suggestion
    await box.press("Enter")
    await expect(box).to_have_value("路灯、井盖")


async def test_a_search_given_up_leaves_the_suggestion_where_it_was(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    text = "井盖坏了"
    said = await room.feed.say("citizen", text)
    await room.feed.suggest("category_code", "1106", "路灯、井盖", 0.9, said, "井盖", text)
    box, ghost = page.locator("#d-category_code"), page.locator("[data-field=category_code] .ghost-text")
    await expect(ghost).to_be_visible(timeout=SHOWN_MS)
    for leave in ("Escape", "Alt+k"):
        await box.fill("饮水")
        await expect(ghost).to_be_hidden()
        await page.keyboard.press(leave)
        await expect(box).to_have_value("")
        await expect(ghost).to_be_visible()
        await expect(ghost).to_have_text("路灯、井盖")


async def test_typing_while_the_link_is_away_is_kept_and_saved_later(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.context.set_offline(True)
    await page.fill("#d-title", "断网时写的")
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^没有保存"), timeout=SHOWN_MS)
    await page.context.set_offline(False)
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)
    async with room.sessions() as session:
        draft = await session.get(TicketDraft, room.feed.call_id)
    assert draft is not None and draft.fields["title"] == "断网时写的"


async def test_a_state_read_before_the_typing_does_not_undo_it(room: Room, page: Page) -> None:
    """It may arrive after the typing was saved, and the ticket is made of what the page holds."""
    await on_the_line(room, page)
    read, typed = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        response = await route.fetch()
        read.set()
        await typed.wait()
        await route.fulfill(response=response, json=await response.json() | {"waiting": {"common": 7}})

    await page.route("**/api/desk/state*", slowly)
    room.cut_links()
    async with asyncio.timeout(SHOWN_MS / 1000):
        await read.wait()
    await page.fill("#d-title", "路灯不亮")
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)
    typed.set()
    await expect(page.locator("#g-queue")).to_contain_text("7", timeout=SHOWN_MS)
    await page.unroute("**/api/desk/state*")
    async with page.expect_request("**/api/desk/submit/*") as sent:
        await page.keyboard.press("Alt+s")
    body = (await sent.value).post_data_json
    assert body is not None and body["fields"]["title"] == "路灯不亮"


async def test_typing_that_never_reached_the_server_survives_a_reload(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.route("**/api/desk/draft/*", lambda route: route.abort())
    await page.fill("#d-title", "没来得及保存的")
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^没有保存"), timeout=SHOWN_MS)
    await page.unroute("**/api/desk/draft/*")
    # As a crash: nothing is sent while the page goes away.
    await page.evaluate("addEventListener('pagehide', (e) => e.stopImmediatePropagation(), {capture: true})")
    await page.reload()
    await expect(page.locator("#d-title")).to_have_value("没来得及保存的", timeout=SHOWN_MS)
    await expect(page.locator("#d-saved")).to_have_text(re.compile("^已保存"), timeout=SHOWN_MS)
    async with room.sessions() as session:
        draft = await session.get(TicketDraft, room.feed.call_id)
    assert draft is not None and draft.fields["title"] == "没来得及保存的"
    assert await page.evaluate("Object.keys(sessionStorage).filter((key) => key.startsWith('unsaved'))") == []


async def test_knowledge_is_found_as_one_types_and_becomes_the_answer(room: Room, page: Page) -> None:
    await on_the_line(room, page)
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


async def test_a_submitted_ticket_takes_no_answer_any_more(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.keyboard.press("Alt+k")
    await page.keyboard.type("公积金提取")
    await expect(page.locator(".a-item").first).to_contain_text("公积金", timeout=SHOWN_MS)
    use = page.locator("#answers").get_by_role("button", name="按此答复")
    await page.keyboard.press("Enter")
    await expect(use).to_have_count(1, timeout=SHOWN_MS)
    await use.click()
    await page.fill("#d-title", "咨询公积金提取")
    await page.fill("#d-content", "咨询公积金提取条件。")
    await page.click("[data-field=appeal_type] [data-value=CONSULT]")
    await page.fill("#d-category_code", "公积金")
    await page.keyboard.press("Enter")
    await expect(use).to_be_enabled()
    await page.keyboard.press("Alt+a")
    await expect(page.locator("#d-done")).to_contain_text("已提交", timeout=SHOWN_MS)
    await expect(use).to_be_disabled()
    await page.get_by_role("button", name="返回").click()
    await expect(page.locator(".a-item [data-use]").first).to_be_disabled()


@pytest.mark.parametrize("what", ["search", "articles"])
async def test_knowledge_that_cannot_be_read_is_said_to_be_so(room: Room, page: Page, what: str) -> None:
    await on_the_line(room, page)
    await page.keyboard.press("Alt+k")
    await page.keyboard.type("公积金提取")
    first = page.locator(".a-item").first
    await expect(first).to_contain_text("公积金", timeout=SHOWN_MS)
    await page.route(f"**/api/kb/{what}*/**" if what == "articles" else "**/api/kb/search*", lambda r: r.abort())
    if what == "search":
        await page.keyboard.type("条件")
    else:
        await page.keyboard.press("Enter")
    await expect(page.locator("#a-body")).to_contain_text("网络不通，请稍后重试", timeout=SHOWN_MS)
    await expect(first).to_have_count(0)
    if what == "articles":
        await page.get_by_role("button", name="返回").click()
        await expect(first).to_contain_text("公积金")


async def test_a_ticket_being_written_after_the_talk_survives_a_lost_link(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.fill("#d-title", "写到一半的")
    await room.feed.end(room.settings.recordings_dir)
    await room.control.do("ready", actor="8001")
    await expect(page.locator("#seat")).to_have_attribute("data-state", "ready", timeout=SHOWN_MS)
    for _ in range(2):  # when the second state is asked for, the first is on the screen
        async with page.expect_response("**/api/desk/state*"):
            room.cut_links()
    await expect(page.locator("#d-title")).to_be_visible()
    await expect(page.locator("#d-title")).to_have_value("写到一半的", timeout=SHOWN_MS)
