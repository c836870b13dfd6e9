"""Restarts: of Asterisk, of ours, of the link between them. Nothing that was true before stays as a lie."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from sqlalchemy import select

from db.models import AgentSession, Call, CallLeg
from db.session import make_engine, make_sessions
from network.line import CitizenLine
from runtime.events import AgentStateChanged, CallAnswered, CallEnded, TelephonyStale
from tests.integration.calls.kit import Room, room
from tests.integration.conftest import AsteriskPair

CITIZEN = "13912345678"


async def test_asterisk_is_killed_and_comes_back(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    async with room(asterisk_pair.settings, tmp_path, wrap_up_s=0.5) as calls:
        await calls.sit("8001")
        await calls.sit("8002")
        async with CitizenLine(calls.settings, caller=CITIZEN):
            answered = await calls.wait(CallAnswered)
            assert asterisk_pair.hotline.pid is not None
            os.kill(asterisk_pair.hotline.pid, signal.SIGKILL)  # its supervisor starts it again
            await calls.wait(TelephonyStale, stale=True)
            ended = await calls.wait(CallEnded, 20, call_id=answered.call_id)
        assert (ended.outcome, ended.hungup_by) == ("answered", "unknown")
        assert calls.heard(TelephonyStale)[-1].stale is False
        await calls.until(
            lambda: (
                {a.state for a in calls.node.tracker.agents()} == {"ready"}
                and calls.node.tracker.membership.settled()
            ),
            20,
            "both agents ready and in their queues again",
        )
        members = await calls.node.link.listing("QueueStatus", timeout=5, Queue="common")
        assert {m["Name"] for m in members if m["Event"] == "QueueMember"} == {"8001", "8002"}
        assert calls.node.link.connections == 2
        async with CitizenLine(calls.settings, caller=CITIZEN):
            await calls.until(lambda: len(calls.heard(CallAnswered)) == 2, what="a call after the restart")


async def test_our_side_is_restarted_in_mid_call(asterisk_pair: AsteriskPair, tmp_path: Path) -> None:
    async with room(asterisk_pair.settings, tmp_path, wrap_up_s=0.5) as calls:
        await calls.sit("8001")
        async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
            first = await calls.wait(CallAnswered)
            await calls.close()
            await citizen.hold(1.0)
            assert not citizen.ended

            engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'calls.db'}")
            again = Room(asterisk_pair.settings, engine, wrap_up_s=0.5)
            await again.start()
            try:
                assert [call.id for call in again.calls()] == [first.call_id]
                assert again.node.tracker.roster.agents["8001"].state == "talking"
                assert not again.heard(CallAnswered)  # nothing is told twice
                await citizen.hold(1.0)
                await citizen.hang_up()
                ended = await again.wait(CallEnded)
                assert (ended.call_id, ended.outcome, ended.hungup_by) == (first.call_id, "answered", "citizen")
                await again.wait(AgentStateChanged, agent="8001", state="wrap_up")
                async with again.sessions() as session:
                    call = await session.get_one(Call, first.call_id)
                assert call.talk_s is not None and 1.9 < call.talk_s < 6
            finally:
                await again.close()
                await engine.dispose()


async def test_a_call_that_came_while_we_were_away_is_taken_up(
    asterisk_pair: AsteriskPair, tmp_path: Path
) -> None:
    async with room(asterisk_pair.settings, tmp_path) as calls:
        await calls.sit("8001")
        await calls.close()
        async with CitizenLine(asterisk_pair.settings, caller=CITIZEN) as citizen:
            assert await citizen.wait_agent(30)
            engine = make_engine(f"sqlite+aiosqlite:///{tmp_path / 'calls.db'}")
            again = Room(asterisk_pair.settings, engine)
            await again.start()
            try:
                assert [call.caller for call in again.calls()] == [CITIZEN]
            finally:
                await citizen.hang_up()
                await again.wait(CallEnded)
                await again.close()
                async with make_sessions(engine)() as session:
                    legs = (await session.scalars(select(CallLeg))).all()
                    assert {leg.role for leg in legs} >= {"citizen"}
                    assert all(leg.left_at is not None for leg in legs)
                    seat = await session.get_one(AgentSession, "8001")
                    assert seat.state in ("ready", "wrap_up", "not_ready")
                await engine.dispose()


async def test_the_link_breaks_in_mid_call_and_nothing_is_lost(
    asterisk_pair: AsteriskPair, tmp_path: Path
) -> None:
    async with room(asterisk_pair.settings, tmp_path, wrap_up_s=0.5) as calls:
        await calls.sit("8001")
        async with CitizenLine(calls.settings, caller=CITIZEN) as citizen:
            await calls.wait(CallAnswered)
            assert calls.node.link.protocol is not None
            calls.node.link.protocol.transport.abort()
            await calls.wait(TelephonyStale, stale=True)
            await calls.until(lambda: calls.node.link.connections == 2 and calls.node.link.ready)
            assert not citizen.ended
            assert not calls.heard(CallEnded)
            assert calls.node.tracker.roster.agents["8001"].state == "talking"
        ended = await calls.wait(CallEnded)
        assert (ended.outcome, ended.hungup_by) == ("answered", "citizen")
        assert len(calls.heard(CallAnswered)) == 1
