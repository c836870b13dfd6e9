"""Which node is asked."""

from __future__ import annotations

from typing import Any

import pytest

from calls.acts.client import NodeAway
from calls.nodes.lease import LOST_AFTER
from calls.nodes.places import NodeState, Places
from db.models import AgentSession, Call, Node, User
from db.session import Sessions
from tests.fakes.clock import FakeClock

CALL = "01a20049-a4f5-7069-9c8d-968102d07eca"


@pytest.fixture
async def places(sessions: Sessions, clock: FakeClock) -> Places:
    now = clock.now()
    async with sessions.begin() as session:
        for name in ("city", "town"):
            session.add(
                Node(
                    name=name,
                    instance=name,
                    home=name,
                    sip_url=f"ws://{name}/ws",
                    recordings="/r",
                    started_at=now,
                    heartbeat_at=now,
                )
            )
        session.add(Call(id=CALL, node="town", started_at=now))
    made = Places(sessions, clock)
    await made.look()
    return made


async def seat(sessions: Sessions, clock: FakeClock, **values: Any) -> None:
    async with sessions.begin() as session:
        await session.merge(AgentSession(agent="8001", since=clock.now(), **values))


async def beat(sessions: Sessions, clock: FakeClock, name: str) -> None:
    async with sessions.begin() as session:
        row = await session.get(Node, name)
        assert row is not None
        row.heartbeat_at = clock.now()


async def test_an_act_goes_to_the_node_of_its_call_else_of_its_seat(
    places: Places, sessions: Sessions, clock: FakeClock
) -> None:
    await seat(sessions, clock, node="city", state="ready")
    assert await places.node_for("hangup", "8001", CALL, {}) == "town"
    assert await places.node_for("ready", "8001", "", {}) == "city"
    assert await places.node_for("repair", "super1", "", {"agent": "8001"}) == "city"
    assert await places.node_for("handoff", "8001", "not-written-yet", {}) == "city"


async def test_who_signs_in_sits_down_at_the_own_node_else_always_at_the_same(
    places: Places, sessions: Sessions, clock: FakeClock
) -> None:
    spread = {await places.node_for("login", f"80{number:02}", "", {}) for number in range(1, 20)}
    assert spread == {"city", "town"}
    assert await places.of_seat("8001", signing_in=True) == await places.of_seat("8001", signing_in=True)
    async with sessions.begin() as session:
        session.add(
            User(login="a", name="a", password_hash="x", extension="8001", node="town", created_at=clock.now())
        )
    await seat(sessions, clock, node="city", state="offline")
    assert await places.of_seat("8001", signing_in=True) == "town"
    await seat(sessions, clock, node="city", state="ready")  # moved by the administrator in mid-shift
    assert await places.of_seat("8001", signing_in=True) == "city"


async def test_a_dead_node_is_told_with_its_time_and_refuses_acts(
    places: Places, sessions: Sessions, clock: FakeClock
) -> None:
    told: list[NodeState] = []

    async def hear(node: NodeState) -> None:
        told.append(node)

    places.on_change(hear)
    since = places.nodes["town"].since
    clock.move(seconds=LOST_AFTER.total_seconds() + 1)
    await beat(sessions, clock, "city")
    await places.look()
    await places.look()
    assert [(node.name, node.lost, node.since) for node in told] == [("town", True, since)]
    assert [node.name for node in places.away] == ["town"]
    with pytest.raises(NodeAway, match=r"节点 town 自 \d\d:\d\d 起失联"):
        await places.node_for("hangup", "8001", CALL, {})
    await beat(sessions, clock, "town")
    await places.look()
    assert [node.lost for node in told] == [True, False]
    assert await places.node_for("hangup", "8001", CALL, {}) == "town"


async def test_an_agent_of_a_dead_node_may_sign_in_elsewhere_unless_a_talk_goes_on_there(
    places: Places, sessions: Sessions, clock: FakeClock
) -> None:
    await seat(sessions, clock, node="town", state="talking", call_id=CALL)
    clock.move(seconds=LOST_AFTER.total_seconds() + 1)
    await beat(sessions, clock, "city")
    await places.look()
    assert await places.of_seat("8001", signing_in=True) == "town"
    await seat(sessions, clock, node="town", state="ready", call_id=None)
    assert await places.of_seat("8001", signing_in=True) == "city"
    assert await places.of_seat("8001") == "town"
