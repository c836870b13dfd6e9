"""A ticket's whole way over HTTP, each step by the person whose it is, and refused to everybody else."""

from __future__ import annotations

import pytest
from aiohttp import hdrs
from sqlalchemy import select

from agent_desk.tickets.case_table import ACTS
from agent_desk.web.permissions import TABLE
from db.models import Call, Extension, Supervision, Ticket, TicketClock, User
from runtime.clock import local
from tests.unit.agent_desk.conftest import Desk, Person
from tests.unit.agent_desk.units.test_unit_pages import state, ticket
from tickets.permissions import MATRIX


async def act(person: Person, number: str, key: str, **form: str) -> int:
    """The answer's status; a refusal's page is looked at by the test itself."""
    response = await person.form(f"/cases/{number}/{key}", **form)
    await response.read()
    return response.status


async def reply(desk: Desk, person: Person, number: str) -> None:
    response = await person.form(
        f"/unit/tickets/{number}/reply",
        is_true="yes",
        solved="yes",
        contacted="yes",
        contact_time=local(desk.clock.now()).strftime("%Y-%m-%dT%H:%M"),
        result_text="已更换井盖并复查，现场围挡已撤除。",
        public_text="井盖已更换。",
    )
    assert response.status == 303, await response.text()


async def replied(desk: Desk) -> tuple[str, Person]:
    number, liaison = await ticket(desk), await desk.log_in("urban")
    await liaison.form(f"/unit/tickets/{number}/sign")
    desk.clock.move(minutes=1)
    await reply(desk, liaison, number)
    return number, liaison


@pytest.mark.parametrize("key", sorted(ACTS))
def test_a_route_is_open_to_exactly_the_roles_of_the_matrix(key: str) -> None:
    row = ACTS[key]
    by_page = {role for role, granted in TABLE.items() if row.permission in granted}
    by_matrix = MATRIX[row.matrix].keys() - {"SYSTEM"}
    # The police's liaison is an agent for what was taken at the own seat, and urges nobody.
    assert by_page == by_matrix


async def test_from_the_reply_to_the_end(desk: Desk) -> None:
    number, liaison = await replied(desk)
    reviewer, clerk = await desk.log_in("reviewer"), await desk.log_in("followup")
    assert await act(liaison, number, "accept_reply") == 403
    page = await (await reviewer.get(f"/tickets/{number}")).text()
    assert "审核通过" in page and "登记回访" not in page
    assert await act(reviewer, number, "accept_reply") == 303
    assert await state(desk, number) == "FOLLOW_UP"
    again = await reviewer.form(f"/cases/{number}/accept_reply")
    assert again.status == 422
    assert "现在是“待回访”" in await again.text()
    waiting = await (await clerk.get("/tickets")).text()
    assert number in waiting and "待回访" in waiting
    assert await act(clerk, number, "follow_up", reached="yes", satisfaction="1", solved="yes") == 303
    assert await state(desk, number) == "CLOSED"


async def test_dissatisfaction_goes_to_the_petition_office_and_back_to_the_unit(desk: Desk) -> None:
    number, liaison = await replied(desk)
    reviewer, clerk, petition = [await desk.log_in(name) for name in ("reviewer", "followup", "petition")]
    await act(reviewer, number, "accept_reply")
    assert await act(clerk, number, "follow_up", reached="yes", satisfaction="5", solved="no") == 303
    assert await state(desk, number) == "VERIFY"
    assert await act(clerk, number, "explain", evidence="已依法办理并解释") == 403
    assert number in await (await petition.get("/tickets")).text()
    short = await petition.form(f"/cases/{number}/rework", evidence="不亮")
    assert short.status == 422
    page = await short.text()
    assert "至少4个字" in page and "不亮</textarea>" in page, "what was typed is kept"
    assert await act(petition, number, "rework", evidence="现场井盖仍松动") == 303
    assert await state(desk, number) == "DISPATCHED"
    assert "签收" in await (await liaison.get(f"/unit/tickets/{number}")).text()


async def test_a_return_is_asked_signed_and_agreed_to(desk: Desk) -> None:
    number = await ticket(desk)
    liaison, head, dispatcher = [await desk.log_in(name) for name in ("urban", "urbanhead", "dispatcher")]
    form = {"reason_code": "DUTY", "basis": "三定方案规定由他局负责", "unit_id": str(await desk.unit("labour"))}
    assert await act(liaison, number, "ask_return", **form) == 303
    assert await act(liaison, number, "put_return") == 403
    assert number in await (await head.get("/requests")).text()
    assert "同意申请退单" in await (await head.get(f"/unit/tickets/{number}")).text()
    assert await act(head, number, "put_return") == 303
    assert await state(desk, number) == "RETURN_REVIEW"
    assert await act(dispatcher, number, "approve_return", note="确属他局职责") == 303
    assert await state(desk, number) == "REGISTERED"
    gone = await liaison.get(f"/unit/tickets/{number}")
    assert gone.status == 404
    assert await act(dispatcher, number, "dispatch", unit_id=str(await desk.unit("labour"))) == 303
    assert await state(desk, number) == "DISPATCHED"


async def test_more_time_is_asked_signed_and_granted(desk: Desk) -> None:
    number = await ticket(desk)
    liaison, unit_head, head = [await desk.log_in(name) for name in ("urban", "urbanhead", "head")]
    await liaison.form(f"/unit/tickets/{number}/sign")
    too_long = await liaison.form(f"/cases/{number}/ask_extension", amount="300", reason="需要等待配件到货")
    assert too_long.status == 422
    assert "不超过原时限" in await too_long.text()
    assert await act(liaison, number, "ask_extension", amount="2", reason="需要等待配件到货") == 303
    assert await act(unit_head, number, "sign_extension") == 303
    assert number in await (await head.get("/requests")).text()
    async with desk.sessions() as session:
        before = await session.scalar(select(TicketClock.due_at).where(TicketClock.name == "close_by"))
    assert await act(head, number, "grant_extension") == 303
    async with desk.sessions() as session:
        after = await session.scalar(select(TicketClock.due_at).where(TicketClock.name == "close_by"))
        granted = await session.scalar(select(Extension.state))
    assert before is not None and after is not None and after > before
    assert granted == "GRANTED"


async def test_supervision_is_answered_by_the_units_head(desk: Desk) -> None:
    number = await ticket(desk)
    petition, unit_head = await desk.log_in("petition"), await desk.log_in("urbanhead")
    assert await act(petition, number, "supervise", level="1", cause="群众多次反映") == 303
    assert "答复督办" in await (await unit_head.get(f"/unit/tickets/{number}")).text()
    assert await act(unit_head, number, "answer_supervision", text="已安排人员处理。") == 303
    assert await act(petition, number, "end_supervision", note="整改到位") == 303
    async with desk.sessions() as session:
        assert await session.scalar(select(Supervision.state)) == "CLOSED"


async def test_an_act_on_anothers_ticket_is_not_found(desk: Desk) -> None:
    theirs, liaison = await ticket(desk, "labour"), await desk.log_in("urban")
    assert await act(liaison, theirs, "transfer", to="市政股") == 404
    assert await act(liaison, "251114090000000000", "transfer", to="市政股") == 404
    assert await state(desk, theirs) == "DISPATCHED"


@pytest.mark.parametrize(
    ("key", "form", "status"),
    [
        ("ask_return", {"reason_code": "BECAUSE", "basis": "三定方案"}, 422),
        ("ask_return", {"reason_code": "DUTY", "basis": "三定方案", "unit_id": "abc"}, 400),
        ("ask_return", {"reason_code": "DUTY", "basis": "x" * 501}, 422),
        ("ask_extension", {"amount": "-1", "reason": "需要等待配件到货"}, 400),
        ("transfer", {"to": "市政股", "state": "CLOSED"}, 400),
    ],
)
async def test_strange_forms_are_refused(desk: Desk, key: str, form: dict[str, str], status: int) -> None:
    number, liaison = await ticket(desk), await desk.log_in("urban")
    assert await act(liaison, number, key, **form) == status


async def test_who_is_no_longer_the_unit_goes_on_to_the_list(desk: Desk) -> None:
    number, head = await ticket(desk), await desk.log_in("urbanhead")
    done = await head.form(f"/cases/{number}/ask_return", reason_code="DUTY", basis="三定方案规定由他局负责")
    assert done.headers[hdrs.LOCATION] == f"/unit/tickets/{number}"
    async with desk.sessions() as session:
        assert await session.scalar(select(Ticket.state)) == "RETURN_REVIEW"


async def test_an_incomplete_ticket_comes_back_complete(desk: Desk) -> None:
    number = await ticket(desk, "urban")
    async with desk.sessions.begin() as session:
        row = (await session.scalars(select(Ticket))).one()
        agent_id = await session.scalar(select(User.id).where(User.login == "agent1"))
        row.created_by = agent_id
    liaison, head, dispatcher, agent = [
        await desk.log_in(name) for name in ("urban", "urbanhead", "dispatcher", "agent1")
    ]
    assert await act(head, number, "ask_return", reason_code="UNCLEAR", basis="没有写明具体位置") == 303
    assert await act(dispatcher, number, "approve_return", note="请补充位置") == 303
    assert await act(dispatcher, number, "send_back", missing="place_text") == 303
    assert "补充完整" in await (await agent.get(f"/tickets/{number}")).text()
    assert await act(liaison, number, "complete", place_text="桃溪社区门口") == 403
    assert await act(agent, number, "complete", place_text="桃溪社区门口") == 303
    async with desk.sessions() as session:
        found = (await session.scalars(select(Ticket))).one()
    assert (found.state, found.place_text) == ("REGISTERED", "桃溪社区门口")


async def test_a_withdrawal_needs_the_citizens_call(desk: Desk) -> None:
    number, clerk = await ticket(desk, category_code="1109"), await desk.log_in("followup")
    refused = await clerk.form(f"/cases/{number}/withdraw", note="不需要办理了")
    assert refused.status == 422
    assert "没有找到这通电话" in await refused.text()
    async with desk.sessions.begin() as session:
        session.add(Call(id="c1", caller="13912345678", started_at=desk.clock.now()))
    assert await act(clerk, number, "withdraw", note="不需要办理了") == 303
    assert await state(desk, number) == "CLOSED"


async def test_an_assisting_unit_is_named_and_waived(desk: Desk) -> None:
    number, head = await ticket(desk), await desk.log_in("head")
    assert await act(head, number, "add_assist", unit_id=str(await desk.unit("labour")), note="核实用工") == 303
    async with desk.sessions() as session:
        child = (await session.scalars(select(Ticket).where(Ticket.nature == "ASSIST"))).one()
    page = await (await head.get(f"/tickets/{child.ticket_no}")).text()
    assert "免予协办" in page and "确定协办单位" not in page
    assert await act(head, number, "waive", note="主办单位可独立办结") == 422
    assert await act(head, child.ticket_no, "waive", note="主办单位可独立办结") == 303
    assert await state(desk, child.ticket_no) == "CLOSED"


async def test_a_merge_is_made_and_undone(desk: Desk) -> None:
    numbers = [await ticket(desk), await ticket(desk)]
    dispatcher, head = await desk.log_in("dispatcher"), await desk.log_in("urbanhead")
    assert await act(head, numbers[1], "ask_return", reason_code="UNCLEAR", basis="没有写明具体位置") == 303
    assert await act(dispatcher, numbers[1], "approve_return", note="重复诉求") == 303
    assert await act(dispatcher, numbers[1], "merge", master_no=numbers[0]) == 303
    page = await (await dispatcher.get(f"/tickets/{numbers[1]}")).text()
    assert "撤销并单" in page and "重新办理" not in page
    assert await act(dispatcher, numbers[1], "unmerge", note="不是同一处") == 303
    assert await state(desk, numbers[1]) == "REGISTERED"
