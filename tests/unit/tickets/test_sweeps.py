"""Lamps turn yellow and red once each, whoever looks and however late."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from db.models import AuditEvent, OutboxMessage, Supervision, Ticket, Urge
from tests.unit.tickets.conftest import CALL, Centre, lamp_fields
from tests.unit.tickets.test_casework import SATISFIED, clock, dispatched, followed, result, rows
from tickets.sweeps import TicketSweeps


async def lamps_told(centre: Centre) -> list[tuple[str, str]]:
    async with centre.sessions() as session:
        sent = await session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))
        return [
            (message.body["about"], message.recipient.split(":")[0])
            for message in sent
            if message.body["about"].startswith(("lamp_", "remind", "supervision"))
        ]


async def lamp_of(centre: Centre, ticket: Ticket) -> str:
    async with centre.sessions() as session:
        return (await session.get_one(Ticket, ticket.id)).lamp


@pytest.fixture
def sweeps(centre: Centre) -> TicketSweeps:
    return TicketSweeps(centre.sessions, centre.clock, centre.bus)


async def test_each_lamp_is_told_once_at_its_moment(centre: Centre, sweeps: TicketSweeps) -> None:
    ticket = await dispatched(centre)  # signature: two hours from nine, yellow at 10:30
    assert await lamp_of(centre, ticket) == "GREEN"
    centre.clock.move(minutes=89)
    assert await sweeps.lamps() == 0
    centre.clock.move(minutes=1)
    assert [await sweeps.lamps() for _ in range(2)] == [1, 0]
    assert await lamp_of(centre, ticket) == "YELLOW"
    centre.clock.move(minutes=30)
    assert await sweeps.lamps() == 0  # two hours sharp are not late
    centre.clock.move(seconds=1)
    assert [await sweeps.lamps() for _ in range(2)] == [1, 0]
    assert await lamp_of(centre, ticket) == "RED"
    assert await lamps_told(centre) == [("lamp_yellow", "unit"), ("lamp_red", "unit")]
    assert [urge.cause for urge in await rows(centre, Urge, ticket)] == ["YELLOW", "RED"]


async def test_yellow_is_never_told_after_what_was_waited_for(centre: Centre, sweeps: TicketSweeps) -> None:
    ticket = await dispatched(centre)
    await centre.desk.sign(centre.liaison, ticket.id)
    centre.clock.move(hours=3)
    assert await sweeps.lamps() == 0


async def test_several_processes_tell_it_once(centre: Centre) -> None:
    for _ in range(3):
        await centre.desk.open_ticket(centre.agent, lamp_fields(), None, centre.urban)
    centre.clock.move(hours=2, seconds=1)
    many = [TicketSweeps(centre.sessions, centre.clock, centre.bus) for _ in range(4)]
    counts = await asyncio.gather(*(sweeps.lamps() for sweeps in many))
    assert sum(counts) == 6
    assert sorted(await lamps_told(centre)) == [("lamp_red", "unit")] * 3 + [("lamp_yellow", "unit")] * 3


async def test_after_an_outage_each_is_told_once_all_the_same(centre: Centre, sweeps: TicketSweeps) -> None:
    ticket = await dispatched(centre)
    await centre.desk.sign(centre.liaison, ticket.id)
    await centre.desk.transfer(centre.liaison, ticket.id, "市政股")
    centre.clock.move(days=60)
    assert [await sweeps.lamps() for _ in range(2)] == [4, 0]
    told = [about for about, _ in await lamps_told(centre)]
    assert told == ["lamp_yellow", "lamp_red", "remind", "supervision"]
    (order,) = await rows(centre, Supervision, ticket)
    assert (order.level, order.opened_by) == (1, None)
    await centre.desk.reply(centre.liaison, ticket.id, result(centre))
    assert (await clock(centre, ticket, "close_by")).met_at == centre.clock.now()


async def test_the_centres_own_clocks_warn_the_centre(centre: Centre, sweeps: TicketSweeps) -> None:
    await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    centre.clock.move(hours=15)
    assert await sweeps.lamps() == 2
    assert await lamps_told(centre) == [("lamp_yellow", "role"), ("lamp_red", "role")]


async def test_a_notice_that_cannot_be_written_leaves_no_mark(
    centre: Centre, sweeps: TicketSweeps, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await dispatched(centre)
    centre.clock.move(minutes=90)

    def broken(*_: object) -> None:
        raise OSError("no room")

    with monkeypatch.context() as patched:
        patched.setattr("tickets.life.notices.tell_unit", broken)
        assert await sweeps.lamps() == 0
    assert (await clock(centre, ticket, "sign_by")).yellow_at is None
    assert await sweeps.lamps() == 1
    assert (await clock(centre, ticket, "sign_by")).yellow_at == centre.clock.now()


async def test_the_archive_is_kept_by_the_house(centre: Centre, sweeps: TicketSweeps) -> None:
    ticket = await followed(centre)
    await centre.desk.cases.follow_up(centre.follow_up, ticket.id, SATISFIED)
    centre.clock.move(days=30, seconds=-1)
    assert await sweeps.archive() == 0
    centre.clock.move(seconds=1)
    assert [await sweeps.archive() for _ in range(2)] == [1, 0]
    async with centre.sessions() as session:
        step = await session.scalar(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1))
    assert step is not None and (step.action, step.actor_name) == ("archive", "系统")
    assert centre.clock.now() - ticket.received_at == timedelta(days=30)
