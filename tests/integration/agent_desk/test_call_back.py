"""Calling a message back on the agent's page: its ticket is shown, completed by key, and not doubled."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import timedelta

import numpy as np
from playwright.async_api import Page, expect
from sqlalchemy import delete, select

from calls.callbacks import tasks as callbacks
from db.models import Call, CallbackTask, Ticket, TicketDraft, Unit, Voicemail
from runtime.callid import new_call_id
from runtime.clock import local
from runtime.events import Suggestion
from sound import wav
from tests.integration.agent_desk.room import SHOWN_MS, Room, until

PHONE = "13912345678"
TEXT = "我想反映一个问题，天城镇白泉村的路灯坏了，从村口到小学全都不亮，希望你们尽快派人来修"
HEARD = {
    "appeal_type": ("HELP", "求助"),
    "category_code": ("1106", "路灯、井盖"),
    "title": ("白泉村路灯不亮", "白泉村路灯不亮"),
    "content": (TEXT, TEXT),
    "demand": ("尽快派人来修", "尽快派人来修"),
    "appellant_name": ("陈建华", "陈建华"),
    "occurred_text": ("上周", "上周"),
    "place_text": ("天城镇白泉村", "天城镇白泉村"),
}


async def a_message(room: Room, state: str = "ticketed") -> str:
    """A message with its ticket, its suggestions and its task; the ticket's number."""
    now, call_id, number = room.clock.now(), new_call_id(), "251114090000000001"
    wav.write(room.settings.recordings_dir / f"voicemail/{call_id}.wav", np.zeros(8000 * 9))
    async with room.sessions.begin() as session:
        session.add(Call(id=call_id, caller=PHONE, started_at=now, state="ended", outcome="voicemail"))
        await session.flush()
        ticket = Ticket(
            ticket_no=number,
            state="REGISTERED",
            channel="VOICEMAIL",
            appeal_type="HELP",
            title="白泉村路灯不亮",
            content=TEXT,
            category_code="1106",
            call_id=call_id,
            received_at=now,
        )
        if state == "checked":
            ticket.state, ticket.created_by = "DISPATCHED", 1
            ticket.unit_id = await session.scalar(select(Unit.id).where(Unit.code == "urban"))
        session.add(ticket)
        await session.flush()
        session.add(
            Voicemail(
                call_id=call_id,
                path=f"voicemail/{call_id}.wav",
                seconds=9,
                created_at=now,
                state=state,
                text=TEXT,
                ticket_id=ticket.id,
            )
        )
        session.add(
            TicketDraft(
                call_id=call_id,
                fields={},
                touched=[],
                suggestions={
                    name: [
                        asdict(
                            Suggestion(
                                value=value,
                                label=label,
                                confidence=0.8,
                                utterance_id="m1",
                                quote="",
                                start=0,
                                end=0,
                            )
                        )
                    ]
                    for name, (value, label) in HEARD.items()
                },
                updated_at=now,
            )
        )
        await callbacks.request(session, room.clock, call_id=call_id, phone=PHONE, kind="voicemail")
    return number


async def call_back(room: Room, page: Page) -> None:
    """The first task of the list is taken by key; the citizen answers."""
    await page.reload()
    key = page.locator("[data-key^=call-]")
    await expect(key).to_be_enabled(timeout=SHOWN_MS)
    await page.keyboard.press("Alt+b")
    await expect(key).to_be_focused()
    await page.keyboard.press("Enter")
    await until(page, lambda: bool(room.control.acts("call_out")))
    await room.feed.call_back(PHONE)
    await expect(page.locator("#d-origin")).to_be_visible(timeout=SHOWN_MS)


async def test_messages_of_one_caller_are_told_apart_by_their_time(room: Room, page: Page) -> None:
    await a_message(room)
    async with room.sessions.begin() as session:
        (first,) = await session.scalars(select(Voicemail))
        call_id, earlier = new_call_id(), first.created_at - timedelta(hours=3)
        session.add(Call(id=call_id, caller=PHONE, started_at=earlier, state="ended", outcome="voicemail"))
        await session.flush()
        session.add(Voicemail(call_id=call_id, path="", seconds=4, created_at=earlier, state="empty", text=""))
        times = [local(at).strftime("%H:%M") for at in (first.created_at, earlier)]
    await page.reload()
    lines = page.locator(".cb .message .hint.grow")
    await expect(lines).to_have_count(2, timeout=SHOWN_MS)
    for line, time, seconds in zip(await lines.all(), times, (9, 4), strict=True):
        await expect(line).to_contain_text(re.compile(rf"^\S+ {time} 留言　{seconds} 秒"))


async def test_our_own_call_is_not_counted_among_the_citizen_s(room: Room, page: Page) -> None:
    await a_message(room)
    async with room.sessions.begin() as session:
        before = room.clock.now() - timedelta(hours=3)
        session.add(
            Call(
                id=new_call_id(),
                caller=PHONE,
                caller_raw=PHONE,
                started_at=before,
                state="ended",
                outcome="abandoned",
            )
        )
    await call_back(room, page)
    await expect(page.locator("#caller .c-tags")).to_contain_text("重复来电 2 次", timeout=SHOWN_MS)


async def test_what_could_not_be_done_in_the_list_is_seen(room: Room, page: Page) -> None:
    await a_message(room)
    async with room.sessions.begin() as session:
        (message,) = await session.scalars(select(Voicemail))
        message.state, message.ticket_id = "empty", None
        call = await session.get_one(Call, message.call_id)
        call.caller = call.caller_raw = ""  # nobody to call back: it is only listened to
        await session.execute(delete(CallbackTask))
    await page.reload()
    heard = page.locator("[data-key^=heard-]")
    await expect(heard).to_be_visible(timeout=SHOWN_MS)
    await page.route("**/api/desk/messages/*/heard", lambda route: route.abort())
    await heard.click()
    await expect(page.locator("#alerts")).to_contain_text("网络不通，请稍后重试", timeout=SHOWN_MS)


async def test_a_draft_that_could_not_be_opened_is_said_to_be_so(room: Room, page: Page) -> None:
    await a_message(room)
    await page.reload()
    check = page.locator("[data-key^=check-]")
    await expect(check).to_be_visible(timeout=SHOWN_MS)
    await page.route("**/api/desk/state?call=*", lambda route: route.abort())
    await check.click()
    await expect(page.locator("#alerts")).to_contain_text("没有打开：网络不通", timeout=SHOWN_MS)


async def all_tickets(room: Room) -> list[Ticket]:
    async with room.sessions() as session:
        return list(await session.scalars(select(Ticket).order_by(Ticket.id)))


async def test_of_two_readings_as_sure_the_message_s_is_offered_first(room: Room, page: Page) -> None:
    """What the citizen says first on a call-back is a greeting, not the matter."""
    await a_message(room)
    await call_back(room, page)
    offered = page.locator("[data-field=place_text] .ghost-text")
    await expect(offered).to_have_text("天城镇白泉村", timeout=SHOWN_MS)
    said = await room.feed.say("citizen", "喂您好我在清江")
    await room.feed.suggest("place_text", "清江", "清江", 0.8, said, "清江", "喂您好我在清江")
    await room.feed.suggest("occurred_text", "昨天", "昨天", 0.9, said, "", "喂您好我在清江")
    await expect(page.locator("[data-field=occurred_text] .ghost-text")).to_have_text("昨天", timeout=SHOWN_MS)
    await expect(offered).to_have_text("天城镇白泉村")


async def test_the_message_s_ticket_is_shown_and_completed_by_key(room: Room, page: Page) -> None:
    number = await a_message(room)
    await call_back(room, page)
    origin = page.locator("#d-origin")
    await expect(origin).to_contain_text("本次回拨对应工单")
    await expect(origin.locator(f"a[href='/tickets/{number}']")).to_be_visible()
    await expect(origin).to_contain_text(f"提交即补全工单 {number}，不另建")
    await expect(origin).to_contain_text("路灯坏了")
    await page.keyboard.press("Alt+y")
    await expect(page.locator("#d-title")).to_have_value("白泉村路灯不亮")
    await page.keyboard.press("Alt+g")
    await expect(page.locator("#d-done")).to_contain_text(f"工单 {number} 已提交", timeout=SHOWN_MS)
    await expect(origin).not_to_contain_text("另建")
    (ticket,) = await all_tickets(room)
    assert (ticket.ticket_no, ticket.appellant_name) == (number, "陈建华")
    assert ticket.created_by is not None


async def test_one_more_is_made_only_after_one_question(room: Room, page: Page) -> None:
    number = await a_message(room, "checked")
    await call_back(room, page)
    origin = page.locator("#d-origin")
    await expect(origin).to_contain_text("待签收")
    for name in ("title", "content", "demand", "appellant_name", "occurred_text", "place_text"):
        await page.fill(f"#d-{name}", HEARD[name][1])
    await page.click("[data-field=appeal_type] [data-value=HELP]")
    await page.fill("#d-category_code", "1106")
    await page.keyboard.press("Enter")
    dialog = page.locator("#dlg-ask")
    await page.keyboard.press("Alt+g")
    await expect(dialog).to_contain_text(number)
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    assert len(await all_tickets(room)) == 1
    await page.keyboard.press("Alt+g")
    await expect(dialog).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator("#d-done")).to_have_text(re.compile("已提交"), timeout=SHOWN_MS)
    tickets = await all_tickets(room)
    assert [ticket.ticket_no == number for ticket in tickets] == [True, False]
    assert tickets[1].call_id == room.feed.call_id
