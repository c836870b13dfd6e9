"""Two jobs processes on one PostgreSQL: nothing is done twice, and nobody waits for the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

import tests.postgres as postgres
from db.models import Article, AuditEvent, Base, Call, CallbackTask, Recording
from db.session import Sessions, make_engine, make_sessions
from hotline.jobs import RETENTION, Jobs
from kb.index import KnowledgeIndex
from tests.conftest import _numbers
from tests.fakes.clock import FakeClock
from tests.unit.hotline.test_jobs import article

TASKS = 80


@pytest.fixture
async def two(postgres_cluster: str) -> AsyncIterator[tuple[Sessions, Sessions]]:
    """Sessions of two processes on one database with all tables."""
    name = f"jobs_{next(_numbers)}"
    await postgres.execute(postgres_cluster, f"CREATE DATABASE {name}")
    engines = [make_engine(postgres_cluster + name) for _ in range(2)]
    async with engines[0].begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield make_sessions(engines[0]), make_sessions(engines[1])
    for engine in engines:
        await engine.dispose()
    await postgres.execute(postgres_cluster, f"DROP DATABASE {name} WITH (FORCE)")


async def old_tasks(sessions: Sessions, clock: FakeClock, count: int) -> None:
    old = clock.now() - timedelta(days=3)
    async with sessions.begin() as session:
        session.add(Call(id="c1", started_at=old))
        await session.flush()
        for _ in range(count):
            session.add(CallbackTask(call_id="c1", phone="13900000000", kind="missed", created_at=old, due_at=old))


async def test_both_at_once_close_each_task_once(two: tuple[Sessions, Sessions], clock: FakeClock) -> None:
    await old_tasks(two[0], clock, TASKS)
    jobs = [Jobs(sessions, clock) for sessions in two]
    await asyncio.gather(*(one.give_up_callbacks() for one in jobs for _ in range(4)))
    async with two[0]() as session:
        open_ = select(func.count()).where(CallbackTask.state == "open").select_from(CallbackTask)
        assert await session.scalar(open_) == 0
        traces = list(await session.scalars(select(AuditEvent.object_id)))
    assert len(traces) == len(set(traces)) == TASKS


async def test_a_row_in_anothers_hands_is_left_to_him(two: tuple[Sessions, Sessions], clock: FakeClock) -> None:
    await old_tasks(two[0], clock, 2)
    mine, others = two
    started = clock.now() - timedelta(days=1)
    async with mine.begin() as session:
        for name in "ab":
            session.add(Recording(call_id="c1", path=f"{name}.wav", seconds=1, bytes=1, started_at=started))
    async with others.begin() as session:
        task = await session.scalar(select(CallbackTask).limit(1).with_for_update())
        row = await session.scalar(select(Recording).limit(1).with_for_update())
        assert task is not None and row is not None
        async with asyncio.timeout(30):  # waiting for the other would last for ever
            await Jobs(mine, clock).give_up_callbacks()
            await Jobs(mine, clock).mark_recordings()
        async with mine() as looking:
            states = {one.id: one.state for one in await looking.scalars(select(CallbackTask))}
            dates = {one.id: one.delete_after for one in await looking.scalars(select(Recording))}
        assert states.pop(task.id) == "open" and dates.pop(row.id) is None
        assert set(states.values()) == {"given_up"}
        assert set(dates.values()) == {started + RETENTION}
        await session.rollback()  # the other died: its rows are free again
    await Jobs(mine, clock).give_up_callbacks()
    async with mine() as looking:
        assert set(await looking.scalars(select(CallbackTask.state))) == {"given_up"}


async def test_both_at_midnight_write_one_trace(two: tuple[Sessions, Sessions], clock: FakeClock) -> None:
    async with two[0].begin() as session:
        for number in range(20):
            session.add(article(f"a{number}", date(2025, 11, 13), clock.now()))
    await asyncio.gather(
        *(Jobs(sessions, clock, KnowledgeIndex(sessions, clock=clock)).move_validity() for sessions in two * 2)
    )
    async with two[0]() as session:
        assert set(await session.scalars(select(Article.state))) == {"expired"}
        assert await session.scalar(select(func.count()).select_from(AuditEvent)) == 20
