"""The health page and the board with several nodes, one of them away."""

from __future__ import annotations

import re

import pytest

from agent_desk.floor.feed import FLOOR
from agent_desk.live.hub import HUB
from calls.nodes.places import NodeState, Places
from db.models import AgentSession
from tests.unit.agent_desk.conftest import Desk


@pytest.fixture
async def nodes(desk: Desk) -> None:
    """One node runs, one is lost, one was stopped; an agent sits at each."""
    now = desk.clock.now()
    places = Places(desk.sessions, desk.clock)
    for name, lost, stopped in (("city", False, False), ("town", True, False), ("village", False, True)):
        places.nodes[name] = NodeState(name, now, lost, stopped, "ws://127.0.0.1:9/ws", f"{name}:/var", "/r")
    desk.server.app[HUB].places = places
    async with desk.sessions.begin() as session:
        for seat, node in (("8001", "city"), ("8002", "town"), ("8003", "village")):
            session.add(AgentSession(agent=seat, node=node, state="ready", since=now, queues=["common"]))


@pytest.mark.usefixtures("nodes")
async def test_the_health_page_tells_of_each_node(desk: Desk) -> None:
    text = await (await (await desk.log_in("admin")).get("/admin")).text()
    told = dict(re.findall(r'<tr><td><span class="lamp \w+">([^<]+)</span></td><td>([^<]+)</td></tr>', text))
    assert told["话务（city）"] == "正常" and "语音识别（city）" in told
    assert told["节点（town）"].startswith("失联，自 ") and "话务（town）" not in told
    assert told["节点（village）"].startswith("停止运行，自 ")


@pytest.mark.usefixtures("nodes")
async def test_the_board_shows_all_nodes_and_counts_those_that_run(desk: Desk) -> None:
    await desk.server.app[FLOOR].read()
    shown = await (await desk.log_in("lead")).json("/api/board/state")
    state = shown["state"]
    assert state["nodes"] == ["city", "town", "village"]
    assert len(state["lost"]) == 1 and re.fullmatch(r"节点 town 自 \d\d:\d\d 起失联", state["lost"][0])
    assert state["stale_since"] is None  # the figures of the others are live
    tags = {seat["node"]: seat["away"] for seat in shown["seats"].values()}
    assert tags == {"city": "", "town": "节点失联", "village": "节点已停"}
    common = shown["queues"]["common"]
    assert (common["ready"], common["staffed"]) == (1, 1)
