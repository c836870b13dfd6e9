"""A supervisor's hand on others' seats and calls."""

from __future__ import annotations

from typing import Any

import pytest

from calls.acts.client import ControlRefused
from calls.state.live import LiveHandoff
from runtime.events import AgentStateChanged, CallEnded
from tests.unit.calls.kit import CALL, CITIZEN, Room


def state(calls: Room, seat: str = "8001") -> tuple[str, str, str]:
    agent = calls.tracker.roster.get(seat)
    assert agent is not None
    return str(agent.state), agent.reason, agent.wanted


async def test_a_free_seat_is_forced_at_once(calls: Room) -> None:
    await calls.sits()
    result = await calls.client.do("force", actor="lead", agent="8001", to="not_ready", reason="meeting")
    assert (result["state"], result["later"]) == ("not_ready", False)
    assert state(calls) == ("not_ready", "meeting", "not_ready")
    await calls.client.do("heartbeat", actor="8001", sip_registered=True, mic_ok=True)
    await calls.client.do("force", actor="lead", agent="8001", to="ready")
    assert state(calls)[0] == "ready"
    await calls.client.do("force", actor="lead", agent="8001", to="offline")
    assert calls.heard(AgentStateChanged, state="offline", agent="8001")


async def test_during_a_talk_it_is_taken_up_after_it(calls: Room) -> None:
    await calls.talks()
    result = await calls.client.do("force", actor="lead", agent="8001", to="offline")
    assert result["later"] and state(calls) == ("talking", "", "offline")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ({"agent": "8009", "to": "ready"}, "没有签入"),
        ({"agent": "8001", "to": "not_ready", "reason": "nonsense"}, "请选择示忙的原因"),
        ({"agent": "8001", "to": "asleep"}, "内容不正确"),
    ],
)
async def test_what_cannot_be_forced_is_said(calls: Room, args: dict[str, Any], said: str) -> None:
    await calls.sits()
    with pytest.raises(ControlRefused, match=said):
        await calls.client.do("force", actor="lead", **args)


async def test_a_seat_that_nobody_can_reach_is_not_forced_ready(calls: Room) -> None:
    await calls.sits()
    await calls.client.do("heartbeat", actor="8001", sip_registered=True, mic_ok=False)
    await calls.client.do("not_ready", actor="8001", reason="break")
    with pytest.raises(ControlRefused, match="麦克风不可用"):
        await calls.client.do("force", actor="lead", agent="8001", to="ready")


async def test_a_call_is_ended_for_everybody(calls: Room) -> None:
    await calls.talks()
    await calls.client.do("force_hangup", actor="lead", call_id=CALL)
    assert [fields["Channel"] for fields in calls.fake.asked("Hangup")] == [CITIZEN]
    calls.hangs_up()
    ended = await calls.wait(CallEnded)
    assert ended.hungup_by == "supervisor"


async def test_a_call_that_is_over_is_no_error(calls: Room) -> None:
    await calls.sits()
    assert await calls.client.do("force_hangup", actor="lead", call_id=CALL) == {}


async def test_a_call_on_its_way_to_an_emergency_service_is_left_alone(calls: Room) -> None:
    await calls.talks()
    calls.tracker.line.calls[CALL].handoff = LiveHandoff(1, "119", "emergency", "emergency")
    with pytest.raises(ControlRefused, match="正在移交 119"):
        await calls.client.do("force_hangup", actor="lead", call_id=CALL)
