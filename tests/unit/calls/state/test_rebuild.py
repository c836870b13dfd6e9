"""The live state built again: what Asterisk has counts, not what we remember of it."""

from __future__ import annotations

from sqlalchemy import select

from calls.asterisk.ami import AmiLink
from calls.state.rebuild import take_picture
from calls.state.tracker import Tracker
from db.models import AgentSession, Call, CallLeg
from runtime.events import CallEnded, CallStarted
from tests.fakes.asterisk_ami import FakeChannel
from tests.unit.calls.kit import CALL, CITIZEN, Room, unique

OTHER_CALL = "01a20049-b0c1-7b7b-8f8f-0123456789ab"


async def test_a_restarted_asterisk_gives_an_old_channel_s_name_to_a_new_caller(calls: Room) -> None:
    """Taken by its name, the new caller would have the number, the tickets and the recording of the old one."""
    calls.arrives(number="13912345678")
    await calls.wait(CallStarted)
    await calls.fake.stop()
    calls.fake.channels = {
        CITIZEN: FakeChannel(
            CITIZEN, unique(CITIZEN), {"CALL_ID": OTHER_CALL, "HOTLINE_ROLE": "citizen"}, caller="13800001111"
        )
    }
    await calls.fake.start()
    ended = await calls.wait(CallEnded)
    assert (ended.call_id, ended.outcome) == (CALL, "unknown")
    started = await calls.wait(CallStarted, call_id=OTHER_CALL)
    assert (started.caller, started.channel) == ("13800001111", CITIZEN)
    calls.hangs_up()
    await calls.wait(CallEnded, call_id=OTHER_CALL)


async def test_a_channel_that_has_no_call_id_yet_is_taken_by_its_name(calls: Room) -> None:
    calls.arrives()
    await calls.wait(CallStarted)
    calls.fake.channels[CITIZEN].variables = {"CALL_ID": "", "HOTLINE_ROLE": ""}
    picture = await take_picture(calls.link, lambda: calls.tracker._seq)
    await calls.tracker.call(lambda at: calls.tracker._reconciler.apply(picture, at))
    assert list(calls.tracker.line.calls) == [CALL]
    assert not calls.heard(CallEnded)


async def test_a_start_remembers_and_closes_the_own_node_s_calls_only(calls: Room) -> None:
    """Another node's calls are in the same tables, and unknown to our Asterisk: they go on without us."""
    now, here = calls.clock.now(), calls.tracker.settings.node
    own, other = CALL, OTHER_CALL
    async with calls.sessions.begin() as session:
        for call_id, node, seat in ((own, here, "8001"), (other, "other", "8002")):
            session.add(Call(id=call_id, node=node, state="talking", started_at=now, channel=CITIZEN, agent=seat))
            await session.flush()
            session.add(AgentSession(agent=seat, node=node, state="talking", since=now, call_id=call_id))
            session.add(
                CallLeg(call_id=call_id, node=node, role="citizen", name="", channel=CITIZEN, joined_at=now)
            )
    link = AmiLink("127.0.0.1", calls.fake.port, "hotline", "secret", backoff_s=(0.01, 0.05))
    again = Tracker(link, calls.sessions, calls.bus, calls.clock, calls.tracker.settings, tick_s=3600, heal_s=3600)
    await again.start()
    assert set(again.line.calls) == {own} and set(again.roster.agents) == {"8001"}
    await link.start()
    ended = await calls.wait(CallEnded)
    await link.close()
    await again.close()
    assert ended.call_id == own
    async with calls.sessions() as session:
        states = {row.id: (row.state, row.node) for row in await session.scalars(select(Call))}
        seats = {row.agent: row.state for row in await session.scalars(select(AgentSession))}
    assert states == {own: ("ended", here), other: ("talking", "other")}
    assert seats["8002"] == "talking"


async def test_a_seat_is_the_node_s_at_which_its_agent_signed_in_last(calls: Room) -> None:
    """A node that was cut off for a while writes late: what it says of a seat that moved on is of no use."""
    here = calls.tracker.settings.node

    async def row() -> tuple[str, str]:
        async with calls.sessions() as session:
            seat = await session.get_one(AgentSession, "8001")
        return seat.node, seat.state

    await calls.client.do("login", actor="8001", queues=["common"])
    assert (await row())[0] == here
    async with calls.sessions.begin() as session:
        seat = await session.get_one(AgentSession, "8001")
        seat.node, seat.state = "other", "ready"
    await calls.client.do("not_ready", actor="8001", reason="meal")
    assert await row() == ("other", "ready")
    await calls.client.do("login", actor="8001", queues=["common"])
    assert (await row())[0] == here
