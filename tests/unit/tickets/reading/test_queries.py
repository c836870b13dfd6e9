from __future__ import annotations

from tests.unit.tickets.conftest import CALL, CALLER, Centre, lamp_fields
from tickets.clocks.rules import Lamp
from tickets.reading.queries import audit_of, progress, tickets_of_phone


async def test_a_callers_tickets_newest_first(centre: Centre) -> None:
    first = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    centre.clock.move(days=1)
    second = await centre.desk.open_ticket(centre.agent, lamp_fields(phone="13900000000", phone_alt=CALLER))
    await centre.desk.open_ticket(centre.agent, lamp_fields(phone="13911111111"))
    async with centre.sessions() as session:
        found = await tickets_of_phone(session, CALLER, 10, now=centre.clock.now())
        assert [brief.id for brief in found] == [second.id, first.id]
        assert found[0].category_name == "路灯、井盖"
        assert found[1].lamp is Lamp.RED  # the diversion was due yesterday at midnight
        assert [brief.id for brief in await tickets_of_phone(session, CALLER, 1)] == [second.id]
        assert await tickets_of_phone(session, "") == []


async def test_progress_by_number_tells_the_state_and_to_its_caller_the_unit(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    await centre.desk.sign(centre.liaison, ticket.id)
    async with centre.sessions() as session:
        (mine,) = await progress(session, ticket.ticket_no, CALLER)
        (anybody,) = await progress(session, ticket.ticket_no)
        (latest,) = await progress(session, phone=CALLER)
    tail = ticket.ticket_no[-4:]
    assert mine.spoken == (
        f"您尾号{tail}的工单，承办单位已经签收，正在安排办理，承办单位是城管局，将在11月25日前答复您。"
    )
    assert anybody.spoken == f"您尾号{tail}的工单，承办单位已经签收，正在安排办理。"
    assert (anybody.unit_name, anybody.due_at) == ("", None)
    assert latest == mine


async def test_progress_of_a_report_never_names_the_unit(centre: Centre) -> None:
    fields = lamp_fields(appeal_type="REPORT")
    ticket = await centre.desk.open_ticket(centre.agent, fields, CALL, centre.urban)
    async with centre.sessions() as session:
        (told,) = await progress(session, ticket.ticket_no, CALLER)
    assert "城管局" not in told.spoken
    assert told.unit_name == ""


async def test_progress_of_nothing(centre: Centre) -> None:
    async with centre.sessions() as session:
        assert await progress(session, "1' OR 1=1") == []
        assert await progress(session, "250101000000000000") == []
        assert await progress(session) == []
        assert await progress(session, phone="") == []


async def test_the_trail_of_a_ticket(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    async with centre.sessions() as session:
        rows = await audit_of(session, ticket.id)
    assert [row.detail["transition"] for row in rows] == ["T01", "T05", "T08"]
    assert all(row.actor_name and row.to_state for row in rows)
