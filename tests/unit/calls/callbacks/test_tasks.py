"""Call-back tasks: one a number, one agent at a time, three attempts."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from calls.callbacks import tasks as callbacks
from calls.callbacks.tasks import CallbackError, claims_of
from db.models import AuditEvent
from db.session import Sessions
from tests.fakes.clock import FakeClock
from tests.unit.calls.callbacks.kit import PHONE, a_call, a_task, the_task, users


async def test_a_request_is_kept_although_the_citizen_calls_again(sessions: Sessions, clock: FakeClock) -> None:
    call_id = await a_call(sessions, clock)
    async with sessions.begin() as session:
        first = await callbacks.request(session, clock, call_id=call_id, phone=PHONE, kind="missed")
        second = await callbacks.request(session, clock, call_id=call_id, phone=PHONE)
        assert (first.id, second.kind) == (second.id, "requested")
        with pytest.raises(CallbackError):
            await callbacks.request(session, clock, call_id=call_id, phone="")


async def test_a_message_takes_over_the_task_of_its_number(sessions: Sessions, clock: FakeClock) -> None:
    missed, left, again = [await a_call(sessions, clock) for _ in range(3)]
    async with sessions.begin() as session:
        for call_id, kind in ((missed, "missed"), (left, "voicemail"), (again, "requested")):
            task = await callbacks.request(session, clock, call_id=call_id, phone=PHONE, kind=kind)
        assert (task.kind, task.call_id) == ("voicemail", left)


async def test_of_two_who_press_at_once_one_wins_and_the_other_is_told_who(
    sessions: Sessions, clock: FakeClock
) -> None:
    first, second = await users(sessions, "张三", "李四")
    task_id = await a_task(sessions, clock)

    async def press(user_id: int) -> str:
        try:
            async with sessions.begin() as session:
                await callbacks.take(session, clock, task_id, user_id)
        except CallbackError as error:
            return str(error)
        return ""

    told = await asyncio.gather(press(first), press(second))
    winner, loser = (first, told[1]) if not told[0] else (second, told[0])
    assert sorted(map(bool, told)) == [False, True]
    assert ("张三" if winner == first else "李四") in loser and "认领" in loser
    async with sessions() as session:
        claim = (await claims_of(session, [task_id]))[task_id]
    assert (claim.user_id, claim.at) == (winner, clock.now())
    assert (await the_task(sessions, task_id)).taken_by == winner


async def test_the_same_number_is_called_by_one_agent_only(sessions: Sessions, clock: FakeClock) -> None:
    first, second = await users(sessions, "张三", "李四")
    one, other = await a_task(sessions, clock), await a_task(sessions, clock)
    async with sessions.begin() as session:
        await callbacks.take(session, clock, one, first)
        with pytest.raises(CallbackError, match="张三"):
            await callbacks.take(session, clock, other, second)


async def test_a_claim_given_back_counts_no_attempt(sessions: Sessions, clock: FakeClock) -> None:
    first, second = await users(sessions, "张三", "李四")
    task_id = await a_task(sessions, clock)
    async with sessions.begin() as session:
        await callbacks.take(session, clock, task_id, first)
        await callbacks.release(session, clock, task_id, reason="坐席放回")
        assert await callbacks.release(session, clock, task_id, reason="坐席放回") is None
        task = await callbacks.take(session, clock, task_id, second)
        assert (task.attempts, task.taken_by) == (0, second)


async def test_whoever_was_reached_is_not_called_again(sessions: Sessions, clock: FakeClock) -> None:
    one, double, message = [
        await a_task(sessions, clock, kind=kind) for kind in ("missed", "requested", "voicemail")
    ]
    async with sessions.begin() as session:
        await callbacks.finish(session, clock, one, None, reached=True, result="已接通")
    states = [(await the_task(sessions, task_id)).state for task_id in (one, double, message)]
    assert states == ["done", "done", "open"]


async def test_every_step_leaves_a_row_without_the_number(sessions: Sessions, clock: FakeClock) -> None:
    (user,) = await users(sessions, "张三")
    task_id = await a_task(sessions, clock)
    async with sessions.begin() as session:
        await callbacks.take(session, clock, task_id, user)
        await callbacks.finish(session, clock, task_id, user, reached=False, result="占线")
        await callbacks.take(session, clock, task_id, user)
        await callbacks.finish(session, clock, task_id, user, reached=True, result="已接通")
    async with sessions() as session:
        trail = list(await session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    assert [(row.action, row.from_state, row.to_state) for row in trail] == [
        ("take", "open", "taken"),
        ("attempt", "taken", "open"),
        ("take", "open", "taken"),
        ("reach", "taken", "done"),
    ]
    assert all(PHONE not in repr((row.detail, row.reason)) for row in trail)


async def test_a_task_that_is_over_says_how(sessions: Sessions, clock: FakeClock) -> None:
    task_id = await a_task(sessions, clock)
    async with sessions.begin() as session:
        await callbacks.finish(session, clock, task_id, None, reached=True, result="市民再次来电已接通")
        with pytest.raises(CallbackError, match="市民再次来电已接通"):
            await callbacks.take(session, clock, task_id, 1)
        with pytest.raises(CallbackError, match="没有这个"):
            await callbacks.take(session, clock, task_id + 1, 1)


async def test_three_attempts_then_given_up(sessions: Sessions, clock: FakeClock) -> None:
    call_id = await a_call(sessions, clock)
    (user,) = await users(sessions, "张三")
    async with sessions.begin() as session:
        task = await callbacks.request(session, clock, call_id=call_id, phone=PHONE)
        states = []
        for _ in range(3):
            done = await callbacks.finish(session, clock, task.id, user, reached=False, result="无人接听")
            states.append(done.state)
        assert states == ["open", "open", "given_up"]
        with pytest.raises(CallbackError, match="已经结束"):
            await callbacks.finish(session, clock, task.id, 1, reached=True)
        assert await callbacks.list_open(session) == []
