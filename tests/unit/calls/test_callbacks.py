"""Who is to be called back, and who no longer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from calls import callbacks
from calls.callbacks import CallbackError, Callbacks
from db.models import Call, CallbackTask
from db.session import Sessions
from hotline.bus import LocalBus
from hotline.callid import new_call_id
from hotline.events import CallAnswered, QueueAbandoned
from tests.fakes.clock import FakeClock

PHONE = "13912345678"


async def a_call(sessions: Sessions, clock: FakeClock, phone: str = PHONE) -> str:
    call_id = new_call_id()
    async with sessions.begin() as session:
        session.add(Call(id=call_id, caller=phone, started_at=clock.now()))
    return call_id


async def abandoned(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, wait_s: float, phone: str = PHONE
) -> None:
    call_id = await a_call(sessions, clock, phone)
    await bus.publish(QueueAbandoned(call_id=call_id, queue="common", wait_s=wait_s, at=clock.now()))
    await bus.settle()


async def tasks(sessions: Sessions) -> list[CallbackTask]:
    async with sessions() as session:
        return list(await session.scalars(select(CallbackTask).order_by(CallbackTask.id)))


async def test_after_five_seconds_and_once_a_number(sessions: Sessions, bus: LocalBus, clock: FakeClock) -> None:
    room = Callbacks(sessions, bus, clock)
    await room.start()
    await abandoned(sessions, bus, clock, 4.9)
    await abandoned(sessions, bus, clock, 60, phone="")
    assert await tasks(sessions) == []
    await abandoned(sessions, bus, clock, 5.0)
    await abandoned(sessions, bus, clock, 9.0)
    (task,) = await tasks(sessions)
    assert (task.kind, task.state, task.due_at - task.created_at) == ("missed", "open", timedelta(minutes=30))
    await room.close()


async def test_a_citizen_who_gets_through_needs_no_call_back(
    sessions: Sessions, bus: LocalBus, clock: FakeClock
) -> None:
    room = Callbacks(sessions, bus, clock)
    await room.start()
    await abandoned(sessions, bus, clock, 20)
    call_id = await a_call(sessions, clock)
    await bus.publish(
        CallAnswered(
            call_id=call_id,
            agent="8001",
            citizen_channel="a",
            agent_channel="b",
            at=clock.now(),
            origin=clock.now(),
        )
    )
    await bus.settle()
    assert [task.state for task in await tasks(sessions)] == ["done"]
    await room.close()


async def test_a_request_is_kept_although_the_citizen_calls_again(sessions: Sessions, clock: FakeClock) -> None:
    call_id = await a_call(sessions, clock)
    async with sessions.begin() as session:
        first = await callbacks.request(session, clock, call_id=call_id, phone=PHONE, kind="missed")
        second = await callbacks.request(session, clock, call_id=call_id, phone=PHONE)
        assert (first.id, second.kind) == (second.id, "requested")
        with pytest.raises(CallbackError):
            await callbacks.request(session, clock, call_id=call_id, phone="")


async def test_three_attempts_then_given_up(sessions: Sessions, clock: FakeClock) -> None:
    call_id = await a_call(sessions, clock)
    async with sessions.begin() as session:
        task = await callbacks.request(session, clock, call_id=call_id, phone=PHONE)
        states = []
        for _ in range(3):
            done = await callbacks.finish(session, clock, task.id, 1, reached=False, result="无人接听")
            states.append(done.state)
        assert states == ["open", "open", "given_up"]
        with pytest.raises(CallbackError, match="已经结束"):
            await callbacks.finish(session, clock, task.id, 1, reached=True)
        assert await callbacks.list_open(session) == []
