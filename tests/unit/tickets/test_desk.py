from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from db.models import (
    AuditEvent,
    Category,
    Dispatch,
    Handoff,
    OutboxMessage,
    Ticket,
    TicketClock,
    TicketDraft,
    UnitReply,
)
from runtime.clock import local
from tests.unit.tickets.conftest import CALL, CALLER, Centre, add_call, lamp_fields, with_roles
from tickets.errors import NotAllowed, NotFound, WrongState
from tickets.fields import FieldErrors, TicketFields, UnitReplyFields
from tickets.life.numbers import new_ticket_no


async def clocks_of(centre: Centre, ticket: Ticket) -> dict[str, TicketClock]:
    async with centre.sessions() as session:
        rows = await session.scalars(select(TicketClock).where(TicketClock.ticket_id == ticket.id))
        return {row.name: row for row in rows}


async def steps_of(centre: Centre, ticket: Ticket) -> list[tuple[str, str, str, str]]:
    async with centre.sessions() as session:
        rows = await session.scalars(
            select(AuditEvent).where(AuditEvent.object_id == str(ticket.id)).order_by(AuditEvent.id)
        )
        return [(row.action, row.from_state, row.to_state, row.actor_name) for row in rows]


async def notices(centre: Centre) -> list[OutboxMessage]:
    async with centre.sessions() as session:
        return list(await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


async def count(centre: Centre, table: Any) -> int:
    async with centre.sessions() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


def result(centre: Centre, **changes: Any) -> UnitReplyFields:
    values = {
        "is_true": True,
        "contacted": True,
        "contact_time": centre.clock.now(),
        "contact_no": CALLER,
        "solved": True,
        "result_text": "已更换控制器，恢复照明。",
        "public_text": "路灯已修复。",
    }
    return UnitReplyFields.parse(values | changes)


# -- opening ---------------------------------------------------------------------------------------
async def test_a_submitted_ticket_waits_for_diversion_with_its_clocks_running(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    assert (ticket.state, ticket.procedure, ticket.caller_id, ticket.call_id) == (
        "REGISTERED",
        "SIMPLE",
        CALLER,
        CALL,
    )
    assert ticket.ticket_no.startswith(f"{local(centre.clock.now()):%y%m%d%H%M%S}")
    clocks = await clocks_of(centre, ticket)
    assert clocks.keys() == {"divert_by", "transfer_by", "close_by"}
    assert f"{local(clocks['close_by'].due_at):%m-%d %H:%M}" == "11-25 17:30"
    assert clocks["close_by"].profile_version == "ZJ2017-1"
    assert await steps_of(centre, ticket) == [
        ("draft", "", "DRAFT", "agent1员"),
        ("submit", "DRAFT", "REGISTERED", "agent1员"),
    ]
    (sms,) = await notices(centre)
    assert (sms.kind, sms.recipient, sms.sent_at) == ("sms", CALLER, None)
    assert ticket.ticket_no in sms.body["text"]
    assert "路灯" not in sms.body["text"]
    await centre.bus.settle()
    assert [(c.ticket_no, c.state, c.call_id) for c in centre.changes] == [(ticket.ticket_no, "REGISTERED", CALL)]


async def test_with_a_unit_the_ticket_is_dispatched_in_the_same_breath(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    assert (ticket.state, ticket.unit_id, ticket.dispatched_at) == ("DISPATCHED", centre.urban, centre.clock.now())
    clocks = await clocks_of(centre, ticket)
    assert clocks["divert_by"].met_at == centre.clock.now()
    assert clocks["sign_by"].due_at == centre.clock.now() + timedelta(hours=2)
    assert (await steps_of(centre, ticket))[2] == ("dispatch", "REGISTERED", "DISPATCHED", "系统")
    to_unit = (await notices(centre))[1]
    assert (to_unit.kind, to_unit.recipient) == ("unit_notice", f"unit:{centre.urban}")
    assert "11月14日11:00前签收" in to_unit.body["text"]
    assert await count(centre, Dispatch) == 1


async def test_an_ordinary_matter_must_also_inform(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(category_code="1102"), CALL)
    assert ticket.procedure == "ORDINARY"
    clocks = await clocks_of(centre, ticket)
    assert f"{local(clocks['inform_by'].due_at):%m-%d}" == "11-21"
    assert f"{local(clocks['close_by'].due_at):%m-%d}" == "12-15"


async def test_what_was_immediate_is_simple_once_it_is_a_ticket(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(category_code="1109"), CALL)
    assert ticket.procedure == "SIMPLE"


async def test_a_report_protects_the_reporter_and_is_not_public(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(appeal_type="REPORT"), CALL)
    assert (ticket.confidential, ticket.is_public, ticket.procedure) == ("REPORTER", False, "ORDINARY")


async def test_the_double_click_gives_the_same_ticket(centre: Centre) -> None:
    first = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    again = await centre.desk.open_ticket(centre.agent, lamp_fields(title="另一个标题"), CALL, centre.urban)
    settled = await centre.desk.answer_on_line(centre.agent, lamp_fields(appeal_type="CONSULT"), CALL, "lamp")
    assert (again.id, settled.id, again.title) == (first.id, first.id, first.title)
    assert await count(centre, Ticket) == 1
    assert len(await notices(centre)) == 2
    await centre.bus.settle()
    assert len(centre.changes) == 1


async def test_submitting_at_the_same_moment_gives_one_ticket(centre: Centre) -> None:
    tickets = await asyncio.gather(
        *(centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban) for _ in range(8))
    )
    assert len({ticket.id for ticket in tickets}) == 1
    assert await count(centre, Ticket) == 1
    assert await count(centre, Dispatch) == 1


async def test_numbers_are_unique_under_concurrency(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    first = "251114090000000001"
    left = 4  # the first four draws clash, as if chance had it

    def clashing(now: Any) -> str:
        nonlocal left
        left -= 1
        return first if left >= 0 else new_ticket_no(now)

    monkeypatch.setattr("tickets.life.intake.new_ticket_no", clashing)
    made = await asyncio.gather(*(centre.desk.open_ticket(centre.agent, lamp_fields()) for _ in range(12)))
    assert len({ticket.ticket_no for ticket in made}) == 12
    assert await count(centre, Ticket) == 12
    assert len(await notices(centre)) == 12  # what was rolled back left nothing


async def test_incomplete_fields_leave_nothing_behind(centre: Centre) -> None:
    with pytest.raises(FieldErrors) as caught:
        await centre.desk.open_ticket(centre.agent, lamp_fields(demand="", place_text="", region_code=""), CALL)
    assert caught.value.errors.keys() == {"demand", "place_text"}
    for table in (Ticket, OutboxMessage, AuditEvent, TicketDraft):
        assert await count(centre, table) == 0


async def test_references_must_exist(centre: Centre) -> None:
    cases: list[tuple[dict[str, str], int | None, str]] = [
        ({"category_code": "11"}, None, "category_code"),
        ({"category_code": "8888"}, None, "category_code"),
        ({"region_code": "99"}, None, "region_code"),
        ({}, 4711, "unit_id"),
    ]
    for changes, unit, fault in cases:
        with pytest.raises(FieldErrors) as caught:
            await centre.desk.open_ticket(centre.agent, lamp_fields(**changes), CALL, unit)
        assert list(caught.value.errors) == [fault]


async def test_emergency_numbers_are_no_units(centre: Centre) -> None:
    with pytest.raises(FieldErrors, match="请使用“移交”"):
        await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.emergency)


async def test_a_call_that_telephony_has_not_written_down_costs_no_ticket(centre: Centre) -> None:
    unknown = CALL[:-1] + "9"
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), unknown)
    again = await centre.desk.open_ticket(centre.agent, lamp_fields(), unknown)
    assert ticket.call_id is None
    assert again.id == ticket.id


async def test_somebody_elses_call_is_not_mine(centre: Centre) -> None:
    with pytest.raises(NotAllowed, match="其他话务员"):
        await centre.desk.open_ticket(centre.other_agent, lamp_fields(), CALL)
    lead = with_roles(centre.other_agent, "SHIFT_LEAD")
    assert (await centre.desk.open_ticket(lead, lamp_fields(), CALL)).state == "REGISTERED"


async def test_units_take_no_calls(centre: Centre) -> None:
    with pytest.raises(NotAllowed, match="您的角色不能提交工单"):
        await centre.desk.open_ticket(centre.liaison, lamp_fields())


async def test_without_a_mobile_number_the_trail_says_why_no_notice_went(centre: Centre) -> None:
    await centre.desk.open_ticket(centre.agent, lamp_fields(phone="07153312233"))
    assert await notices(centre) == []
    async with centre.sessions() as session:
        detail = await session.scalar(select(AuditEvent.detail).where(AuditEvent.action == "submit"))
    assert detail == {"transition": "T05", "no_notice": "没有可接收短信的手机号码"}


# -- settled on the call ---------------------------------------------------------------------------
async def test_answered_on_the_line_is_closed_without_clocks(centre: Centre) -> None:
    ticket = await centre.desk.answer_on_line(centre.agent, lamp_fields(appeal_type="CONSULT"), CALL, "lamp")
    assert (ticket.state, ticket.close_reason, ticket.article_id) == ("CLOSED", "ANSWERED_ON_LINE", "lamp")
    assert (ticket.procedure, ticket.closed_at) == ("IMMEDIATE", centre.clock.now())
    assert await clocks_of(centre, ticket) == {}
    assert (await steps_of(centre, ticket))[1] == ("answer", "DRAFT", "CLOSED", "agent1员")


async def test_an_unknown_article_is_refused(centre: Centre) -> None:
    with pytest.raises(FieldErrors, match="没有找到所选的知识"):
        await centre.desk.answer_on_line(centre.agent, lamp_fields(appeal_type="CONSULT"), CALL, "nope")
    assert await count(centre, Ticket) == 0


async def test_complaints_are_not_talked_away(centre: Centre) -> None:
    with pytest.raises(FieldErrors, match="不能直接答复"):
        await centre.desk.answer_on_line(centre.agent, lamp_fields(appeal_type="COMPLAINT"), CALL, "lamp")


async def test_not_accepted_tells_the_citizen_and_keeps_the_basis(centre: Centre) -> None:
    ticket = await centre.desk.decline(centre.agent, lamp_fields(), CALL, "NA01", "已告知可向法院起诉。")
    assert (ticket.state, ticket.decline_code, ticket.close_reason) == ("NOT_ACCEPTED", "NA01", "")
    (sms,) = await notices(centre)
    assert "诉讼、仲裁" in sms.body["text"]
    assert sms.body["ticket_id"] == ticket.id
    async with centre.sessions() as session:
        reason = await session.scalar(select(AuditEvent.reason).where(AuditEvent.action == "decline"))
    assert reason == "应通过诉讼、仲裁途径解决的事项；已告知：已告知可向法院起诉。"


async def test_handed_over_with_the_handoff_that_carried_it(centre: Centre) -> None:
    async with centre.sessions.begin() as session:
        handoff = Handoff(
            call_id=CALL,
            target="119",
            summary="三楼厨房着火",
            place="人民路23号",
            started_at=centre.clock.now(),
            result="accepted",
        )
        session.add(handoff)
    ticket = await centre.desk.hand_over(centre.agent, TicketFields(), CALL, handoff.id)
    assert (ticket.state, ticket.category_code, ticket.urgency) == ("HANDED_OVER", "2501", "MOST_URGENT")
    assert (ticket.title, ticket.content, ticket.place_text) == ("紧急事项移交119", "三楼厨房着火", "人民路23号")
    assert await clocks_of(centre, ticket) == {}


async def test_a_matter_of_another_city_is_no_emergency(centre: Centre) -> None:
    async with centre.sessions.begin() as session:
        session.add(Category(code="2502", parent_code="25", name="跨市、跨省转接", key="2502", procedure="NONE"))
        handoff = Handoff(
            call_id=CALL,
            target="02712345",
            target_kind="hotline",
            summary="武汉公交",
            started_at=centre.clock.now(),
            result="accepted",
        )
        session.add(handoff)
    ticket = await centre.desk.hand_over(centre.agent, TicketFields(), CALL, handoff.id)
    assert (ticket.state, ticket.category_code, ticket.urgency) == ("HANDED_OVER", "2502", "GENERAL")
    assert (ticket.title, ticket.content) == ("外地事项移交02712345", "武汉公交")


async def test_a_handoff_of_another_call_does_not_count(centre: Centre) -> None:
    other = CALL[:-1] + "2"
    await add_call(centre.sessions, other, centre.clock.now())
    async with centre.sessions.begin() as session:
        handoff = Handoff(call_id=other, target="110", started_at=centre.clock.now(), result="accepted")
        session.add(handoff)
    with pytest.raises(NotFound, match="先完成移交"):
        await centre.desk.hand_over(centre.agent, TicketFields(), CALL, handoff.id)
    with pytest.raises(NotFound):
        await centre.desk.hand_over(centre.agent, TicketFields(), CALL, 4711)


@pytest.mark.parametrize(
    ("kind", "target", "result", "said"),
    [
        ("emergency", "110", "", "110没有接听"),
        ("emergency", "110", "no_answer", "110没有接听"),
        ("emergency", "110", "cancelled", "110没有接听"),
        ("emergency", "110", "returned", "转了回来"),
        ("hotline", "02712345", "failed", "02712345没有接听"),
        ("unit", "07153061234", "accepted", "不能登记为移交"),
        ("agent", "8002", "accepted", "不能登记为移交"),
    ],
)
async def test_what_nobody_took_or_a_unit_was_asked_is_not_handed_over(
    centre: Centre, kind: str, target: str, result: str, said: str
) -> None:
    now = centre.clock.now()
    async with centre.sessions.begin() as session:
        handoff = Handoff(
            call_id=CALL, target=target, target_kind=kind, result=result, started_at=now, accepted_at=now
        )
        session.add(handoff)
    with pytest.raises(WrongState, match=said):
        await centre.desk.hand_over(centre.agent, TicketFields(), CALL, handoff.id)
    async with centre.sessions() as session:
        assert await session.scalar(select(Ticket.id)) is None


# -- the unit --------------------------------------------------------------------------------------
async def test_dispatch_sign_reply(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    centre.clock.move(minutes=20)
    ticket = await centre.desk.dispatch(centre.dispatcher, ticket.id, centre.urban, "路灯归城管")
    centre.clock.move(hours=2)
    ticket = await centre.desk.sign(centre.liaison, ticket.id)
    assert (ticket.state, ticket.signed_at) == ("SIGNED", centre.clock.now())
    centre.clock.move(hours=1)
    ticket = await centre.desk.reply(centre.liaison, ticket.id, result(centre))
    assert (ticket.state, ticket.replied_at) == ("REPLIED", centre.clock.now())
    clocks = await clocks_of(centre, ticket)
    assert clocks["sign_by"].met_at == clocks["sign_by"].due_at  # two hours sharp are on time
    assert clocks["transfer_by"].met_at == clocks["close_by"].met_at == centre.clock.now()
    assert clocks["review_by"].met_at is None
    assert [step[0] for step in await steps_of(centre, ticket)] == [
        "draft", "submit", "dispatch", "sign", "transfer", "reply",
    ]  # fmt: skip
    async with centre.sessions() as session:
        reply = await session.scalar(select(UnitReply))
    assert reply is not None
    assert (reply.unit_id, reply.by_user_id, reply.public_text) == (
        centre.urban,
        centre.liaison.user_id,
        "路灯已修复。",
    )
    await centre.bus.settle()
    assert [c.state for c in centre.changes] == ["REGISTERED", "DISPATCHED", "SIGNED", "REPLIED"]


async def test_transfer_and_inform_meet_their_clocks(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(category_code="1102"), CALL, centre.urban)
    await centre.desk.sign(centre.liaison, ticket.id)
    with pytest.raises(FieldErrors, match="办理科室"):
        await centre.desk.transfer(centre.liaison, ticket.id, " ")
    ticket = await centre.desk.transfer(centre.liaison, ticket.id, "市政股")
    ticket = await centre.desk.inform(centre.liaison, ticket.id, "已电话告知")
    clocks = await clocks_of(centre, ticket)
    assert ticket.state == "IN_PROGRESS"
    assert clocks["transfer_by"].met_at == clocks["inform_by"].met_at == centre.clock.now()
    assert clocks["close_by"].met_at is None


async def test_only_the_units_own_people_sign(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    with pytest.raises(NotAllowed, match="不属于您的单位"):
        await centre.desk.sign(centre.other_liaison, ticket.id)
    with pytest.raises(NotAllowed, match="需要：承办单位联络员"):
        await centre.desk.sign(centre.agent, ticket.id)
    assert (await clocks_of(centre, ticket))["sign_by"].met_at is None


async def test_signing_twice_is_refused_in_words(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    outcomes = await asyncio.gather(
        *(centre.desk.sign(centre.liaison, ticket.id) for _ in range(4)), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(refused) == 3
    assert all(isinstance(error, WrongState) and "现在是“已签收”" in error.message for error in refused)
    assert [step[0] for step in await steps_of(centre, ticket)].count("sign") == 1


async def test_no_reply_before_signing_and_none_without_its_guards(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    with pytest.raises(WrongState, match="待签收"):
        await centre.desk.reply(centre.liaison, ticket.id, result(centre))
    await centre.desk.sign(centre.liaison, ticket.id)
    with pytest.raises(FieldErrors, match="姓名或电话"):
        await centre.desk.reply(centre.liaison, ticket.id, result(centre, public_text="陈建华反映的路灯已修复。"))
    assert [step[0] for step in await steps_of(centre, ticket)][-1] == "sign"  # the transfer was rolled back too


async def test_who_reviewed_may_not_reply(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    await centre.desk.sign(centre.liaison, ticket.id)
    async with centre.sessions.begin() as session:
        session.add(
            AuditEvent(
                at=centre.clock.now(),
                object_kind="ticket",
                object_id=str(ticket.id),
                action="accept_reply",
                actor_user_id=centre.liaison.user_id,
            )
        )
    with pytest.raises(NotAllowed, match="不能再由同一人办理反馈"):
        await centre.desk.reply(centre.liaison, ticket.id, result(centre))


async def test_a_ticket_that_is_not_there(centre: Centre) -> None:
    with pytest.raises(NotFound, match="没有找到这张工单"):
        await centre.desk.sign(centre.liaison, 4711)
