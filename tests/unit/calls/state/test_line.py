"""Calls and the agents in them: what happens to one call says nothing of another."""

from __future__ import annotations

from runtime.events import AgentStateChanged, CallRinging, QueueAbandoned, QueueLeft
from tests.unit.calls.kit import CALL, CITIZEN, Room, unique

OTHER_CALL = "01a20049-b0c1-7b7b-8f8f-0123456789ab"
OTHER_CITIZEN = "PJSIP/trunk-00000011"
OTHER_LEG = "PJSIP/8001-00000012"


async def test_a_ring_that_meets_a_talk_does_not_end_it(calls: Room) -> None:
    """The queue rang the seat in the moment in which it began another call."""
    await calls.talks()
    calls.arrives(OTHER_CALL, OTHER_CITIZEN, "13800001111")
    calls.queues(OTHER_CITIZEN)
    calls.emit(
        "AgentCalled",
        OTHER_CITIZEN,
        DestChannel=OTHER_LEG,
        DestUniqueid=unique(OTHER_LEG),
        Queue="common",
        Interface="PJSIP/8001",
        MemberName="8001",
    )
    await calls.wait(CallRinging, call_id=OTHER_CALL)
    calls.emit("AgentRingNoAnswer", OTHER_CITIZEN, Queue="common", Interface="PJSIP/8001", MemberName="8001")
    calls.hangs_up(OTHER_LEG)
    await calls.taken()
    assert calls.tracker.roster.agents["8001"].state == "talking"
    calls.hangs_up(CITIZEN)
    calls.hangs_up("PJSIP/8001-00000002")
    await calls.wait(AgentStateChanged, state="wrap_up")


async def test_a_stay_in_a_queue_tells_how_it_ended(calls: Room) -> None:
    await calls.talks()
    answered = await calls.wait(QueueLeft, call_id=CALL)
    assert (answered.queue, answered.result, answered.agent) == ("common", "answered", "8001")
    calls.arrives(OTHER_CALL, OTHER_CITIZEN, "13800001111")
    calls.queues(OTHER_CITIZEN)
    calls.clock.move(seconds=7)
    calls.emit("QueueCallerAbandon", OTHER_CITIZEN, Queue="common")
    calls.hangs_up(OTHER_CITIZEN)
    left = await calls.wait(QueueLeft, call_id=OTHER_CALL)
    gave_up = await calls.wait(QueueAbandoned, call_id=OTHER_CALL)
    assert (left.result, left.at, (left.at - left.entered_at).total_seconds()) == ("abandoned", gave_up.at, 7)
