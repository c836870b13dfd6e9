"""Invented weeks: through the real rooms, plausible, and removed without a trace."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from db.models import AgentSession, AuditEvent, Base, Call, OutboxMessage, Ticket, TranscriptUtterance, User
from db.seed import load_demo
from db.session import Sessions
from hotline.demo.clear import clear
from hotline.demo.fill import Size, fill
from hotline.demo.marks import KIND, NODE
from hotline.demo.summary import summary
from kb.articles import load_articles
from runtime.errors import UserError
from tests.fakes.clock import FakeClock

NOW = datetime(2025, 11, 14, 7, 0, tzinfo=UTC)
"""A Friday afternoon."""
SMALL = Size(weeks=0.2, calls_per_day=15)


@pytest.fixture
async def city(sessions: Sessions) -> Sessions:
    async with sessions.begin() as session:
        await load_demo(session, NOW)
        await load_articles(session, FakeClock(NOW))
    return sessions


async def rows(sessions: Sessions) -> dict[str, int]:
    async with sessions() as session:
        counted = {
            name: await session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }
    return {name: count for name, count in counted.items() if count}


def engine_of(sessions: Sessions) -> Any:
    return sessions.kw["bind"]


async def test_a_centre_is_lived_in_and_then_as_it_was(city: Sessions) -> None:
    before = await rows(city)
    shares: list[float] = []
    assert await fill(engine_of(city), SMALL, NOW, "tester", shares.append)
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1, abs=0.01)
    assert not await fill(engine_of(city), SMALL, NOW, "tester", shares.append)  # it is filled already
    async with city() as session:
        calls = list(await session.scalars(select(Call)))
        tickets = list(await session.scalars(select(Ticket)))
        said = await session.scalar(select(func.count()).select_from(TranscriptUtterance)) or 0
        unsent = await session.scalar(
            select(func.count()).select_from(OutboxMessage).where(OutboxMessage.sent_at.is_(None))
        )
        told = dict(await summary(session))
    assert len(calls) > 12 and said > 4 * len(calls)
    assert {call.node for call in calls} == {NODE} and {call.state for call in calls} == {"ended"}
    assert "answered" in {call.outcome for call in calls}
    assert all(NOW - timedelta(days=3) < call.started_at <= NOW for call in calls)
    assert len({ticket.state for ticket in tickets}) >= 3 and len({ticket.category_code for ticket in tickets}) > 5
    assert unsent == 0  # nobody is ever sent anything
    assert told["calls"] != "0"

    async with city.begin() as session:
        assert await clear(session) == len(calls)
    after = await rows(city)
    after["audit_event"] -= 2  # that it was filled stays on the trail
    assert {name: count for name, count in after.items() if count} == before
    async with city() as session:
        assert await session.scalar(select(func.count()).select_from(User).where(User.node == NODE)) == 0
        assert await session.scalar(select(func.count()).select_from(AgentSession)) == 0


async def test_real_calls_are_left_alone(city: Sessions) -> None:
    async with city.begin() as session:
        session.add(
            Call(
                id="01936f5e-0000-7000-8000-000000000001",
                caller="13912345678",
                caller_raw="13912345678",
                callee="12345",
                state="ended",
                outcome="answered",
                started_at=NOW - timedelta(hours=30),
                ended_at=NOW - timedelta(hours=30),
            )
        )
    with pytest.raises(UserError, match="1 real calls or tickets"):
        await fill(engine_of(city), SMALL, NOW, "tester", lambda _: None)
    before = await rows(city)
    assert await fill(engine_of(city), SMALL, NOW, "tester", lambda _: None, beside_real=True)
    async with city.begin() as session:
        await clear(session)
    after = await rows(city)
    after["audit_event"] -= 2
    assert {name: count for name, count in after.items() if count} == before
    async with city() as session:
        assert await session.scalar(select(func.count()).select_from(Call)) == 1


async def test_a_fill_that_was_broken_off_begins_anew(city: Sessions) -> None:
    class BrokenOff(Exception):
        pass

    def stop(share: float) -> None:
        if share > 0.5:
            raise BrokenOff

    with pytest.raises(BrokenOff):
        await fill(engine_of(city), SMALL, NOW, "tester", stop)
    assert await fill(engine_of(city), SMALL, NOW, "tester", lambda _: None)
    async with city.begin() as session:
        await clear(session)
        assert await session.scalar(select(func.count()).select_from(Ticket)) == 0
        notes = select(func.count()).select_from(AuditEvent).where(AuditEvent.object_kind == KIND)
        assert await session.scalar(notes) == 3  # begun twice, filled once
