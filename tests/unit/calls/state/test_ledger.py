"""Rows in order, one bad change does not hold up the others, a database that is away is waited for."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from calls.state.ledger import Ledger, Op
from db.models import CalendarDay
from db.session import Sessions
from tests.waiting import until


def add(day: int) -> Op:
    from datetime import date

    async def op(session: AsyncSession) -> None:
        session.add(CalendarDay(day=date(2026, 1, day), is_workday=True))

    return op


async def days(sessions: Sessions) -> list[int]:
    async with sessions() as session:
        return sorted(row.day.day for row in await session.scalars(select(CalendarDay)))


async def test_one_bad_change_does_not_hold_up_the_others(sessions: Sessions) -> None:
    async def bad(_: AsyncSession) -> None:
        raise RuntimeError("a fault of ours")

    ledger = Ledger(sessions)
    assert await ledger.write(add(1), bad, add(2))
    assert await ledger.write(add(2), add(3))  # 2 is there already: refused by the database and dropped
    assert await days(sessions) == [1, 2, 3]
    await ledger.close()


@pytest.mark.parametrize(
    "fault",
    [OperationalError("INSERT", {}, Exception("the server is gone")), PoolTimeout("no connection is free")],
)
async def test_a_database_that_is_away_is_waited_for(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr("calls.state.ledger.RETRY_S", 0.01)
    away = asyncio.Event()
    away.set()

    async def gate(_: AsyncSession) -> None:
        if away.is_set():
            raise fault

    ledger = Ledger(sessions)
    assert not await ledger.write(gate, add(1))
    assert not await ledger.write(add(2))
    assert ledger.behind == 3
    away.clear()
    await until(lambda: ledger.behind == 0)
    assert await days(sessions) == [1, 2]
    await ledger.close()


async def test_a_slow_database_delays_nobody_for_long(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calls.state.ledger.WAIT_S", 0.05)
    monkeypatch.setattr("calls.state.ledger.RETRY_S", 0.01)
    release = asyncio.Event()

    async def slow(_: AsyncSession) -> None:
        await release.wait()

    ledger = Ledger(sessions)
    async with asyncio.timeout(30):
        assert not await ledger.write(slow, add(1))
    release.set()
    await until(lambda: ledger.behind == 0)
    assert await days(sessions) == [1]
    await ledger.close()


async def test_while_the_database_hangs_only_the_first_change_waits(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.state.ledger.WAIT_S", 0.05)
    monkeypatch.setattr("calls.state.ledger.RETRY_S", 0.01)
    release = asyncio.Event()

    async def slow(_: AsyncSession) -> None:
        await release.wait()

    ledger = Ledger(sessions)
    assert not await ledger.write(slow)
    monkeypatch.setattr("calls.state.ledger.WAIT_S", 3600)
    async with asyncio.timeout(30):
        for day in range(1, 6):
            assert not await ledger.write(add(day))
    release.set()
    await until(lambda: ledger.behind == 0)
    assert await days(sessions) == [1, 2, 3, 4, 5]
    await ledger.close()


@pytest.mark.parametrize("refused", [False, True], ids=["at_once", "one_by_one"])
async def test_what_a_full_backlog_lets_go_while_it_is_written_costs_nothing_newer(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    monkeypatch.setattr("calls.state.ledger.WAIT_S", 0.05)
    monkeypatch.setattr("calls.state.ledger.RETRY_S", 0.01)
    monkeypatch.setattr("calls.state.ledger.BACKLOG_LIMIT", 3)
    release = asyncio.Event()

    async def slow(_: AsyncSession) -> None:
        await release.wait()
        if refused:
            raise RuntimeError("a fault of ours")

    ledger = Ledger(sessions)
    assert not await ledger.write(slow, add(1), add(2))
    assert not await ledger.write(add(3), add(4))  # two of the batch being written are let go
    assert ledger.behind == 3
    release.set()
    await until(lambda: ledger.behind == 0)
    assert await days(sessions) == [1, 2, 3, 4]
    await ledger.close()


async def test_closing_leaves_no_write_behind(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calls.state.ledger.WAIT_S", 0.01)
    ended: list[bool] = []

    async def endless(_: AsyncSession) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    ledger = Ledger(sessions)
    assert not await ledger.write(endless)
    begun = asyncio.all_tasks()
    await ledger.close()
    assert ended and not [task for task in asyncio.all_tasks() - begun if not task.done()]
