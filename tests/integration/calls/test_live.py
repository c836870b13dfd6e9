"""Calls on a real Asterisk, from the first ring to the rows that remain: every phase, every duration."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from calls.acts.client import ControlRefused
from calls.callbacks import tasks as callbacks
from db.models import AgentStateLog, Call, CallbackTask, CallEvent, CallLeg, QueueEntry, Recording, User
from network.line import CitizenLine
from runtime.callid import new_call_id
from runtime.clock import SystemClock
from runtime.events import (
    AgentStateChanged,
    CallAnswered,
    CallbackChanged,
    CallEnded,
    CallQueued,
    CallRinging,
    QueueAbandoned,
    RecordingReady,
    RingMissed,
)
from tests.integration.calls.kit import Room, room
from tests.integration.conftest import AsteriskPair

CITIZEN = "13912345678"


@pytest.fixture
async def calls(asterisk_pair: AsteriskPair, tmp_path: Path) -> AsyncIterator[Room]:
    async with room(asterisk_pair.settings, tmp_path, wrap_up_s=1.0) as there:
        yield there


async def test_an_answered_call_leaves_its_whole_story(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller="+86 139 1234 5678".replace(" ", "")) as citizen:
        answered = await calls.wait(CallAnswered)
        assert answered.agent == "8001"
        await citizen.hold(2.0)
    ended = await calls.wait(CallEnded)
    assert (ended.outcome, ended.hungup_by) == ("answered", "citizen")
    await calls.wait(AgentStateChanged, state="wrap_up")
    await calls.wait(RecordingReady)
    await calls.until(lambda: calls.heard(AgentStateChanged)[-1].state == "ready", what="ready again")

    async with calls.sessions() as session:
        call = await session.get_one(Call, answered.call_id)
        entry = (await session.scalars(select(QueueEntry))).one()
        legs = (await session.scalars(select(CallLeg).order_by(CallLeg.id))).all()
        kinds = [row.kind for row in await session.scalars(select(CallEvent).order_by(CallEvent.id))]
        states = [row.state for row in await session.scalars(select(AgentStateLog).order_by(AgentStateLog.id))]
        recording = (await session.scalars(select(Recording))).one()
    assert (call.caller, call.caller_raw, call.callee) == (CITIZEN, "+8613912345678", "12345")
    assert (call.state, call.agent, call.queue) == ("ended", "8001", "common")
    assert call.answered_at is not None and call.ended_at is not None and call.queued_at is not None
    assert call.wait_s == pytest.approx((call.answered_at - call.started_at).total_seconds())
    assert call.ring_s is not None and 0.4 < call.ring_s < 3
    assert call.talk_s is not None and 1.9 < call.talk_s < 4
    assert call.hold_s == 0
    assert call.wrapup_s is not None and 0.9 < call.wrapup_s < 3
    assert (entry.result, entry.agent, entry.rings, entry.missed) == ("answered", "8001", 1, 0)
    assert entry.left_at is not None
    assert [(leg.role, leg.name) for leg in legs] == [("citizen", CITIZEN), ("agent", "8001")]
    assert all(leg.left_at is not None for leg in legs)
    assert kinds[:5] == ["call_started", "fallback", "call_queued", "call_ringing", "call_answered"]
    assert sorted(kinds[5:]) == ["agent_left", "call_ended"]  # both legs hang up at once
    assert states == ["not_ready", "ready", "ringing", "talking", "wrap_up", "ready"]
    assert abs(recording.seconds - (call.ended_at - call.started_at).total_seconds()) < 1.5
    assert (calls.settings.recordings_dir / recording.path).stat().st_size == recording.bytes
    assert not list((calls.settings.recordings_dir / "live").glob("*.raw"))


async def test_a_citizen_who_gives_up_in_the_queue_is_to_be_called_back(calls: Room) -> None:
    await calls.sign_in("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await calls.wait(CallQueued)
        await citizen.hold(5.3)
    abandoned = await calls.wait(QueueAbandoned)
    assert 5 < abandoned.wait_s < 8
    assert (await calls.wait(CallEnded)).outcome == "abandoned"
    await calls.bus.settle()
    async with calls.sessions() as session:
        task = (await session.scalars(select(CallbackTask))).one()
        entry = (await session.scalars(select(QueueEntry))).one()
    assert (task.phone, task.kind, task.state) == (CITIZEN, "missed", "open")
    assert (entry.result, entry.rings) == ("abandoned", 0)


async def test_a_citizen_who_hangs_up_at_once_is_left_alone(calls: Room) -> None:
    await calls.sign_in("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN):
        await calls.wait(CallQueued)
    assert (await calls.wait(CallEnded)).outcome == "abandoned"
    await calls.bus.settle()
    async with calls.sessions() as session:
        assert (await session.scalars(select(CallbackTask))).all() == []


async def test_a_citizen_who_hangs_up_while_it_rings_harms_no_agent(calls: Room) -> None:
    await calls.telephone("8001", "noanswer")
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await calls.wait(CallRinging)
        await citizen.hold(0.5)
    assert (await calls.wait(CallEnded)).outcome == "abandoned"
    await calls.until(lambda: calls.heard(AgentStateChanged)[-1].state == "ready", what="ready again")
    assert not calls.heard(RingMissed)


async def test_a_missed_ring_pauses_the_agent_and_the_next_one_takes_the_call(calls: Room) -> None:
    await calls.telephone("8001", "busy")
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN):
        await calls.wait(RingMissed, agent="8001")
        await calls.until(lambda: calls.heard(AgentStateChanged)[-1].reason == "missed", what="paused")
        await calls.sit("8002")
        assert (await calls.wait(CallAnswered)).agent == "8002"
    members = await calls.node.link.listing("QueueStatus", timeout=5, Queue="common")
    paused = {m["Name"]: m["PausedReason"] for m in members if m["Event"] == "QueueMember" and m["Paused"] == "1"}
    assert paused["8001"] == "missed"
    await calls.client.do("clear_missed", actor="8001")
    assert calls.node.tracker.roster.agents["8001"].state == "ready"
    await calls.until(calls.node.tracker.membership.settled, what="unpaused")


async def test_an_anonymous_caller_is_served_like_any_other(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller="anonymous"):
        answered = await calls.wait(CallAnswered)
    await calls.wait(CallEnded)
    async with calls.sessions() as session:
        assert (await session.get_one(Call, answered.call_id)).caller == ""


async def test_the_agent_hangs_up(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await calls.wait(CallAnswered)
        await calls.client.do("hangup", actor="8001")
        assert await citizen.wait_ended(30)
    ended = await calls.wait(CallEnded)
    assert (ended.outcome, ended.hungup_by) == ("answered", "agent")


async def test_an_agent_whose_desk_is_silent_gets_no_more_calls(
    calls: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    monkeypatch.setattr("calls.state.roster.HEARTBEAT_LIMIT", timedelta(seconds=1))
    await calls.sit("8001")
    calls.lose("8001")
    await calls.wait(AgentStateChanged, state="not_ready", reason="lost")
    await calls.until(calls.node.tracker.membership.settled, what="paused")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await calls.wait(CallQueued)
        await citizen.hold(1.5)
    assert not calls.heard(CallRinging)


async def test_call_back_rings_the_agent_and_then_the_citizen(calls: Room) -> None:
    await calls.sit("8001")
    call_id = (await calls.client.do("call_out", actor="8001", phone="139 1234 5678"))["call_id"]
    answered = await calls.wait(CallAnswered, call_id=call_id)
    assert answered.citizen_channel != answered.agent_channel
    assert calls.node.tracker.roster.agents["8001"].state == "talking"
    await calls.client.do("hangup", actor="8001")
    ended = await calls.wait(CallEnded, call_id=call_id)
    assert (ended.outcome, ended.hungup_by) == ("answered", "agent")
    await calls.wait(RecordingReady, call_id=call_id)
    async with calls.sessions() as session:
        call = await session.get_one(Call, call_id)
    assert (call.direction, call.caller, call.agent) == ("out", CITIZEN, "8001")


async def claimed(calls: Room, clock: SystemClock) -> int:
    """A task to call CITIZEN back, taken by some user."""
    missed, now = new_call_id(), clock.now()
    async with calls.sessions.begin() as session:
        user = User(login="agent", name="张三", password_hash="-", roles=["AGENT"], created_at=now)
        session.add_all([user, Call(id=missed, caller=CITIZEN, started_at=now, state="ended")])
        await session.flush()
        task = await callbacks.request(session, clock, call_id=missed, phone=CITIZEN, kind="missed")
        await callbacks.take(session, clock, task.id, user.id)
    return task.id


async def task_state(calls: Room, task_id: int) -> tuple[str, int, str]:
    async with calls.sessions() as session:
        task = await session.get_one(CallbackTask, task_id)
    return task.state, task.attempts, task.result


async def test_an_answered_call_back_closes_its_task(calls: Room) -> None:
    await calls.sit("8001")
    task_id = await claimed(calls, SystemClock())
    call_id = (await calls.client.do("call_out", actor="8001", phone=CITIZEN))["call_id"]
    with pytest.raises(ControlRefused):
        await calls.client.do("call_out", actor="8001", phone=CITIZEN)  # pressed twice
    await calls.wait(CallAnswered, call_id=call_id)
    await calls.client.do("hangup", actor="8001")
    await calls.wait(CallbackChanged, task_id=task_id, state="done")
    state, attempts, result = await task_state(calls, task_id)
    assert (state, attempts) == ("done", 1)
    assert "已接通" in result


async def test_call_back_to_a_citizen_who_is_busy(calls: Room) -> None:
    await calls.telephone(CITIZEN, "busy")
    await calls.sit("8001")
    task_id = await claimed(calls, SystemClock())
    call_id = (await calls.client.do("call_out", actor="8001", phone=CITIZEN))["call_id"]
    ended = await calls.wait(CallEnded, 20, call_id=call_id)
    assert ended.outcome == "failed"
    await calls.wait(CallbackChanged, task_id=task_id, state="open")
    assert await task_state(calls, task_id) == ("open", 1, "占线")
    await calls.until(lambda: calls.node.tracker.roster.agents["8001"].state == "ready", what="ready again")
