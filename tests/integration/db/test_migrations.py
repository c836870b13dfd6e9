"""The migrations lead to exactly the tables of the models, down again and up again, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, bindparam, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.base import Utc
from db.migrate import downgrade, revisions, upgrade
from db.models import Base, Ticket, TicketClock, TicketClockEvent
from db.seed import load_demo
from db.session import make_engine, make_sessions
from tests.fakes.clock import FakeClock


@pytest.fixture
async def engine(empty_database: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(empty_database)
    yield made
    await made.dispose()


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


async def test_up_makes_the_tables_of_the_models(engine: AsyncEngine) -> None:
    await upgrade(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(_differences) == []
    have, newest = await revisions(engine)
    assert have == newest


async def test_down_removes_everything_and_up_brings_it_back(engine: AsyncEngine, clock: FakeClock) -> None:
    await upgrade(engine)
    await downgrade(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(_tables) == set()
    await upgrade(engine)
    async with make_sessions(engine).begin() as session:
        assert await load_demo(session, clock.now())


async def test_upgrading_twice_changes_nothing(engine: AsyncEngine) -> None:
    await upgrade(engine)
    await upgrade(engine)
    async with engine.connect() as connection:
        assert await connection.run_sync(_tables) == set(Base.metadata.tables)


TICKET = """
INSERT INTO ticket (
    id, ticket_no, state, close_reason, decline_code, channel, appeal_type, appellant_name, gender, is_enterprise,
    company, phone, phone_alt, caller_id, confidential, occurred_text, place_text, region_code, subject, title,
    content, demand, category_code, procedure, urgency, tags, is_public, answer_text, nature, received_at, returns,
    reworks, version
) VALUES (
    1, '1', 'SIGNED', '', '', 'PHONE', 'HELP', '', '', false, '', '', '', '', 'NONE', '', '', '', '', 'x', 'x', '',
    '11', 'SIMPLE', 'GENERAL', '[]', true, '', 'LEAD', :at, 0, 0, 1
)
"""
CLOCK = """
INSERT INTO ticket_clock (
    ticket_id, name, round, started_at, warn_at, due_at, met_at, stopped_at, profile_version, provisional
) VALUES (1, :name, 1, :start, :warn, :due, :met, :stop, 'ZJ2017-1', false)
"""


async def test_clocks_that_ran_before_get_events_and_are_not_told_anew(
    engine: AsyncEngine, clock: FakeClock
) -> None:
    await upgrade(engine, "0003")
    start = clock.now()
    async with engine.begin() as connection:
        await connection.execute(text("INSERT INTO category VALUES ('11', NULL, 'x', 'x', '', '[]', '', false)"))
        await connection.execute(
            text(TICKET).bindparams(bindparam("at", type_=Utc())),
            {"at": start},
        )
        names = ("start", "warn", "due", "met", "stop")
        insert = text(CLOCK).bindparams(*(bindparam(name, type_=Utc()) for name in names))
        soon, far = start + timedelta(hours=1), datetime.now(UTC) + timedelta(days=3650)
        blank = {"start": start, "warn": soon, "due": soon, "met": None, "stop": None}
        await connection.execute(insert, blank | {"name": "sign_by", "met": soon})
        await connection.execute(insert, blank | {"name": "transfer_by", "stop": soon})
        await connection.execute(insert, blank | {"name": "inform_by"})
        await connection.execute(insert, blank | {"name": "close_by", "warn": far, "due": far})
    await upgrade(engine)
    async with make_sessions(engine)() as session:
        events = await session.execute(
            select(TicketClockEvent.name, TicketClockEvent.kind, TicketClockEvent.at).order_by(TicketClockEvent.id)
        )
        clocks = {row.name: row for row in await session.scalars(select(TicketClock))}
        ticket = await session.get_one(Ticket, 1)
    assert sorted(tuple(row) for row in events) == [
        ("close_by", "start", start),
        ("inform_by", "start", start),
        ("sign_by", "meet", soon),
        ("sign_by", "start", start),
        ("transfer_by", "start", start),
        ("transfer_by", "stop", soon),
    ]
    assert {name: (row.yellow_at, row.red_at) for name, row in clocks.items()} == {
        "sign_by": (None, None),
        "transfer_by": (None, None),
        "inform_by": (soon, soon),
        "close_by": (None, None),
    }
    assert ticket.next_lamp_at == soon
    await downgrade(engine, "0003")
    await upgrade(engine)
