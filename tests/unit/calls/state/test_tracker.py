"""The tracker against a scripted Asterisk: every second accounted for, nothing foreign, nothing told twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from calls.asterisk.ami import AmiLink
from calls.state.rebuild import take_picture
from calls.state.tracker import Tracker
from db.models import AgentSession, Call, CallLeg, QueueEntry
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.events import (
    AgentStateChanged,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallStarted,
    QueueChanged,
    RecordingFailed,
    RingMissed,
    TelephonyStale,
)
from runtime.settings import Settings
from tests.fakes.asterisk_ami import FakeAsterisk, FakeChannel
from tests.fakes.clock import FakeClock
from tests.unit.calls.kit import AGENT, CALL, CITIZEN, Room, room, unique
from tests.waiting import until


async def talk(calls: Room) -> None:
    calls.arrives()
    calls.clock.move(seconds=3)
    calls.queues()
    calls.clock.move(seconds=4)
    calls.rings()
    calls.clock.move(seconds=5)
    calls.connects()
    await calls.wait(CallAnswered)


async def test_every_second_is_accounted_for(calls: Room) -> None:
    await calls.sits()
    await talk(calls)
    calls.clock.move(seconds=10)
    calls.emit("Hold", AGENT)
    calls.clock.move(seconds=20)
    calls.emit("Unhold", AGENT)
    calls.clock.move(seconds=30)
    calls.hangs_up(AGENT)
    calls.hangs_up()
    await calls.wait(CallEnded)
    await calls.wait(AgentStateChanged, state="wrap_up")
    calls.clock.move(seconds=7)
    await calls.client.do("wrap_up_done", actor="8001")
    async with calls.sessions() as session:
        call = await session.get_one(Call, CALL)
        entry = (await session.scalars(select(QueueEntry))).one()
    assert (call.wait_s, call.ring_s, call.talk_s, call.hold_s, call.wrapup_s) == (12, 5, 40, 20, 7)
    assert entry.left_at is not None
    assert (entry.left_at - entry.entered_at).total_seconds() == 9
    assert (call.outcome, call.hungup_by, call.callee) == ("answered", "agent", "12345")
    assert [event.held for event in calls.heard(CallHeld)] == [True, False]


async def test_only_channels_with_a_call_id_are_ours(calls: Room) -> None:
    calls.emit("Newchannel", "PJSIP/trunk-00000009", Exten="12345")
    calls.emit("VarSet", "PJSIP/trunk-00000009", Variable="CALL_ID", Value="not-an-id'; DROP TABLE call;--")
    calls.emit("VarSet", "AudioSocket/x-00000008", Linkedid="17.8", Variable="CALL_ID", Value=CALL)
    calls.emit("QueueCallerJoin", "PJSIP/trunk-00000009", Queue="common", Position="1")
    calls.emit("Hangup", "PJSIP/trunk-00000009")
    await calls.taken()
    assert calls.tracker.line.calls == {}
    assert not calls.heard(CallStarted)


async def test_a_missed_ring_pauses_and_is_cleared_by_one_act(calls: Room) -> None:
    await calls.sits()
    calls.arrives()
    calls.queues()
    calls.rings()
    calls.emit("Hangup", AGENT, Cause="19")
    calls.emit("AgentRingNoAnswer", Interface="PJSIP/8001", MemberName="8001", Queue="common", RingTime="15000")
    await calls.wait(RingMissed)
    await until(lambda: [(m.paused, m.reason) for m in calls.fake.members] == [("1", "missed")])
    assert calls.tracker.line.calls[CALL].state == "queued"
    view = await calls.client.do("clear_missed", actor="8001")
    assert view["state"] == "ready"
    await until(lambda: [m.paused for m in calls.fake.members] == ["0"])


async def test_the_agent_is_paused_from_the_answer_on(calls: Room) -> None:
    await calls.sits()
    await talk(calls)
    await until(lambda: [m.paused for m in calls.fake.members] == ["1"])
    calls.hangs_up(AGENT)
    await calls.wait(AgentStateChanged, state="wrap_up")
    assert [m.paused for m in calls.fake.members] == ["1"]


async def test_a_masquerade_changes_the_unique_id_and_nothing_else(calls: Room) -> None:
    await calls.sits()
    await talk(calls)
    zombie = f"AsyncGoto/{AGENT}<ZOMBIE>"
    calls.emit("Rename", AGENT, Newname=f"{AGENT}<MASQ>")
    calls.fake.emit("Rename", Channel=f"AsyncGoto/{AGENT}", Newname=AGENT, Uniqueid="17.99")
    calls.fake.emit("Rename", Channel=f"{AGENT}<MASQ>", Newname=zombie, Uniqueid=unique(AGENT))
    calls.fake.emit("Hangup", Channel=zombie, Uniqueid=unique(AGENT), ChanVariable=[f"CALL_ID={CALL}"])
    await calls.taken()
    call = calls.tracker.line.calls[CALL]
    assert call.state == "talking"
    assert call.legs[AGENT].uniqueid == "17.99"


async def test_events_out_of_order_are_repaired_and_never_crash(
    calls: Room, caplog: pytest.LogCaptureFixture
) -> None:
    calls.arrives()
    calls.connects()  # neither queue nor ring was told
    await calls.wait(CallAnswered)
    assert "cannot answer: call is ivr" in caplog.text
    calls.emit("Hold", AGENT)
    calls.emit("Hold", AGENT)
    calls.emit("QueueCallerLeave", Queue="common")
    calls.emit("QueueCallerAbandon", Queue="common")
    calls.hangs_up()
    calls.emit("Unhold", AGENT)
    calls.hangs_up(AGENT)
    calls.hangs_up(AGENT)
    await calls.wait(AgentStateChanged, state="wrap_up")
    assert calls.tracker.line.calls == {}


async def test_garbage_in_numbers_does_no_harm(calls: Room) -> None:
    calls.arrives(number="'; DROP TABLE call;--")
    calls.emit("QueueCallerJoin", Queue="q" * 200, Position="first")
    calls.fake.emit("QueueCallerLeave", Timestamp="soon", Channel=CITIZEN)
    calls.hangs_up()
    await calls.wait(CallEnded)
    async with calls.sessions() as session:
        call = await session.get_one(Call, CALL)
    assert (call.caller, call.caller_raw) == ("", "'; DROP TABLE call;--")


async def test_a_recording_that_cannot_be_written_is_told(calls: Room) -> None:
    calls.arrives()
    calls.emit("VarSet", Variable="HOTLINE_RECORDING_FAILED", Value="1")
    assert "磁盘" in (await calls.wait(RecordingFailed)).reason


async def test_queue_news_are_told_once(calls: Room) -> None:
    await calls.sits()
    calls.arrives()
    calls.queues()
    await calls.wait(QueueChanged, queue="common", waiting=1, ready=1, staffed=1)
    calls.emit("VarSet", Variable="X", Value="1")
    await calls.taken()
    assert len(calls.heard(QueueChanged, queue="common", waiting=1)) == 1


# -- restarts ------------------------------------------------------------------------------------------
async def test_asterisk_restarts_and_agents_return_to_their_queues(calls: Room) -> None:
    await calls.sits("8001")
    await calls.sits("8002")
    await talk(calls)
    await calls.fake.restart()
    ended = await calls.wait(CallEnded)
    assert (ended.outcome, ended.hungup_by) == ("answered", "unknown")
    await until(lambda: {m.name for m in calls.fake.members} == {"8001", "8002"})
    assert {m.name: m.paused for m in calls.fake.members} == {"8001": "1", "8002": "0"}  # 8001 wraps up
    stale = [event.stale for event in calls.heard(TelephonyStale)]
    assert stale[-2:] == [True, False]
    assert {event.reason for event in calls.heard(TelephonyStale, stale=True)} <= {
        "尚未连接话务平台",
        "与话务平台的连接中断",
    }, "agents read it"


async def test_a_queued_call_that_vanished_has_an_unknown_outcome(calls: Room) -> None:
    calls.arrives()
    calls.queues()
    await calls.taken()
    await calls.fake.restart()
    ended = await calls.wait(CallEnded)
    assert (ended.outcome, ended.hungup_by) == ("unknown", "unknown")


async def test_our_restart_goes_on_where_we_were(
    fake_asterisk: FakeAsterisk, sessions: Sessions, bus: LocalBus, clock: FakeClock, settings: Settings
) -> None:
    async with room(fake_asterisk, sessions, bus, clock, settings) as first:
        await first.sits()
        await talk(first)
        clock.move(seconds=10)
        first.emit("Hold", AGENT)
        await first.wait(CallHeld)
    clock.move(seconds=20)
    async with room(fake_asterisk, sessions, bus, clock, settings) as second:
        assert second.tracker.roster.agents["8001"].state == "held"
        assert not second.heard(CallStarted)
        second.emit("Unhold", AGENT)
        clock.move(seconds=5)
        second.hangs_up()
        await second.wait(CallEnded)
        async with sessions() as session:
            call = await session.get_one(Call, CALL)
            legs = (await session.scalars(select(CallLeg).where(CallLeg.role == "citizen"))).all()
    assert (call.ring_s, call.talk_s, call.hold_s) == (5, 15, 20)
    assert [leg.left_at is not None for leg in legs] == [True]


async def test_an_agent_whose_call_ended_while_we_were_away_wraps_up(
    fake_asterisk: FakeAsterisk, sessions: Sessions, bus: LocalBus, clock: FakeClock, settings: Settings
) -> None:
    async with room(fake_asterisk, sessions, bus, clock, settings) as first:
        await first.sits()
        await talk(first)
    fake_asterisk.channels.clear()
    async with room(fake_asterisk, sessions, bus, clock, settings) as second:
        await second.wait(CallEnded, hungup_by="unknown")
        assert second.tracker.roster.agents["8001"].state == "wrap_up"
        async with sessions() as session:
            assert (await session.get_one(AgentSession, "8001")).state == "wrap_up"


async def test_calls_that_came_while_we_were_away_are_taken_up(
    fake_asterisk: FakeAsterisk, sessions: Sessions, bus: LocalBus, clock: FakeClock, settings: Settings
) -> None:
    fake_asterisk.channels[AGENT] = FakeChannel(
        AGENT, unique(AGENT), {"CALL_ID": CALL, "HOTLINE_ROLE": "agent"}, linkedid=unique(CITIZEN), bridge="b"
    )
    fake_asterisk.channels[CITIZEN] = FakeChannel(
        CITIZEN, unique(CITIZEN), {"CALL_ID": CALL, "HOTLINE_ROLE": "citizen"}, caller="13912345678", bridge="b"
    )
    async with room(fake_asterisk, sessions, bus, clock, settings) as there:
        answered = await there.wait(CallAnswered)
        assert answered.agent == "8001"
        started = await there.wait(CallStarted)
        assert (clock.now() - started.at).total_seconds() == 10  # as Asterisk says


async def test_a_picture_older_than_the_call_does_not_close_it(calls: Room) -> None:
    picture = await take_picture(calls.link, lambda: calls.tracker._seq)
    calls.arrives()
    await calls.wait(CallStarted)
    await calls.tracker.call(lambda at: calls.tracker._reconciler.apply(picture, at))
    await calls.taken()
    assert CALL in calls.tracker.line.calls


async def test_a_picture_older_than_the_end_does_not_raise_the_dead(calls: Room) -> None:
    calls.arrives()
    await calls.wait(CallStarted)
    picture = await take_picture(calls.link, lambda: calls.tracker._seq)
    calls.hangs_up()
    await calls.wait(CallEnded)
    await calls.tracker.call(lambda at: calls.tracker._reconciler.apply(picture, at))
    await calls.taken()
    assert calls.tracker.line.calls == {}


async def test_an_agent_stuck_on_a_call_is_freed_by_the_next_picture(calls: Room) -> None:
    await calls.sits()
    await talk(calls)
    del calls.fake.channels[AGENT]  # the event was lost
    await calls.tracker.heal()
    assert calls.tracker.roster.agents["8001"].state == "wrap_up"
    assert calls.tracker.line.calls[CALL].state == "ivr"


async def test_a_fault_of_ours_stops_neither_time_nor_healing(
    fake_asterisk: FakeAsterisk,
    sessions: Sessions,
    bus: LocalBus,
    clock: FakeClock,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    link = AmiLink("127.0.0.1", fake_asterisk.port, "hotline", "secret", backoff_s=(0.01, 0.05))
    tracker = Tracker(link, sessions, bus, clock, settings, tick_s=0.001, heal_s=0.001)
    faults = {"tick": 0, "apply": 0}

    def fails(name: str) -> Callable[..., None]:
        def fault(*_: object) -> None:
            faults[name] += 1
            raise RuntimeError("a fault of ours")

        return fault

    await tracker.start()
    await link.start()
    await link.wait_ready(30)
    monkeypatch.setattr(tracker.roster, "tick", fails("tick"))
    monkeypatch.setattr(tracker._reconciler, "apply", fails("apply"))
    await until(lambda: min(faults.values()) >= 3, 30, "three of each")
    await link.close()
    await tracker.close()
