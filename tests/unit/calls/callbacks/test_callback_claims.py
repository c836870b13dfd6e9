"""What the end of a call-back does to its task, and when a claim is given back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calls.callbacks import tasks as callbacks
from calls.callbacks.callback_claims import CLAIM_FOR, settle, sweep, task_of
from db.models import AgentSession, Call, CallbackTask
from db.session import Sessions
from tests.fakes.clock import FakeClock
from tests.unit.calls.callbacks.kit import a_call, a_call_out, a_task, the_task, users


async def taken(sessions: Sessions, clock: FakeClock, *, seated: str = "talking") -> int:
    (user,) = await users(sessions, "张三")
    task_id = await a_task(sessions, clock)
    async with sessions.begin() as session:
        session.add(AgentSession(agent="8001", user_id=user, state=seated, since=clock.now()))
        await callbacks.take(session, clock, task_id, user)
    return task_id


def stands(task: CallbackTask) -> tuple[str, int, str]:
    return (task.state, task.attempts, task.result)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"talked_s": 192}, ("done", 1, "已接通，通话3分12秒")),
        ({"cause": "17", "rung_s": 4}, ("open", 1, "占线")),
        ({"cause": "1", "rung_s": 2}, ("open", 1, "空号")),
        ({"cause": "19"}, ("open", 1, "无人接听")),
        ({"cause": "16", "rung_s": 60}, ("open", 1, "无人接听")),
        ({"cause": "16", "rung_s": 3}, ("open", 0, "")),
        ({"citizen_rung": False}, ("open", 0, "")),
    ],
)
async def test_the_end_of_the_call_settles_the_task(
    sessions: Sessions, clock: FakeClock, call: dict[str, object], expected: tuple[str, int, str]
) -> None:
    task_id = await taken(sessions, clock)
    made = await a_call_out(sessions, clock, **call)  # type: ignore[arg-type]
    async with sessions.begin() as session:
        await settle(session, clock, made)
        assert await settle(session, clock, made) is None, "told twice, counted once"
    task = await the_task(sessions, task_id)
    assert stands(task) == expected
    assert task.taken_by is None or task.state == "done"


async def test_the_third_failure_closes_the_task(sessions: Sessions, clock: FakeClock) -> None:
    task_id = await taken(sessions, clock)
    for _ in range(3):
        async with sessions.begin() as session:
            await callbacks.take(session, clock, task_id, 1)
        call = await a_call_out(sessions, clock, cause="19")
        async with sessions.begin() as session:
            await settle(session, clock, call)
    assert stands(await the_task(sessions, task_id)) == ("given_up", 3, "无人接听")


async def test_a_call_from_before_the_claim_settles_nothing(sessions: Sessions, clock: FakeClock) -> None:
    call = await a_call_out(sessions, clock, talked_s=20)
    clock.move(seconds=60)
    task_id = await taken(sessions, clock)
    async with sessions.begin() as session:
        assert await settle(session, clock, call) is None
    assert (await the_task(sessions, task_id)).state == "taken"


async def test_what_ended_unheard_is_settled_by_the_sweep(sessions: Sessions, clock: FakeClock) -> None:
    task_id = await taken(sessions, clock)
    await a_call_out(sessions, clock, talked_s=20)
    async with sessions.begin() as session:
        await sweep(session, clock)
    assert (await the_task(sessions, task_id)).state == "done"


async def test_a_claim_stays_while_its_call_lasts(sessions: Sessions, clock: FakeClock) -> None:
    task_id = await taken(sessions, clock, seated="offline")
    await a_call_out(sessions, clock, ended=False, rung_s=3600)
    async with sessions.begin() as session:
        assert await sweep(session, clock) == []
    assert (await the_task(sessions, task_id)).state == "taken"


@pytest.mark.parametrize(
    ("seated", "after", "state"),
    [
        ("ready", CLAIM_FOR - timedelta(seconds=1), "taken"),
        ("ready", CLAIM_FOR + timedelta(seconds=1), "open"),
        ("offline", timedelta(seconds=1), "open"),
    ],
)
async def test_claims_that_lead_nowhere_are_given_back(
    sessions: Sessions, clock: FakeClock, seated: str, after: timedelta, state: str
) -> None:
    task_id = await taken(sessions, clock, seated=seated)
    clock.move(seconds=after.total_seconds())
    async with sessions.begin() as session:
        await sweep(session, clock)
    assert (await the_task(sessions, task_id)).state == state


async def test_a_call_back_is_known_by_the_claim_just_before_it(sessions: Sessions, clock: FakeClock) -> None:
    user, other = await users(sessions, "甲", "乙")
    first = await a_task(sessions, clock)
    async with sessions.begin() as session:
        await callbacks.take(session, clock, first, user)
    call = await a_call_out(sessions, clock, talked_s=20, cause="16")
    async with sessions.begin() as session:
        settled = await settle(session, clock, call)
    assert settled is not None and settled.id == first
    clock.move(seconds=3600)
    second = await a_task(sessions, clock, "voicemail")
    async with sessions.begin() as session:
        await callbacks.take(session, clock, second, other)
    later = await a_call_out(sessions, clock)
    came_in = await a_call(sessions, clock)
    clock.move(seconds=3600)
    unasked = await a_call_out(sessions, clock)
    async with sessions() as session:
        found = [await task_of(session, each) for each in (call, later, unasked)]
        assert [task.id if task else None for task in found] == [first, second, None]
        assert await task_of(session, await session.get_one(Call, came_in)) is None
