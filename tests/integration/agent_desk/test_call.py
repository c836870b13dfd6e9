"""A call on the agent's page: from ring to ticket by keyboard, through a reload, over to 119, and afterwards."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from playwright.async_api import Page, Route, expect
from sqlalchemy import select

from db.models import Ticket
from runtime.events import CallAnswered, QueueChanged
from tests.fakes.desk_talks import fire_heard, manhole_talk
from tests.integration.agent_desk.room import SHOWN_MS, Room, on_the_line, until, until_true


async def test_a_call_from_ring_to_ticket_by_keyboard(room: Room, page: Page) -> None:
    await on_the_line(room, page)
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


async def test_a_reload_in_mid_call_loses_nothing_and_asks_for_the_line_back(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.say("citizen", "白霓镇文化路井盖坏了")
    await page.fill("#d-title", "井盖损坏")
    await page.reload()
    await expect(page.locator("#d-title")).to_have_value("井盖损坏", timeout=SHOWN_MS)
    await expect(page.locator("#t-list .u p")).to_have_text("白霓镇文化路井盖坏了")
    await expect(page.locator("#g-reg")).to_have_text("已注册", timeout=SHOWN_MS)
    await expect(page.locator("#line")).to_have_attribute("data-state", "talking")
    await until_true(page, "fakeSip.log.includes('registered')")
    await until(page, lambda: bool(room.control.acts("rejoin")))
    await page.evaluate("fakeSip.ring({'X-Hotline-Answer': 'auto'})")
    await until_true(page, "fakeSip.log.includes('answer')")
    assert room.control.acts("rejoin") == [("8001", room.feed.call_id, {})]


async def test_a_call_we_hung_up_is_not_asked_back_while_the_server_still_tells_of_it(
    room: Room, page: Page
) -> None:
    await on_the_line(room, page)
    await page.keyboard.press("F4")
    await until(page, lambda: bool(room.control.acts("hangup")))
    await page.evaluate("fakeSip.end()")
    await expect(page.locator("#k-hangup")).to_be_disabled(timeout=SHOWN_MS)
    state = ""
    async with asyncio.timeout(SHOWN_MS / 1000):
        while state != "talking":  # what the server still says
            async with page.expect_response("**/api/desk/state*") as told:
                room.cut_links()
            state = (await (await told.value).json())["call"]["state"]
    await page.evaluate("fakeSip.ring()")
    await expect(page.locator("#k-answer")).to_be_enabled(timeout=SHOWN_MS)
    assert room.control.acts("rejoin") == []
    assert await page.evaluate("fakeSip.log") == ["registered", "answer"]


async def test_only_a_ring_that_gives_the_call_back_is_taken_by_itself(room: Room, page: Page) -> None:
    room.control.refuse["rejoin"] = "您操作的通话已经结束。"
    await on_the_line(room, page)
    await page.reload()
    await until(page, lambda: bool(room.control.acts("rejoin")))
    await expect(page.locator("#alerts")).to_contain_text("您操作的通话已经结束", timeout=SHOWN_MS)
    await page.evaluate("fakeSip.ring()")
    await expect(page.locator("#k-answer")).to_be_enabled(timeout=SHOWN_MS)
    assert await page.evaluate("fakeSip.log") == ["registered"]


async def test_being_answered_anew_after_a_reload_does_not_begin_the_talk_anew(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await expect(page.locator("#line-timer")).to_have_text(re.compile("^00:"), timeout=SHOWN_MS)
    now = room.clock.now()
    await room.bus.publish(
        CallAnswered(
            call_id=room.feed.call_id,
            agent="8001",
            citizen_channel="PJSIP/trunk-1",
            agent_channel="PJSIP/8001-2",
            at=now - timedelta(hours=1),  # any other time than that of the first answer
            origin=now,
        )
    )
    await room.feed.say("citizen", "喂")
    await expect(page.locator("#t-list .u p")).to_have_text("喂", timeout=SHOWN_MS)
    assert (await page.inner_text("#line-timer")).startswith("00:")


async def test_the_keypad_sends_keys_and_escape_closes_it(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.keyboard.press("Alt+p")
    pad = page.locator("#dlg-pad")
    await expect(pad).to_be_visible()
    await page.keyboard.type("12#")
    await expect(page.locator("#pad-out")).to_have_text("12#")
    await page.keyboard.press("Tab")
    await expect(pad.locator("[data-digit='2']")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(pad).to_be_hidden()


async def test_an_emergency_alerts_and_goes_over_after_one_confirm(room: Room, page: Page) -> None:
    await on_the_line(room, page)
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
    await expect(banner).to_have_count(0)  # 119 has taken over: what was heard until then is dealt with


async def test_an_alert_that_is_none_stays_answered(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await fire_heard(room.feed)
    banner = page.locator(".alert.emergency")
    async with page.expect_response("**/api/desk/alerts/*") as kept:
        await banner.get_by_role("button", name="不是紧急情况").click(timeout=SHOWN_MS)
    assert (await kept.value).ok
    await expect(banner).to_have_count(0)
    await page.reload()
    await expect(page.locator("#t-list .u p").first).to_be_visible(timeout=SHOWN_MS)
    await expect(banner).to_have_count(0)


async def test_how_many_wait_is_seen_as_it_changes(room: Room, page: Page) -> None:
    for waiting in (3, 2):
        await room.bus.publish(
            QueueChanged(queue="common", waiting=waiting, oldest_since=room.clock.now(), ready=0, staffed=1)
        )
        await expect(page.locator("#g-queue b")).to_have_text(str(waiting), timeout=SHOWN_MS)


@pytest.mark.parametrize(
    ("status", "reason", "told"),
    [
        ("failed", "busy", "对方占线。市民仍在您这里。"),
        ("no_answer", "no_answer", "对方无人接听。市民仍在您这里。"),
        ("failed", "left", "对方接听后随即挂断。市民仍在您这里。"),
        ("failed", "something_new", "电话没有接通。市民仍在您这里。"),
        ("returned", "", "市民仍在您这里。"),
    ],
)
async def test_why_the_other_side_was_not_reached_is_told_in_words(
    room: Room, page: Page, status: str, reason: str, told: str
) -> None:
    await on_the_line(room, page)
    await room.feed.handoff(status, "07153061234", reason=reason, name="城管局")
    strip = page.locator(".alert.handoff")
    await expect(strip.locator(".grow")).to_have_text(told, timeout=SHOWN_MS)
    await expect(strip).to_contain_text("城管局")
    assert reason not in await strip.inner_text() or not reason


async def test_a_ring_closes_what_stands_before_the_answer(room: Room, page: Page) -> None:
    await page.keyboard.press("F1")
    await expect(page.locator("#dlg-help")).to_be_visible()
    await on_the_line(room, page)  # answers by key, which dialogs keep for themselves
    await expect(page.locator("#dlg-help")).to_be_hidden()


@pytest.mark.parametrize(("key", "name"), [("F9", "handoff"), ("Alt+t", "transfer"), ("Alt+p", "pad")])
async def test_a_dialog_about_the_call_goes_with_the_call(room: Room, page: Page, key: str, name: str) -> None:
    await on_the_line(room, page)
    await page.keyboard.press(key)
    dialog = page.locator(f"#dlg-{name}")
    await expect(dialog).to_be_visible(timeout=SHOWN_MS)
    await room.feed.end()
    await page.evaluate("fakeSip.end()")
    await expect(dialog).to_be_hidden(timeout=SHOWN_MS)
    assert room.control.acts("handoff") == []


async def test_whom_nobody_finds_to_transfer_to_is_said(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.route("**/api/desk/transfer-targets", lambda route: route.abort())
    await page.keyboard.press("Alt+t")
    await expect(page.locator("#alerts")).to_contain_text("没有读到可以转接的坐席和单位", timeout=SHOWN_MS)
    await page.unroute("**/api/desk/transfer-targets")
    await page.keyboard.press("Alt+t")
    rows = page.locator("#tr-list li")
    await expect(rows.nth(1)).to_be_visible(timeout=SHOWN_MS)
    await page.keyboard.type("没有这样的单位")
    await expect(rows).to_have_text(["没有匹配的坐席、队列或单位；也可以直接输入号码"])
    await page.keyboard.press("Enter")
    await expect(page.locator("#dlg-transfer")).to_be_visible()


async def test_the_strip_of_a_hand_over_says_when_the_talk_has_ended(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await room.feed.handoff("accepted", "110")
    await room.feed.handoff("completed", "110")
    strip = page.locator(".alert.handoff")
    await expect(strip).to_contain_text("市民与对方继续通话", timeout=SHOWN_MS)
    await room.feed.end()
    await expect(strip).to_contain_text("通话已结束。请登记工单", timeout=SHOWN_MS)
    await expect(strip).not_to_contain_text("继续通话")


async def test_after_the_call_a_sentence_plays_from_the_recording(room: Room, page: Page) -> None:
    await on_the_line(room, page)
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


async def test_a_call_missed_while_its_state_was_read_leaves_the_screen(room: Room, page: Page) -> None:
    """The state that arrives then is older than the page, and would put the call back for good."""
    read, missed = asyncio.Event(), asyncio.Event()

    async def slowly(route: Route) -> None:
        response = await route.fetch()
        read.set()
        await missed.wait()
        await route.fulfill(response=response)

    await page.route("**/api/desk/state*", slowly)
    await room.feed.ring()
    await expect(page.locator(".c-number b")).to_have_text("139 1234 5678", timeout=SHOWN_MS)
    async with asyncio.timeout(SHOWN_MS / 1000):
        await read.wait()
    await room.feed.miss()
    await expect(page.locator("#seat")).to_have_attribute("data-state", "not_ready", timeout=SHOWN_MS)
    async with page.expect_response("**/api/desk/state*"):
        missed.set()
    await page.unroute("**/api/desk/state*")
    await expect(page.locator(".c-number b")).to_have_count(0, timeout=SHOWN_MS)


async def test_another_city_s_hotline_is_chosen_by_keyboard(room: Room, page: Page) -> None:
    await on_the_line(room, page)
    await page.keyboard.press("F9")
    dialog = page.locator("#dlg-handoff")
    await expect(dialog).to_be_visible()
    area = dialog.locator("[name=area]")
    for _ in range(4):
        await page.keyboard.press("ArrowDown")
    await expect(dialog.locator("[name=target][value='12345']")).to_be_checked()
    await page.keyboard.press("Tab")
    await expect(area).to_be_focused()
    await page.keyboard.type("0000")
    await page.keyboard.press("Enter")
    await expect(dialog.locator("#h-err")).to_contain_text("没有这个外地区号", timeout=SHOWN_MS)
    await expect(area).to_be_focused()
    assert room.control.acts("handoff") == []
    await area.fill("武汉")
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden(timeout=SHOWN_MS)
    await until(page, lambda: bool(room.control.acts("handoff")))
    assert room.control.acts("handoff")[0][2]["target"] == "02712345"
    await expect(page.locator(".alert.handoff")).to_contain_text("正在呼叫 02712345", timeout=SHOWN_MS)
    await room.feed.handoff("accepted", "02712345", name="武汉市12345")
    await expect(page.locator(".alert.handoff")).to_contain_text("武汉市12345 已接听", timeout=SHOWN_MS)
    await room.feed.handoff("completed", "02712345", name="武汉市12345")
    await expect(page.locator("[data-submit=hand_over]")).to_be_visible(timeout=SHOWN_MS)
