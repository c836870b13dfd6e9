"""What a walk through the desk leaves agrees with itself; what is spoilt by hand is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from db.models import AuditEvent, Dispatch, Ticket, TicketClock, TicketClockEvent, Verification
from tests.unit.tickets.conftest import CALL, Centre, lamp_fields
from tests.unit.tickets.test_casework import DISSATISFIED, clock, dispatched, followed
from tests.unit.tickets.test_sidework import in_progress
from tickets.life.checking import Report, check, recompute


async def report(centre: Centre) -> Report:
    async with centre.sessions() as session:
        return await check(session)


async def spoil(centre: Centre, *statements: Any) -> None:
    async with centre.sessions.begin() as session:
        for statement in statements:
            await session.execute(statement)


async def in_verification(centre: Centre) -> Ticket:
    ticket = await followed(centre)
    return await centre.desk.cases.follow_up(centre.follow_up, ticket.id, DISSATISFIED)


async def test_what_the_desk_writes_agrees(centre: Centre) -> None:
    ticket = await in_verification(centre)
    await centre.desk.cases.rework(centre.petition, ticket.id, "现场路灯仍不亮")
    await centre.desk.beside.add_assist(centre.head, ticket.id, centre.labour)
    await centre.desk.answer_on_line(centre.agent, lamp_fields(appeal_type="CONSULT"), None, "lamp")
    await centre.desk.decline(centre.agent, lamp_fields(), None, "NA01", "已告知可向法院起诉。")
    found = await report(centre)
    assert found.findings == []
    assert (found.tickets, found.by_state) == (4, {"CLOSED": 1, "DISPATCHED": 2, "NOT_ACCEPTED": 1})


Make = Callable[[Centre], Awaitable[Ticket]]


@pytest.mark.parametrize(
    ("make", "statement", "kind", "text"),
    [
        (dispatched, lambda t: update(Ticket).values(state="SIGNED"), "balance", "its steps lead to DISPATCHED"),
        (dispatched, lambda t: update(Ticket).values(next_lamp_at=None), "lamp", "its clocks say"),
        (dispatched, lambda t: update(Ticket).values(returns=1), "balance", "1 returns, 0 of them"),
        (dispatched, lambda t: update(Ticket).values(nature="ASSIST"), "orphan", "belongs to no matter"),
        (dispatched, lambda t: delete(Dispatch), "orphan", "without a dispatch"),
        (
            dispatched,
            lambda t: update(TicketClock).values(due_at=TicketClock.started_at),
            "clock",
            "its events say",
        ),
        (dispatched, lambda t: delete(TicketClock).where(TicketClock.name == "close_by"), "orphan", "not there"),
        (dispatched, lambda t: delete(TicketClockEvent), "orphan", "has no events"),
        (
            dispatched,
            lambda t: update(TicketClockEvent).where(TicketClockEvent.kind == "meet").values(kind="resume"),
            "clock",
            "is not possible here",
        ),
        (
            dispatched,
            lambda t: delete(AuditEvent).where(AuditEvent.action == "submit"),
            "trail",
            "starts from REGISTERED",
        ),
        (in_verification, lambda t: delete(Verification), "orphan", "without what is to be verified"),
    ],
)
async def test_what_does_not_agree_is_found(
    centre: Centre, make: Make, statement: Callable[[Ticket], Any], kind: str, text: str
) -> None:
    ticket = await make(centre)
    await spoil(centre, statement(ticket).execution_options(synchronize_session=False))
    findings = (await report(centre)).findings
    assert any(finding.kind == kind and text in finding.text for finding in findings), findings


async def test_a_trail_of_a_ticket_that_is_gone_is_found(centre: Centre) -> None:
    await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    async with centre.sessions.begin() as session:
        session.add(AuditEvent(at=centre.clock.now(), object_kind="ticket", object_id="4711", action="sign"))
    assert [finding.text for finding in (await report(centre)).findings] == [
        "1 tickets in the trail that are not there"
    ]


async def test_clocks_are_reckoned_again_from_their_events(centre: Centre) -> None:
    ticket = await in_progress(centre)
    await centre.desk.beside.ask_suspension(centre.liaison, ticket.id, "TEST", "材料送检，等待报告")
    await centre.desk.beside.suspend(centre.head, ticket.id)
    centre.clock.move(days=5)
    await centre.desk.beside.resume(centre.liaison, ticket.id)
    right = (await clock(centre, ticket, "close_by")).due_at
    wrong = update(TicketClock).where(TicketClock.name == "close_by").values(due_at=right + timedelta(days=1))
    await spoil(centre, wrong.execution_options(synchronize_session=False))
    async with centre.sessions.begin() as session:
        assert await recompute(session) == (1, 1)
    async with centre.sessions.begin() as session:
        assert await recompute(session) == (1, 0)
        assert (await recompute(session, ended=True))[1] == 0
    assert (await clock(centre, ticket, "close_by")).due_at == right
    assert (await report(centre)).findings == []
