from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import hdrs
from sqlalchemy import select

from agent_desk.account import attempts
from agent_desk.account.login import check_login
from agent_desk.web import passwords
from agent_desk.web.lockout import (
    ADDRESS_FAILURES,
    ADDRESS_WINDOW,
    FAILURES_ALLOWED,
    LOCKED_FOR,
    AddressBlocked,
    AddressLimit,
    lift,
    reserve,
)
from agent_desk.web.services import SERVICES
from db.models import AuditEvent, User
from db.session import Sessions, make_engine, make_sessions
from tests.fakes.clock import FakeClock
from tests.fakes.desk_seed import PASSWORD
from tests.unit.agent_desk.conftest import Desk, submit_login


@pytest.fixture
async def accounts(database: str, clock: FakeClock) -> AsyncIterator[Sessions]:
    """One account, on SQLite and on PostgreSQL in turn."""
    engine = make_engine(database)
    sessions = make_sessions(engine)
    async with sessions.begin() as session:
        session.add(User(id=1, login="a", name="甲", password_hash="", roles=[], created_at=clock.now()))
    yield sessions
    await engine.dispose()


async def take(sessions: Sessions, clock: FakeClock) -> int:
    async with sessions.begin() as session:
        return await reserve(session, 1, clock.now())


async def test_attempts_at_once_are_no_more_than_one_by_one(accounts: Sessions, clock: FakeClock) -> None:
    numbers = await asyncio.gather(*(take(accounts, clock) for _ in range(30)))
    assert sorted(numbers) == [0] * 25 + [1, 2, 3, 4, 5]


async def test_a_lock_ends_and_counting_begins_anew(accounts: Sessions, clock: FakeClock) -> None:
    assert [await take(accounts, clock) for _ in range(FAILURES_ALLOWED + 1)] == [1, 2, 3, 4, 5, 0]
    clock.move(seconds=LOCKED_FOR.total_seconds() - 1)
    assert await take(accounts, clock) == 0
    clock.move(seconds=1)
    assert [await take(accounts, clock) for _ in range(2)] == [1, 2]


async def test_the_last_attempt_may_be_the_right_one(accounts: Sessions, clock: FakeClock) -> None:
    for _ in range(FAILURES_ALLOWED):
        await take(accounts, clock)
    async with accounts.begin() as session:
        user = await session.get(User, 1)
        assert user is not None and user.locked_until is not None
        lift(user)
    assert await take(accounts, clock) == 1


async def test_a_volley_of_wrong_passwords_is_evaluated_five_times(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated = 0
    matches = passwords.password_matches

    async def counted(stored: str | None, password: str) -> bool:
        nonlocal evaluated
        evaluated += stored is not None
        return await matches(stored, password)

    monkeypatch.setattr(attempts, "password_matches", counted)
    services = desk.server.app[SERVICES]
    said = await asyncio.gather(*(check_login(services, "agent1", "wrong", "") for _ in range(30)))
    assert evaluated == FAILURES_ALLOWED
    assert all(user_id is None for user_id, _ in said)
    assert (await submit_login(await desk.client(), "agent1", PASSWORD)).status == 401
    async with desk.sessions() as session:
        rows = list(await session.scalars(select(AuditEvent.action).where(AuditEvent.object_kind == "account")))
    assert sorted(rows) == ["locked"] + ["login_failed"] * 4


async def test_one_address_can_neither_lock_all_accounts_nor_guess_across_them(desk: Desk) -> None:
    client = await desk.client()
    for number in range(ADDRESS_FAILURES):
        assert (await submit_login(client, f"nobody{number}", "wrong")).status == 401
    refused = await submit_login(client, "agent1", PASSWORD)
    assert refused.status == 429
    assert "09:10" in await refused.text()
    async with desk.sessions() as session:
        assert await session.scalar(select(User.failed_logins).where(User.login == "agent1")) == 0
    # The proxy in front is trusted to name the browser: others behind it are not kept out.
    client.session.headers[hdrs.X_FORWARDED_FOR] = "10.9.9.9, 192.0.2.7"
    assert (await submit_login(client, "agent1", PASSWORD)).status == 303
    assert (await submit_login(await desk.client(), "agent2", PASSWORD)).status == 429
    desk.clock.move(seconds=ADDRESS_WINDOW.total_seconds())
    assert (await submit_login(await desk.client(), "agent2", PASSWORD)).status == 303


async def test_a_hall_behind_one_address_logs_in_at_once(clock: FakeClock) -> None:
    limit = AddressLimit(clock)

    async def one(right: bool) -> bool:
        try:
            async with limit.turn("192.0.2.1") as turn:
                await asyncio.sleep(0)
                turn.failed = not right
        except AddressBlocked:
            return False
        return True

    assert all(await asyncio.gather(*(one(True) for _ in range(100))))
    assert sum(await asyncio.gather(*(one(False) for _ in range(100)))) == ADDRESS_FAILURES
    assert not await one(True)


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
    ],
)
async def test_what_counts_as_one_address(clock: FakeClock, first: str, second: str, same: bool) -> None:
    limit = AddressLimit(clock)
    for _ in range(ADDRESS_FAILURES):
        async with limit.turn(first) as turn:
            turn.failed = True
    blocked = False
    try:
        async with limit.turn(second):
            pass
    except AddressBlocked:
        blocked = True
    assert blocked is same
