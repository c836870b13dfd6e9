"""The life of a ticket after its submission, step by step through the one writer, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from db.models import (
    AuditEvent,
    CoHandling,
    Dispatch,
    FollowUp,
    OutboxMessage,
    ReturnRequest,
    ReworkRound,
    Supervision,
    Ticket,
    TicketClock,
    TicketClockEvent,
    TicketLink,
    UnitReply,
    Verification,
)
from runtime.clock import local
from tests.unit.tickets.conftest import CALL, CALLER, Centre, add_call, lamp_fields, with_roles
from tickets.actor import SYSTEM
from tickets.errors import Conflict, NotAllowed, NotFound, WrongState
from tickets.fields import FieldErrors, UnitReplyFields
from tickets.life.steps.following import FollowedUp

SATISFIED = FollowedUp(reached=True, satisfaction=2, solved=True, note="满意")
DISSATISFIED = FollowedUp(reached=True, satisfaction=5, solved=False, note="路灯又坏了")
NOBODY_THERE = FollowedUp(reached=False)


def result(centre: Centre) -> UnitReplyFields:
    return UnitReplyFields(
        is_true=True,
        contacted=True,
        contact_time=centre.clock.now(),
        contact_no=CALLER,
        solved=True,
        result_text="已更换控制器，恢复照明。",
        public_text="路灯已修复。",
    )


async def rows(centre: Centre, table: Any, ticket: Ticket) -> list[Any]:
    async with centre.sessions() as session:
        return list(await session.scalars(select(table).where(table.ticket_id == ticket.id).order_by(table.id)))


async def clock(centre: Centre, ticket: Ticket, name: str) -> TicketClock:
    """The last round of this clock."""
    found: list[TicketClock] = [row for row in await rows(centre, TicketClock, ticket) if row.name == name]
    return found[-1]


async def told(centre: Centre, ticket: Ticket) -> list[str]:
    async with centre.sessions() as session:
        sent = await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        return [message.body["about"] for message in sent if message.body["ticket_id"] == ticket.id]


async def last_step(centre: Centre, ticket: Ticket) -> AuditEvent:
    async with centre.sessions() as session:
        query = select(AuditEvent).where(AuditEvent.object_id == str(ticket.id)).order_by(AuditEvent.id.desc())
        return (await session.scalars(query.limit(1))).one()


async def dispatched(centre: Centre, **changes: Any) -> Ticket:
    return await centre.desk.open_ticket(centre.agent, lamp_fields(**changes), CALL, centre.urban)


async def replied(centre: Centre) -> Ticket:
    ticket = await dispatched(centre)
    await centre.desk.sign(centre.liaison, ticket.id)
    return await centre.desk.reply(centre.liaison, ticket.id, result(centre))


async def followed(centre: Centre) -> Ticket:
    ticket = await replied(centre)
    return await centre.desk.cases.accept_reply(centre.reviewer, ticket.id)


# -- completing ------------------------------------------------------------------------------------
async def test_an_incomplete_ticket_goes_back_to_the_agent_while_its_clock_runs(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    cases = centre.desk.cases
    with pytest.raises(FieldErrors, match="请选择缺少的要素"):
        await cases.send_back(centre.dispatcher, ticket.id, ())
    ticket = await cases.send_back(centre.dispatcher, ticket.id, ("place_text",), "请问清哪一段")
    assert ticket.state == "SUPPLEMENT"
    assert (await last_step(centre, ticket)).reason == "缺少：事发地点；请问清哪一段"
    with pytest.raises(NotAllowed):
        await cases.complete(centre.other_agent, ticket.id, lamp_fields())
    ticket = await cases.complete(centre.agent, ticket.id, lamp_fields(place_text="白泉村小学门前"))
    assert (ticket.state, ticket.place_text) == ("REGISTERED", "白泉村小学门前")
    divert = [row for row in await rows(centre, TicketClock, ticket) if row.name == "divert_by"]
    assert len(divert) == 1 and divert[0].met_at is None


# -- return ----------------------------------------------------------------------------------------
async def put_return(centre: Centre, ticket: Ticket, liaison: Any = None, head: Any = None) -> Ticket:
    beside = centre.desk.beside
    await beside.ask_return(liaison or centre.liaison, ticket.id, "DUTY", "三定方案规定由其他单位负责")
    return await centre.desk.cases.put_return(head or centre.unit_head, ticket.id)


async def test_a_return_needs_the_units_head_and_pauses_only_the_signature(centre: Centre) -> None:
    ticket = await dispatched(centre)
    asked = await centre.desk.beside.ask_return(centre.liaison, ticket.id, "DUTY", "三定方案规定由他局负责")
    assert asked.state == "DISPATCHED"
    with pytest.raises(NotAllowed, match="不能同意申请退单"):
        await centre.desk.cases.put_return(centre.liaison, ticket.id)
    ticket = await centre.desk.cases.put_return(centre.unit_head, ticket.id)
    assert ticket.state == "RETURN_REVIEW"
    assert (await clock(centre, ticket, "sign_by")).paused_at == centre.clock.now()
    assert (await clock(centre, ticket, "close_by")).paused_at is None
    (request,) = await rows(centre, ReturnRequest, ticket)
    assert (request.state, request.put_by) == ("PUT", centre.unit_head.user_id)


async def test_a_refused_return_counts_as_if_the_clock_had_never_stood_still(centre: Centre) -> None:
    ticket = await dispatched(centre)
    due = (await clock(centre, ticket, "sign_by")).due_at
    ticket = await put_return(centre, ticket)
    centre.clock.move(hours=3)
    ticket = await centre.desk.cases.refuse_return(centre.dispatcher, ticket.id, "属于你单位职责")
    assert ticket.state == "SIGNED"
    signed = await clock(centre, ticket, "sign_by")
    assert (signed.due_at, signed.met_at, signed.paused_at) == (due, centre.clock.now(), None)
    with pytest.raises(WrongState, match="已有决定"):
        await centre.desk.beside.ask_return(centre.liaison, ticket.id, "DUTY", "再次申请")


async def test_an_agreed_return_goes_to_another_unit_while_the_citizens_clock_runs(centre: Centre) -> None:
    ticket = await put_return(centre, await dispatched(centre))
    close = (await clock(centre, ticket, "close_by")).due_at
    ticket = await centre.desk.cases.approve_return(centre.dispatcher, ticket.id, "确属他局职责")
    assert (ticket.state, ticket.unit_id, ticket.returns) == ("REGISTERED", None, 1)
    assert (await clock(centre, ticket, "divert_by")).round == 2
    assert (await clock(centre, ticket, "close_by")).due_at == close
    ticket = await centre.desk.dispatch(centre.dispatcher, ticket.id, centre.labour)
    assert (ticket.state, ticket.unit_id) == ("DISPATCHED", centre.labour)


async def test_the_third_return_designates_and_a_fourth_is_refused(centre: Centre) -> None:
    cases = centre.desk.cases
    ticket = await dispatched(centre)
    for _ in range(2):
        await put_return(centre, ticket)
        await cases.approve_return(centre.dispatcher, ticket.id, "同意退回")
        await centre.desk.dispatch(centre.dispatcher, ticket.id, centre.urban)
    await put_return(centre, ticket)
    with pytest.raises(WrongState, match="退单次数已到上限"):
        await cases.approve_return(centre.dispatcher, ticket.id, "同意退回")
    with pytest.raises(NotAllowed, match="需要：分办负责人"):
        await cases.designate(centre.dispatcher, ticket.id, centre.urban, "会商确定")
    ticket = await cases.designate(centre.head, ticket.id, centre.labour, "会商确定由人社局承办")
    assert (ticket.state, ticket.unit_id, ticket.returns) == ("SIGNED", centre.labour, 2)
    assert (await rows(centre, Dispatch, ticket))[-1].note == "指定承办"
    with pytest.raises(WrongState, match="不能再申请退单"):
        await centre.desk.beside.ask_return(centre.other_liaison, ticket.id, "DUTY", "不属于本单位")


async def test_only_a_dispute_that_is_still_undecided_is_designated(centre: Centre) -> None:
    ticket = await put_return(centre, await dispatched(centre))
    with pytest.raises(WrongState, match="退单满2次"):
        await centre.desk.cases.designate(centre.head, ticket.id, centre.labour, "会商确定")


async def test_after_the_window_a_unit_keeps_the_ticket(centre: Centre) -> None:
    ticket = await dispatched(centre)  # at nine in the morning: four working hours end at 14:30
    centre.clock.move(hours=5, minutes=30)
    await centre.desk.beside.ask_return(centre.liaison, ticket.id, "DUTY", "三定方案规定由他局负责")
    await centre.desk.beside.drop_return(centre.unit_head, ticket.id, "本局办理")
    centre.clock.move(seconds=1)
    with pytest.raises(WrongState, match="已超过申请退单的时限"):
        await centre.desk.beside.ask_return(centre.liaison, ticket.id, "DUTY", "三定方案规定由他局负责")


# -- review ----------------------------------------------------------------------------------------
async def test_a_rejected_reply_never_stopped_the_units_clock(centre: Centre) -> None:
    ticket = await replied(centre)
    due = (await clock(centre, ticket, "close_by")).due_at
    with pytest.raises(FieldErrors, match="退回原因"):
        await centre.desk.cases.reject_reply(centre.reviewer, ticket.id, "BAD", "没有写清结果")
    ticket = await centre.desk.cases.reject_reply(centre.reviewer, ticket.id, "NO_RESULT", "没有写清结果")
    assert (ticket.state, ticket.replied_at) == ("IN_PROGRESS", None)
    close = await clock(centre, ticket, "close_by")
    assert (close.met_at, close.due_at) == (None, due)
    assert [reply.fault for reply in await rows(centre, UnitReply, ticket)] == ["NO_RESULT"]
    ticket = await centre.desk.reply(centre.liaison, ticket.id, result(centre))
    assert (await clock(centre, ticket, "review_by")).round == 2


async def test_whoever_answered_for_the_unit_does_not_judge(centre: Centre) -> None:
    ticket = await replied(centre)
    both = with_roles(centre.liaison, "UNIT_LIAISON", "REVIEWER", "FOLLOWUP", "SUPERVISOR_XF")
    with pytest.raises(NotAllowed, match="不能再由同一人审核通过"):
        await centre.desk.cases.accept_reply(both, ticket.id)
    await centre.desk.cases.accept_reply(centre.reviewer, ticket.id)
    with pytest.raises(NotAllowed, match="不能再由同一人不满意核实"):
        await centre.desk.cases.follow_up(both, ticket.id, DISSATISFIED)
    await centre.desk.cases.follow_up(centre.follow_up, ticket.id, DISSATISFIED)
    for act in (centre.desk.cases.rework, centre.desk.cases.explain):
        with pytest.raises(NotAllowed, match="您已在这张工单上做过“办理反馈”"):
            await act(both, ticket.id, "核实完毕")


# -- follow-up -------------------------------------------------------------------------------------
async def test_a_satisfied_citizen_ends_the_ticket_and_hears_so(centre: Centre) -> None:
    ticket = await followed(centre)
    ticket = await centre.desk.cases.follow_up(centre.follow_up, ticket.id, SATISFIED)
    assert (ticket.state, ticket.close_reason, ticket.closed_at) == ("CLOSED", "HANDLED", centre.clock.now())
    assert (await clock(centre, ticket, "follow_up_by")).met_at == centre.clock.now()
    assert (await told(centre, ticket))[-1] == "closed"
    assert ticket.next_lamp_at is None


async def test_a_citizen_out_of_reach_is_tried_three_times_over_two_days(centre: Centre) -> None:
    ticket = await followed(centre)
    cases = centre.desk.cases
    for _ in range(3):
        ticket = await cases.follow_up(centre.follow_up, ticket.id, NOBODY_THERE)
        assert ticket.state == "FOLLOW_UP"
        centre.clock.move(hours=1)
    with pytest.raises(WrongState, match="2天内至少3次"):
        await cases.step(centre.follow_up, ticket.id, "T19", NOBODY_THERE)
    centre.clock.move(days=1)
    ticket = await cases.follow_up(centre.follow_up, ticket.id, NOBODY_THERE)
    assert (ticket.state, ticket.close_reason) == ("CLOSED", "UNREACHABLE")
    assert len(await rows(centre, FollowUp, ticket)) == 4


async def test_dissatisfaction_is_never_closed_without_verification(centre: Centre) -> None:
    ticket = await followed(centre)
    cases = centre.desk.cases
    for said in (DISSATISFIED, FollowedUp(True, 1, True, disputed=True, note="不认可答复")):
        with pytest.raises(WrongState, match="必须逐件核实"):
            await cases.step(centre.follow_up, ticket.id, "T19", said)
    with pytest.raises(FieldErrors, match="满意程度"):
        await cases.follow_up(centre.follow_up, ticket.id, FollowedUp(True, 9, True))
    ticket = await cases.follow_up(centre.follow_up, ticket.id, DISSATISFIED)
    assert ticket.state == "VERIFY"
    with pytest.raises(NotAllowed, match="需要：信访督办员"):
        await cases.explain(centre.follow_up, ticket.id, "已依法办理并解释")
    ticket = await cases.explain(centre.petition, ticket.id, "已依法办理并解释")
    assert (ticket.state, ticket.close_reason) == ("CLOSED", "EXPLAINED")
    (check,) = await rows(centre, Verification, ticket)
    assert (check.finding, check.decided_by) == ("LAWFUL", centre.petition.user_id)


async def test_a_fault_of_the_unit_is_handled_again_in_half_the_time(centre: Centre) -> None:
    ticket = await followed(centre)
    cases = centre.desk.cases
    await cases.follow_up(centre.follow_up, ticket.id, DISSATISFIED)
    ticket = await cases.rework(centre.petition, ticket.id, "现场路灯仍不亮")
    assert (ticket.state, ticket.unit_id, ticket.reworks) == ("DISPATCHED", centre.urban, 1)
    close = await clock(centre, ticket, "close_by")
    assert close.round == 2
    assert f"{local(close.due_at):%m-%d %H:%M}" == "11-20 17:30"  # four of seven working days after Friday
    assert (await clock(centre, ticket, "sign_by")).round == 2
    (again,) = await rows(centre, ReworkRound, ticket)
    assert (again.cause, again.replied_at) == ("VERIFY", None)
    await centre.desk.sign(centre.liaison, ticket.id)
    await centre.desk.reply(centre.liaison, ticket.id, result(centre))
    (again,) = await rows(centre, ReworkRound, ticket)
    assert again.replied_at == centre.clock.now()


async def test_what_two_second_handlings_do_not_solve_is_supervised(centre: Centre) -> None:
    ticket = await followed(centre)
    cases = centre.desk.cases
    for _ in range(2):
        await cases.follow_up(centre.follow_up, ticket.id, DISSATISFIED)
        await cases.rework(centre.petition, ticket.id, "现场路灯仍不亮")
        await centre.desk.sign(centre.liaison, ticket.id)
        await centre.desk.reply(centre.liaison, ticket.id, result(centre))
        await cases.accept_reply(centre.reviewer, ticket.id)
    await cases.follow_up(centre.follow_up, ticket.id, DISSATISFIED)
    (order,) = await rows(centre, Supervision, ticket)
    assert (order.level, order.state, order.opened_by) == (2, "OPEN", None)
    with pytest.raises(WrongState, match="已重办2次"):
        await cases.rework(centre.petition, ticket.id, "现场路灯仍不亮")


# -- closing otherwise -----------------------------------------------------------------------------
async def test_a_merged_ticket_ends_with_its_master_and_its_caller_hears_the_result(centre: Centre) -> None:
    master = await followed(centre)
    other = CALL[:-1] + "2"
    await add_call(centre.sessions, other, centre.clock.now(), caller="13700000000")
    repeat = await centre.desk.open_ticket(centre.agent, lamp_fields(phone="13700000000"), other)
    cases = centre.desk.cases
    repeat = await cases.merge(centre.dispatcher, repeat.id, master.ticket_no, "同一处路灯")
    assert (repeat.state, repeat.close_reason, repeat.master_id) == ("CLOSED", "MERGED", master.id)
    assert all(row.stopped_at for row in await rows(centre, TicketClock, repeat))
    await cases.follow_up(centre.follow_up, master.id, SATISFIED)
    assert await told(centre, repeat) == ["opened", "merged", "closed"]
    with pytest.raises(WrongState, match="请先撤销并单"):
        await cases.reopen(centre.follow_up, repeat.id, "又不亮了")
    repeat = await cases.unmerge(centre.dispatcher, repeat.id, "不是同一处")
    assert (repeat.state, repeat.master_id, repeat.close_reason) == ("REGISTERED", None, "")
    (link,) = await rows(centre, TicketLink, repeat)
    assert link.undone_by == centre.dispatcher.user_id
    assert (await clock(centre, repeat, "close_by")).stopped_at is None


async def test_only_the_same_matter_is_merged_and_only_into_what_is_open(centre: Centre) -> None:
    cases = centre.desk.cases
    one = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    elsewhere = lamp_fields(phone="13700000000", place_text="石城镇", region_code="")
    other = await centre.desk.open_ticket(centre.agent, elsewhere)
    with pytest.raises(WrongState, match="不一致"):
        await cases.merge(centre.dispatcher, other.id, one.ticket_no)
    with pytest.raises(WrongState, match="自身"):
        await cases.merge(centre.dispatcher, one.id, one.ticket_no)
    with pytest.raises(NotFound):
        await cases.merge(centre.dispatcher, one.id, "251114090000000000")


async def test_a_citizen_withdraws_on_a_recorded_call_but_no_report(centre: Centre) -> None:
    cases = centre.desk.cases
    ticket = await dispatched(centre)
    with pytest.raises(WrongState, match="没有找到这通电话"):
        await cases.withdraw(centre.agent, ticket.id, "nope", "不需要了")
    ticket = await cases.withdraw(centre.agent, ticket.id, CALL, "路灯已经亮了，不用办了")
    assert (ticket.state, ticket.close_reason) == ("CLOSED", "WITHDRAWN")
    assert (await told(centre, ticket))[-2:] == ["withdrawn", "withdrawn"]  # the unit and the citizen
    report = await centre.desk.open_ticket(centre.agent, lamp_fields(appeal_type="REPORT"))
    with pytest.raises(WrongState, match="举报"):
        await cases.withdraw(centre.agent, report.id, CALL, "不举报了")


async def test_a_closed_ticket_is_reopened_once_within_the_window(centre: Centre) -> None:
    cases = centre.desk.cases
    ticket = await followed(centre)
    await cases.follow_up(centre.follow_up, ticket.id, SATISFIED)
    centre.clock.move(days=20)
    ticket = await cases.reopen(centre.follow_up, ticket.id, "路灯又不亮了")
    assert (ticket.state, ticket.close_reason, ticket.closed_at) == ("DISPATCHED", "", None)
    await centre.desk.sign(centre.liaison, ticket.id)
    await centre.desk.reply(centre.liaison, ticket.id, result(centre))
    await cases.accept_reply(centre.reviewer, ticket.id)
    await cases.follow_up(centre.follow_up, ticket.id, SATISFIED)
    with pytest.raises(WrongState, match="已重新办理过一次"):
        await cases.reopen(centre.follow_up, ticket.id, "路灯又不亮了")


async def test_after_the_window_there_is_a_new_ticket(centre: Centre) -> None:
    ticket = await followed(centre)
    await centre.desk.cases.follow_up(centre.follow_up, ticket.id, SATISFIED)
    centre.clock.move(days=31)
    with pytest.raises(WrongState, match="已超过30天"):
        await centre.desk.cases.reopen(centre.follow_up, ticket.id, "路灯又不亮了")


async def test_what_another_desk_returned_is_registered_with_new_clocks(centre: Centre) -> None:
    ticket = await centre.desk.decline(centre.agent, lamp_fields(), CALL, "NA07", "已告知向邻县反映。")
    centre.clock.move(days=2)
    ticket = await centre.desk.cases.take_back(centre.dispatcher, ticket.id, "邻县退回，确属本县")
    assert (ticket.state, ticket.decline_code, ticket.closed_at) == ("REGISTERED", "", None)
    assert (await clock(centre, ticket, "close_by")).started_at == centre.clock.now()


async def test_the_archive_waits_for_its_day_and_for_supervision(centre: Centre) -> None:
    cases = centre.desk.cases
    ticket = await followed(centre)
    await cases.follow_up(centre.follow_up, ticket.id, SATISFIED)
    await centre.desk.beside.supervise(centre.petition, ticket.id, 1, "上级交办")
    with pytest.raises(WrongState, match="满30天"):
        await cases.archive(SYSTEM, ticket.id)
    centre.clock.move(days=30)
    with pytest.raises(WrongState, match="督办没有办结"):
        await cases.archive(SYSTEM, ticket.id)
    await centre.desk.beside.end_supervision(centre.petition, ticket.id, "整改到位")
    with pytest.raises(NotAllowed):
        await cases.archive(centre.dispatcher, ticket.id)
    ticket = await cases.archive(SYSTEM, ticket.id)
    assert (ticket.state, ticket.close_reason) == ("ARCHIVED", "HANDLED")
    assert (await last_step(centre, ticket)).detail["no_notice"]


# -- several units ---------------------------------------------------------------------------------
async def test_an_assist_works_on_a_child_and_the_lead_answers(centre: Centre) -> None:
    cases, beside = centre.desk.cases, centre.desk.beside
    ticket = await dispatched(centre)
    child = await beside.add_assist(centre.head, ticket.id, centre.labour, "核实用工情况")
    assert (child.state, child.nature, child.master_id) == ("DISPATCHED", "ASSIST", ticket.id)
    lead, assist = await clock(centre, ticket, "close_by"), await clock(centre, child, "close_by")
    assert lead.due_at - assist.due_at == timedelta(days=4)  # two working days and a weekend
    assert await told(centre, child) == ["dispatched"]
    await centre.desk.sign(centre.liaison, ticket.id)
    await centre.desk.reply(centre.liaison, ticket.id, result(centre))
    with pytest.raises(WrongState, match="还有1个协办单位"):
        await cases.accept_reply(centre.reviewer, ticket.id)
    await centre.desk.sign(centre.other_liaison, child.id)
    await centre.desk.reply(centre.other_liaison, child.id, result(centre))
    child = await cases.accept_reply(centre.reviewer, child.id)
    assert (child.state, child.close_reason) == ("CLOSED", "HANDLED")
    assert (await cases.accept_reply(centre.reviewer, ticket.id)).state == "FOLLOW_UP"
    parts = await rows(centre, CoHandling, ticket)
    assert [(part.role, part.state) for part in parts] == [("LEAD", "RUNNING"), ("ASSIST", "DONE")]


async def test_an_assist_may_be_waived(centre: Centre) -> None:
    cases, beside = centre.desk.cases, centre.desk.beside
    ticket = await dispatched(centre)
    child = await beside.add_assist(centre.head, ticket.id, centre.labour)
    with pytest.raises(WrongState, match="已是协办单位"):
        await beside.add_assist(centre.head, ticket.id, centre.labour)
    await beside.waive_assist(centre.head, ticket.id, child.id, "主办单位可独立办结")
    async with centre.sessions() as session:
        assert (await session.get_one(Ticket, child.id)).close_reason == "EXCLUDED"
    await centre.desk.sign(centre.liaison, ticket.id)
    await centre.desk.reply(centre.liaison, ticket.id, result(centre))
    assert (await cases.accept_reply(centre.reviewer, ticket.id)).state == "FOLLOW_UP"


# -- the writer itself -----------------------------------------------------------------------------
async def test_a_refused_step_leaves_nothing_behind(centre: Centre) -> None:
    ticket = await followed(centre)
    before = [len(await rows(centre, table, ticket)) for table in (TicketClockEvent, FollowUp, TicketClock)]
    with pytest.raises(WrongState):
        await centre.desk.cases.step(centre.follow_up, ticket.id, "T19", DISSATISFIED)
    assert before == [len(await rows(centre, t, ticket)) for t in (TicketClockEvent, FollowUp, TicketClock)]


async def test_a_stale_page_changes_nothing(centre: Centre) -> None:
    ticket = await dispatched(centre)
    seen = ticket.version
    await centre.desk.sign(centre.liaison, ticket.id)
    with pytest.raises(Conflict, match="请刷新"):
        await centre.desk.cases.step(centre.liaison, ticket.id, "T09", version=seen)


async def test_of_two_who_decide_at_once_one_is_told_how_it_stands(centre: Centre) -> None:
    ticket = await replied(centre)
    cases = centre.desk.cases
    outcomes = await asyncio.gather(
        cases.accept_reply(centre.reviewer, ticket.id),
        cases.reject_reply(with_roles(centre.dispatcher, "REVIEWER"), ticket.id, "WORDING", "用语不规范"),
        return_exceptions=True,
    )
    (refused,) = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert isinstance(refused, WrongState) and "只有“待审核”的工单可以" in refused.message
