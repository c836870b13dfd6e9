"""Who is to be called back, and who no longer; desks hear of every change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from calls.callbacks import tasks as callbacks
from calls.callbacks.callback_room import Callbacks
from db.models import AgentSession, Call, CallbackTask
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.callid import new_call_id
from runtime.events import AgentStateChanged, CallAnswered, CallbackChanged, CallEnded, QueueAbandoned
from tests.fakes.clock import FakeClock
from tests.unit.calls.callbacks.kit import PHONE, a_call, a_call_out, a_task, the_task, users
from tests.waiting import until


@pytest.fixture
async def told(sessions: Sessions, bus: LocalBus, clock: FakeClock) -> AsyncIterator[list[str]]:
    """The states of which desks were told, while the room runs."""
    room = Callbacks(sessions, bus, clock)
    await room.start()
    heard: list[str] = []

    async def hear(event: CallbackChanged) -> None:
        heard.append(event.state)

    bus.subscribe(hear, CallbackChanged)
    yield heard
    await room.close()


async def abandoned(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, wait_s: float, phone: str = PHONE
) -> None:
    call_id = await a_call(sessions, clock, phone)
    await bus.publish(QueueAbandoned(call_id=call_id, queue="common", wait_s=wait_s, at=clock.now()))
    await bus.settle()


async def tasks(sessions: Sessions) -> list[CallbackTask]:
    async with sessions() as session:
        return list(await session.scalars(select(CallbackTask).order_by(CallbackTask.id)))


async def test_after_five_seconds_and_once_a_number(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, told: list[str]
) -> None:
    await abandoned(sessions, bus, clock, 4.9)
    await abandoned(sessions, bus, clock, 60, phone="")
    assert await tasks(sessions) == []
    await abandoned(sessions, bus, clock, 5.0)
    await abandoned(sessions, bus, clock, 9.0)
    (task,) = await tasks(sessions)
    assert (task.kind, task.state, task.due_at - task.created_at) == ("missed", "open", timedelta(minutes=30))
    assert told[0] == "open"


async def test_who_is_cut_off_in_the_queue_is_called_back(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, told: list[str]
) -> None:
    """Asterisk died, or we were away: nobody told of an abandoned call."""
    began = clock.now()
    clock.move(seconds=40)
    waited = await a_call(sessions, clock, queued_at=began)
    others = [
        await a_call(sessions, clock, "13800000001"),
        await a_call(sessions, clock, "13800000002", queued_at=clock.now()),
        await a_call(sessions, clock, "13800000003", queued_at=began, answered_at=began),
    ]
    for call_id in (waited, *others):
        await bus.publish(CallEnded(call_id=call_id, outcome="unknown", at=clock.now(), hungup_by="unknown"))
    await bus.settle()
    assert [(task.phone, task.kind) for task in await tasks(sessions)] == [(PHONE, "missed")]
    assert told == ["open"]


async def test_who_gives_up_while_the_database_is_away_is_called_back_all_the_same(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.callbacks.callback_room.RETRY_S", 0.01)
    faults = [
        OperationalError("SELECT", {}, Exception("starting up")),
        PoolTimeout("none free"),
        OSError("refused"),
    ]

    class Away:
        def begin(self) -> object:
            if faults:
                raise faults.pop()
            return sessions.begin()

    room = Callbacks(cast(Sessions, Away()), bus, clock)
    await room.start()
    # Events go out ahead of rows that cannot be written yet.
    call_id = new_call_id()
    await bus.publish(QueueAbandoned(call_id=call_id, queue="common", wait_s=60, at=clock.now()))
    await until(lambda: not faults, 30, "the database is back")
    assert await tasks(sessions) == []
    async with sessions.begin() as session:
        session.add(Call(id=call_id, caller=PHONE, started_at=clock.now()))
    await bus.settle()
    assert [(task.phone, task.kind, task.state) for task in await tasks(sessions)] == [(PHONE, "missed", "open")]
    await room.close()


async def test_a_call_whose_row_never_comes_holds_nobody_up_for_ever(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calls.callbacks.callback_room.RETRY_S", 0.001)
    await bus.publish(QueueAbandoned(call_id=new_call_id(), queue="common", wait_s=60, at=clock.now()))
    await abandoned(sessions, bus, clock, 60)
    assert told == ["open"]


async def test_a_citizen_who_gets_through_needs_no_call_back(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, told: list[str]
) -> None:
    await abandoned(sessions, bus, clock, 20)
    call_id = await a_call(sessions, clock)
    answered = CallAnswered(
        call_id=call_id,
        agent="8001",
        citizen_channel="a",
        agent_channel="b",
        at=clock.now(),
        origin=clock.now(),
    )
    await bus.publish(answered)
    await bus.settle()
    assert [task.state for task in await tasks(sessions)] == ["done"]
    assert told == ["open", "done"]


async def claimed(sessions: Sessions, clock: FakeClock) -> int:
    (user,) = await users(sessions, "张三")
    task_id = await a_task(sessions, clock)
    async with sessions.begin() as session:
        session.add(AgentSession(agent="8001", user_id=user, state="offline", since=clock.now()))
        await callbacks.take(session, clock, task_id, user)
    return task_id


async def test_the_end_of_the_call_closes_the_task_and_is_told(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, told: list[str]
) -> None:
    task_id = await claimed(sessions, clock)
    call = await a_call_out(sessions, clock, talked_s=30)
    await bus.publish(CallEnded(call_id=call.id, outcome="answered", at=clock.now()))
    await bus.settle()
    assert (await the_task(sessions, task_id)).state == "done"
    assert told == ["done"]


async def test_an_agent_who_signs_off_gives_the_task_back(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, told: list[str]
) -> None:
    task_id = await claimed(sessions, clock)
    await bus.publish(AgentStateChanged(agent="8001", state="offline", reason="", since=clock.now()))
    await bus.settle()
    assert (await the_task(sessions, task_id)).state == "open"
    assert told == ["open"]
