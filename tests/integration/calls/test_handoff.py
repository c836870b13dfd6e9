"""Hand-off to 110 and transfers on a real Asterisk: the citizen is never dropped because an agent leaves."""

from __future__ import annotations

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from calls.acts.client import ControlRefused
from db.models import Handoff, Jurisdiction, Unit
from network.line import CitizenLine
from runtime.events import (
    AgentStateChanged,
    CallAnswered,
    CallEnded,
    CallQueued,
    HandoffChanged,
    LegJoined,
    LegLeft,
)
from tests.integration.calls.kit import Room, room
from tests.integration.conftest import AsteriskPair

CITIZEN = "13912345678"


@pytest.fixture
async def calls(asterisk_pair: AsteriskPair, tmp_path: Path) -> AsyncIterator[Room]:
    async with room(asterisk_pair.settings, tmp_path, wrap_up_s=1.0, handoff_answer_s=2.0) as there:
        yield there


async def talking(calls: Room, seat: str = "8001") -> str:
    """A citizen is on the line with this seat; returns the call id."""
    return (await calls.wait(CallAnswered, agent=seat)).call_id


async def row(calls: Room) -> Handoff:
    async with calls.sessions() as session:
        return (await session.scalars(select(Handoff))).one()


def on_the_line(calls: Room) -> set[str]:
    return {leg.role for call in calls.calls() for leg in call.joined()}


async def test_110_accepts_and_the_agent_leaves(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        call_id = await talking(calls)
        asked = await calls.client.do(
            "handoff",
            actor="8001",
            call_id=call_id,
            target="110",
            reason_code="E110-01",
            place='天城镇 "隽水大道", (88)号',
            summary="有人持刀;\r\nX-Evil: 1",
        )
        assert asked["status"] == "calling"
        await calls.wait(HandoffChanged, status="accepted")
        assert on_the_line(calls) == {"citizen", "agent", "emergency"}
        await calls.client.do("leave", actor="8001")
        await calls.wait(HandoffChanged, status="completed")
        await calls.wait(AgentStateChanged, agent="8001", state="wrap_up")
        await citizen.hold(1.0)
        assert not citizen.ended
        assert on_the_line(calls) == {"citizen", "emergency"}
    ended = await calls.wait(CallEnded)
    assert ended.outcome == "handed_over"
    await calls.wait(LegLeft, role="emergency")
    found = await row(calls)
    assert (found.target, found.target_kind, found.reason_code) == ("110", "emergency", "E110-01")
    assert (found.result, found.started_by, found.accepted_by) == ("accepted", "8001", "110")
    assert found.accepted_at is not None and found.agent_left_at is not None and found.ended_at is not None
    assert found.started_at <= found.accepted_at <= found.agent_left_at <= found.ended_at
    numbers = [path.name.split("-")[0] for path in (calls.settings.var / "network" / "recordings").iterdir()]
    assert "110" in numbers


async def test_110_gets_the_number_the_place_and_one_line(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN):
        await talking(calls)
        await calls.client.do("handoff", actor="8001", target="110", place="白霓镇, 桥头", summary="打架")
        accepted = await calls.wait(HandoffChanged, status="accepted")
        other = [m for m in await calls.network.listing("CoreShowChannels") if m["Exten"] == "110"]
        channel = other[0]["Channel"]
        heard = {
            name: (await calls.network.do("Getvar", timeout=5, Channel=channel, Variable=question))["Value"]
            for name, question in {
                "number": "CALLERID(num)",
                "place": "PJSIP_HEADER(read,X-Hotline-Place)",
                "summary": "PJSIP_HEADER(read,X-Hotline-Summary)",
                "call": "PJSIP_HEADER(read,X-Hotline-Call)",
            }.items()
        }
    assert heard == {"number": CITIZEN, "place": "白霓镇， 桥头", "summary": "打架", "call": accepted.call_id}


async def test_no_answer_keeps_the_citizen_with_the_agent_and_a_retry_works(calls: Room) -> None:
    await calls.telephone("110", "noanswer")
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await talking(calls)
        await calls.client.do("handoff", actor="8001", target="110", place="路口镇", summary="抢劫")
        with pytest.raises(ControlRefused, match="尚未接听"):
            await calls.client.do("leave", actor="8001")
        with pytest.raises(ControlRefused, match="正在呼叫"):
            await calls.client.do("hangup", actor="8001")
        await calls.wait(HandoffChanged, status="no_answer")
        assert not citizen.ended
        assert on_the_line(calls) == {"citizen", "agent"}
        await calls.telephone("110", "answer")
        await calls.client.do("handoff_retry", actor="8001")
        await calls.wait(HandoffChanged, status="accepted")
        await calls.client.do("leave", actor="8001")
        await calls.wait(HandoffChanged, status="completed")
    await calls.wait(CallEnded, outcome="handed_over")
    found = await row(calls)
    assert (found.attempts, found.result) == (2, "accepted")


async def test_110_is_busy(calls: Room) -> None:
    await calls.telephone("110", "busy")
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await talking(calls)
        await calls.client.do("handoff", actor="8001", target="110")
        failed = await calls.wait(HandoffChanged, status="failed")
        assert failed.reason == "busy"
        assert not citizen.ended
        await calls.client.do("hangup", actor="8001")
        assert await citizen.wait_ended(30)
    ended = await calls.wait(CallEnded)
    assert (ended.outcome, ended.hungup_by) == ("answered", "agent")


async def test_cancelling_a_handoff_stops_the_ringing(calls: Room) -> None:
    await calls.telephone("119", "noanswer")
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await talking(calls)
        await calls.client.do("handoff", actor="8001", target="119")
        await calls.until(lambda: any(leg.name == "119" for c in calls.calls() for leg in c.legs.values()))
        await calls.client.do("handoff_cancel", actor="8001")
        await calls.until(lambda: not any(leg.name == "119" for c in calls.calls() for leg in c.legs.values()))
        assert not citizen.ended
    await calls.wait(CallEnded)
    assert [e.status for e in calls.heard(HandoffChanged)] == ["calling", "cancelled"]


async def test_110_leaves_and_the_agent_stays_with_the_citizen(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await talking(calls)
        await calls.client.do("handoff", actor="8001", target="110")
        await calls.wait(HandoffChanged, status="accepted")
        leg = calls.calls()[0].leg_of("emergency")
        assert leg is not None
        await calls.node.link.do("Hangup", Channel=leg.channel)
        await calls.wait(HandoffChanged, status="returned")
        assert not citizen.ended
        assert on_the_line(calls) == {"citizen", "agent"}
    await calls.wait(CallEnded, outcome="answered")


async def test_110_ends_the_call_after_the_agent_left(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await talking(calls)
        await calls.client.do("handoff", actor="8001", target="110")
        await calls.wait(HandoffChanged, status="accepted")
        await calls.client.do("leave", actor="8001")
        await calls.wait(HandoffChanged, status="completed")
        leg = calls.calls()[0].leg_of("emergency")
        assert leg is not None
        await calls.node.link.do("Hangup", Channel=leg.channel)
        assert await citizen.wait_ended(30)
    await calls.wait(CallEnded, outcome="handed_over")


async def test_the_citizen_hangs_up_in_the_conference(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN):
        await talking(calls)
        await calls.client.do("handoff", actor="8001", target="110")
        await calls.wait(HandoffChanged, status="accepted")
    await calls.wait(CallEnded, hungup_by="citizen")
    await calls.wait(LegLeft, role="emergency")
    await calls.wait(AgentStateChanged, agent="8001", state="wrap_up")
    assert [m for m in await calls.node.link.listing("CoreShowChannels") if m["Application"] == "ConfBridge"] == []


async def test_the_agents_browser_dies_while_110_rings(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        call_id = await talking(calls)
        await calls.client.do("handoff", actor="8001", target="110")
        await calls.node.link.do("Hangup", Channel=calls.calls()[0].agent_channel)
        await calls.wait(HandoffChanged, status="completed")
        await citizen.hold(0.5)
        assert not citizen.ended
        assert on_the_line(calls) == {"citizen", "emergency"}
    assert (await calls.wait(CallEnded, call_id=call_id)).outcome == "handed_over"


async def test_the_agents_browser_dies_and_110_does_not_answer(calls: Room) -> None:
    await calls.telephone("110", "noanswer")
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await talking(calls)
        await calls.client.do("handoff", actor="8001", target="110")
        await calls.sit("8002")
        await calls.node.link.do("Hangup", Channel=calls.calls()[0].agent_channel)
        await calls.wait(HandoffChanged, status="no_answer")
        await talking(calls, "8002")
        assert len(calls.heard(CallQueued)) == 2
        assert not citizen.ended
    await calls.wait(CallEnded, outcome="answered")


async def test_transfer_to_another_agent(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        await talking(calls, "8001")
        with pytest.raises(ControlRefused, match="没有签入"):
            await calls.client.do("transfer_agent", actor="8001", to="8002")
        await calls.sit("8002")
        await calls.client.do("transfer_agent", actor="8001", to="8002")
        await calls.wait(HandoffChanged, status="accepted")
        await talking(calls, "8002")
        await calls.client.do("leave", actor="8001")
        await calls.wait(AgentStateChanged, agent="8001", state="wrap_up")
        assert calls.node.tracker.roster.agents["8002"].state == "talking"
        assert not citizen.ended
        await calls.client.do("hangup", actor="8002")
        assert await citizen.wait_ended(30)
    await calls.wait(CallEnded, outcome="answered")


async def test_transfer_to_a_unit(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN):
        await talking(calls)
        async with calls.sessions.begin() as session:
            session.add(Jurisdiction(id=1, code="demo", name="示范市", level=2))
            await session.flush()
            names = {"code": "cg", "name": "城市管理局", "short_name": "城管局"}
            session.add(Unit(id=3, jurisdiction_id=1, phone="0715-3061234", **names))
        await calls.client.do("transfer_unit", actor="8001", unit_id=3, number="13900001111")
        joined = await calls.wait(LegJoined, role="unit")
        assert joined.name == "07153061234"


async def test_a_reloaded_desk_is_put_back_on_the_line(calls: Room) -> None:
    await calls.sit("8001")
    async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
        call_id = await talking(calls)
        assert (await calls.client.do("rejoin", actor="8001"))["call_id"] == call_id
        assert not citizen.ended
        assert on_the_line(calls) == {"citizen", "agent"}
        assert calls.node.tracker.roster.agents["8001"].state == "talking"
        assert not calls.heard(AgentStateChanged, agent="8001", state="wrap_up")
    await calls.wait(CallEnded, outcome="answered")
    await calls.wait(AgentStateChanged, agent="8001", state="wrap_up")


async def four_seconds(text: str, path: Path) -> None:
    """A voice that is ready at once, however busy the machine."""
    assert "白霓镇" in text and CITIZEN in text
    with wave.open(str(path), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\x00\x10\x00\xf0" * 16000)


async def test_110_is_told_by_voice_before_it_joins(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    async with room(asterisk_pair.settings, tmp_path, speak=four_seconds) as calls:
        await calls.sit("8001")
        async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
            await talking(calls)
            await calls.client.do("handoff", actor="8001", target="110", place="白霓镇", summary="打架")
            calling = await calls.wait(HandoffChanged, status="calling")
            accepted = await calls.wait(HandoffChanged, 25, status="accepted")
            assert not citizen.ended
        # Half a second of ringing, then four of whisper: it was really played to its end.
        assert (accepted.at - calling.at).total_seconds() > 4.4
        await calls.wait(CallEnded)
        assert not list(calls.settings.run_dir.glob("whisper-*"))
