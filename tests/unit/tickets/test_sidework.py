"""Requests for time, links, urging and supervision: small state machines beside the ticket's state."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from db.models import Extension, Supervision, Suspension, Ticket, TicketClock, TicketLink, Urge
from runtime.clock import local
from tests.unit.tickets.conftest import CALL, Centre, lamp_fields, with_roles
from tests.unit.tickets.test_casework import clock, dispatched, last_step, result, rows, told
from tickets.errors import NotAllowed, NotFound, WrongState
from tickets.fields import FieldErrors
from tickets.sweeps import TicketSweeps

REASON = "需要等待配件到货"


async def in_progress(centre: Centre, **changes: Any) -> Ticket:
    ticket = await dispatched(centre, **changes)
    await centre.desk.sign(centre.liaison, ticket.id)
    return await centre.desk.transfer(centre.liaison, ticket.id, "市政股")


def moment(row: TicketClock) -> str:
    return f"{local(row.due_at):%m-%d %H:%M}"


# -- extension -------------------------------------------------------------------------------------
async def test_an_extension_is_asked_signed_and_granted(centre: Centre) -> None:
    beside = centre.desk.beside
    ticket = await in_progress(centre)
    assert moment(await clock(centre, ticket, "close_by")) == "11-25 17:30"
    await beside.ask_extension(centre.liaison, ticket.id, 3, REASON, "工程规范第四条")
    with pytest.raises(WrongState, match="不能批准延期：现在是“已申请”，只有“单位已同意”"):
        await beside.grant_extension(centre.head, ticket.id)
    with pytest.raises(NotAllowed, match="需要：单位负责人"):
        await beside.sign_extension(centre.liaison, ticket.id)
    await beside.sign_extension(centre.unit_head, ticket.id)
    with pytest.raises(NotAllowed, match="需要：分办负责人"):
        await beside.grant_extension(centre.dispatcher, ticket.id)
    await beside.grant_extension(centre.head, ticket.id, "同意")
    assert moment(await clock(centre, ticket, "close_by")) == "11-28 17:30"
    (request,) = await rows(centre, Extension, ticket)
    assert (request.state, request.decided_by) == ("GRANTED", centre.head.user_id)
    assert "extended" in await told(centre, ticket)
    with pytest.raises(WrongState, match="最多延期1次"):
        await beside.ask_extension(centre.liaison, ticket.id, 1, REASON)


async def test_an_extension_is_at_most_the_original_limit_and_thirty_days(centre: Centre) -> None:
    ticket = await in_progress(centre)
    for amount in (0, 8, -1):
        with pytest.raises(FieldErrors, match="1至7个工作日"):
            await centre.desk.beside.ask_extension(centre.liaison, ticket.id, amount, REASON)
    ordinary = await centre.desk.open_ticket(centre.agent, lamp_fields(category_code="1102"), None, centre.urban)
    await centre.desk.sign(centre.liaison, ordinary.id)
    with pytest.raises(FieldErrors, match="1至30天"):
        await centre.desk.beside.ask_extension(centre.liaison, ordinary.id, 31, REASON)


async def test_nobody_asks_for_time_that_has_run_out(centre: Centre) -> None:
    ticket = await in_progress(centre)
    centre.clock.set((await clock(centre, ticket, "close_by")).due_at)
    await centre.desk.beside.ask_extension(centre.liaison, ticket.id, 1, REASON)
    centre.clock.move(seconds=1)
    with pytest.raises(WrongState, match="已超过办结时限"):
        await centre.desk.beside.sign_extension(centre.unit_head, ticket.id)


async def test_what_is_red_stays_red_when_more_time_is_granted_late(centre: Centre) -> None:
    beside = centre.desk.beside
    ticket = await in_progress(centre)
    due = (await clock(centre, ticket, "close_by")).due_at
    centre.clock.set(due)
    await beside.ask_extension(centre.unit_head, ticket.id, 3, REASON)
    centre.clock.move(hours=1)
    await beside.grant_extension(centre.head, ticket.id)
    assert (await clock(centre, ticket, "close_by")).due_at == due
    async with centre.sessions() as session:
        assert (await session.get_one(Ticket, ticket.id)).lamp == "RED"


async def test_silence_is_a_refusal(centre: Centre) -> None:
    ticket = await in_progress(centre)
    await centre.desk.beside.ask_extension(centre.unit_head, ticket.id, 3, REASON)  # nine o'clock
    sweeps = TicketSweeps(centre.sessions, centre.clock, centre.bus)
    centre.clock.move(hours=5, minutes=30)
    assert await sweeps.lapse_extensions() == 0
    centre.clock.move(seconds=1)
    with pytest.raises(WrongState, match="已超过审批时限"):
        await centre.desk.beside.grant_extension(centre.head, ticket.id)
    assert [await sweeps.lapse_extensions() for _ in range(2)] == [1, 0]
    (request,) = await rows(centre, Extension, ticket)
    assert request.state == "LAPSED"
    assert moment(await clock(centre, ticket, "close_by")) == "11-25 17:30"


async def test_the_petition_office_may_veto_but_nobody_grants_to_the_own_unit(centre: Centre) -> None:
    beside = centre.desk.beside
    ticket = await in_progress(centre)
    await beside.ask_extension(centre.unit_head, ticket.id, 3, REASON)
    both = with_roles(centre.unit_head, "UNIT_HEAD", "DISPATCH_HEAD")
    with pytest.raises(NotAllowed, match="不能再由同一人批准延期"):
        await beside.grant_extension(both, ticket.id)
    await beside.refuse_extension(centre.petition, ticket.id, "理由不充分")
    (request,) = await rows(centre, Extension, ticket)
    assert request.state == "REFUSED"


async def test_what_a_unit_asked_for_ends_when_another_is_designated(centre: Centre) -> None:
    cases, beside = centre.desk.cases, centre.desk.beside
    ticket = await dispatched(centre)
    for _ in range(2):
        await beside.ask_return(centre.unit_head, ticket.id, "DUTY", "三定方案规定由他局负责")
        await cases.approve_return(centre.dispatcher, ticket.id, "同意退回")
        await centre.desk.dispatch(centre.dispatcher, ticket.id, centre.urban)
    await centre.desk.sign(centre.liaison, ticket.id)
    await beside.ask_extension(centre.unit_head, ticket.id, 3, REASON)
    await beside.ask_return(centre.unit_head, ticket.id, "DUTY", "三定方案规定由他局负责")
    await cases.designate(centre.head, ticket.id, centre.labour, "会商确定由人社局承办")
    assert [request.state for request in await rows(centre, Extension, ticket)] == ["LAPSED"]


# -- suspension ------------------------------------------------------------------------------------
async def test_time_stands_still_only_with_leave_and_runs_on_afterwards(centre: Centre) -> None:
    beside = centre.desk.beside
    ticket = await in_progress(centre)
    await beside.ask_suspension(centre.liaison, ticket.id, "TEST", "材料送检，等待报告")
    assert (await clock(centre, ticket, "close_by")).paused_at is None
    await beside.suspend(centre.head, ticket.id)
    async with centre.sessions() as session:
        stored = await session.get_one(Ticket, ticket.id)
        assert stored.lamp == "PAUSED"
    centre.clock.move(days=5)  # three working days
    await beside.resume(centre.liaison, ticket.id)
    close = await clock(centre, ticket, "close_by")
    assert (moment(close), close.suspended_s) == ("11-28 17:30", 5 * 86400)
    (wait,) = await rows(centre, Suspension, ticket)
    assert (wait.state, wait.cause) == ("ENDED", "TEST")
    with pytest.raises(NotFound, match="没有中止计时"):
        await beside.resume(centre.liaison, ticket.id)


async def test_a_reply_ends_what_waits(centre: Centre) -> None:
    beside = centre.desk.beside
    ticket = await in_progress(centre)
    await beside.ask_suspension(centre.liaison, ticket.id, "EVIDENCE", "等待诉求人提供照片")
    await beside.suspend(centre.head, ticket.id)
    await centre.desk.reply(centre.liaison, ticket.id, result(centre))
    close = await clock(centre, ticket, "close_by")
    assert (close.paused_at, close.met_at) == (None, centre.clock.now())
    assert [wait.state for wait in await rows(centre, Suspension, ticket)] == ["ENDED"]


# -- links, urging, supervision --------------------------------------------------------------------
async def test_links_are_made_once_and_can_be_undone(centre: Centre) -> None:
    beside = centre.desk.beside
    one = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    two = await centre.desk.open_ticket(centre.agent, lamp_fields())
    await beside.link(centre.dispatcher, two.id, one.ticket_no, "EVENT", "同一停电")
    for a, b in ((two, one), (one, two)):
        with pytest.raises(WrongState, match="已经关联"):
            await beside.link(centre.dispatcher, a.id, b.ticket_no, "EVENT")
    with pytest.raises(FieldErrors, match="关联类型"):
        await beside.link(centre.dispatcher, two.id, one.ticket_no, "MERGE")
    (made,) = await rows(centre, TicketLink, two)
    with pytest.raises(NotFound):
        await beside.unlink(centre.dispatcher, one.id, made.id)
    await beside.unlink(centre.dispatcher, two.id, made.id)
    with pytest.raises(WrongState, match="已经撤销"):
        await beside.unlink(centre.dispatcher, two.id, made.id)
    assert (await last_step(centre, two)).action == "unlink"


async def test_the_agent_urges_the_unit_that_has_the_ticket(centre: Centre) -> None:
    ticket = await dispatched(centre)
    await centre.desk.beside.urge(centre.agent, ticket.id, "CITIZEN", "来电人再次催问")
    (urged,) = await rows(centre, Urge, ticket)
    assert (urged.cause, urged.by_user_id) == ("CITIZEN", centre.agent.user_id)
    assert (await told(centre, ticket))[-1] == "urge"
    waiting = await centre.desk.open_ticket(centre.agent, lamp_fields())
    with pytest.raises(WrongState, match="不在承办单位"):
        await centre.desk.beside.urge(centre.agent, waiting.id, "CITIZEN")
    with pytest.raises(NotAllowed):
        await centre.desk.beside.urge(centre.other_agent, ticket.id, "CITIZEN")


async def test_supervision_rises_level_by_level(centre: Centre) -> None:
    beside = centre.desk.beside
    ticket = await dispatched(centre)
    with pytest.raises(WrongState, match="仍无结果的，才能提级"):
        await beside.supervise(centre.petition, ticket.id, 3, "直接实地督查")
    await beside.supervise(centre.petition, ticket.id, 1, "超期未办结")
    await beside.answer_supervision(centre.unit_head, ticket.id, "已安排人员，三日内修复。")
    with pytest.raises(WrongState, match="不能答复督办：现在是“已答复”"):
        await beside.answer_supervision(centre.unit_head, ticket.id, "再次答复")
    for level in (2, 3, 4):
        await beside.supervise(centre.petition, ticket.id, level, "仍无结果")
        with pytest.raises(WrongState, match="只能提级"):
            await beside.supervise(centre.petition, ticket.id, level, "仍无结果")
    await beside.end_supervision(centre.petition, ticket.id, "整改到位")
    orders = await rows(centre, Supervision, ticket)
    states = [(order.level, order.state) for order in orders]
    assert states == [(1, "RAISED"), (2, "RAISED"), (3, "RAISED"), (4, "CLOSED")]


@pytest.mark.parametrize("level", [0, 5])
async def test_urging_is_no_order(centre: Centre, level: int) -> None:
    ticket = await dispatched(centre)
    with pytest.raises(FieldErrors, match="督办级别"):
        await centre.desk.beside.supervise(centre.petition, ticket.id, level, "上级交办")
    async with centre.sessions() as session:
        assert await session.scalar(select(Supervision.id)) is None
