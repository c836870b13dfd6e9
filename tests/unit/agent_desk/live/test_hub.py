from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from sqlalchemy import update

from agent_desk.live import page_socket
from agent_desk.live.hub import HUB
from agent_desk.live.links import BACKLOG
from calls.nodes.places import NodeState, Places
from db.models import User
from runtime.events import QueueChanged, SpeechStateChanged, TelephonyStale
from tests.unit.agent_desk.conftest import Desk, Person

BOUND_S = 10.0


async def link(person: Person, tab: str = "a", seat: bool = True) -> ClientWebSocketResponse:
    return await person.client.ws_connect(f"/ws/live?tab={tab}&seat={int(seat)}")


async def until(socket: ClientWebSocketResponse, wanted: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
    """All messages up to and with the wanted one."""
    seen: list[dict[str, Any]] = []
    async with asyncio.timeout(BOUND_S):
        while True:
            seen.append(await socket.receive_json())
            if wanted(seen[-1]):
                return seen


def named(name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda message: message.get("event") == name


def seat_is(state: str) -> Callable[[dict[str, Any]], bool]:
    return lambda message: message["type"] == "seat" and message["seat"] == state


async def eventually(check: Callable[[], bool | Awaitable[bool]]) -> None:
    async with asyncio.timeout(BOUND_S):
        while True:
            held = check()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.01)


async def test_the_agent_on_the_call_hears_it_and_the_neighbour_does_not(desk: Desk) -> None:
    mine, other = await desk.log_in("agent1"), await desk.log_in("agent2")
    feed = await desk.feed("8001")
    own, next_door = await link(mine), await link(other)
    await until(own, seat_is("yours"))
    await until(next_door, seat_is("yours"))
    await feed.ring("13912345678")
    ringing = await until(own, named("CallRinging"))
    assert ringing[-1]["display"] == "139 1234 5678"  # at once, before anything is read
    await feed.answer()
    await feed.say("citizen", "我的身份证号是保密的")
    await desk.bus.publish(TelephonyStale(stale=True, since=desk.clock.now()))
    heard = await until(own, named("TelephonyStale"))
    assert [m["text"] for m in heard if m.get("event") == "Utterance"] == ["我的身份证号是保密的"]
    beside = await until(next_door, named("TelephonyStale"))
    assert {m.get("event") for m in beside} <= {None, "AgentStateChanged", "QueueChanged", "TelephonyStale"}
    assert not [m for m in beside if m.get("agent") == "8001"]


async def test_the_board_sees_movement_without_numbers(desk: Desk) -> None:
    supervisor = await desk.log_in("dispatcher")
    feed = await desk.feed("8001")
    board = await link(supervisor, seat=False)
    await until(board, lambda m: m["type"] == "hello")
    await feed.ring("13912345678")
    await feed.answer()
    seen = await until(board, named("CallAnswered"))
    assert {"CallStarted", "CallRinging", "AgentStateChanged"} <= {m.get("event") for m in seen}
    assert "13912345678" not in str(seen)
    assert "139 1234 5678" not in str(seen)


async def test_taking_the_seat_logs_the_agent_in_at_the_telephone(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    socket = await link(person)
    await until(socket, lambda m: m["type"] == "control" and m["action"] == "login" and m["ok"])
    assert desk.control.acts("login") == [("8001", "", {"user_id": person.user_id, "queues": ["common"]})]


async def test_a_page_s_health_is_passed_on(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    socket = await link(person)
    await until(socket, lambda m: m["type"] == "control")
    await socket.send_json({"type": "ping", "sip": True, "mic": False})
    await until(socket, lambda m: m["type"] == "pong")
    await eventually(lambda: bool(desk.control.acts("heartbeat")))
    assert desk.control.acts("heartbeat")[0][2] == {"sip_registered": True, "mic_ok": False}


async def test_a_page_without_the_seat_speaks_for_nobody(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    socket = await link(person, seat=False)
    await socket.send_json({"type": "ping", "sip": True, "mic": True})
    await until(socket, lambda m: m["type"] == "pong")
    assert desk.control.done == []


async def test_the_second_page_takes_the_seat_only_when_asked_and_the_first_is_told(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    first = await link(person, "a")
    await until(first, seat_is("yours"))
    second = await link(person, "b")
    await until(second, seat_is("held"))
    await second.send_json({"type": "take"})
    await until(second, seat_is("yours"))
    await until(first, seat_is("lost"))


async def test_the_same_tab_comes_back_to_its_seat(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    first = await link(person, "a")
    await until(first, seat_is("yours"))
    again = await link(person, "a")
    await until(again, seat_is("yours"))


async def test_another_site_cannot_open_the_link(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    with pytest.raises(WSServerHandshakeError) as refused:
        await person.client.ws_connect("/ws/live?tab=a", headers={"Origin": "https://evil.example"})
    assert refused.value.status == 403


async def test_strangers_have_no_link(desk: Desk) -> None:
    with pytest.raises(WSServerHandshakeError) as refused:
        await (await desk.client()).ws_connect("/ws/live?tab=a")
    assert refused.value.status == 401


@pytest.mark.parametrize("garbage", ["", "{", "[]", "7", '{"type": "no-such"}', '{"type": "take", "x": []}'])
async def test_garbage_on_one_link_harms_no_other(desk: Desk, garbage: str) -> None:
    bad, good = await desk.log_in("agent1"), await desk.log_in("agent2")
    broken, sound = await link(bad), await link(good)
    await until(sound, seat_is("yours"))
    await broken.send_str(garbage)
    await sound.send_json({"type": "ping", "sip": True, "mic": True})
    await until(sound, lambda m: m["type"] == "pong")


async def test_a_silent_page_is_taken_for_gone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_socket, "SILENCE_S", 0.05)
    person = await desk.log_in("agent1")
    socket = await link(person)
    async with asyncio.timeout(BOUND_S):
        while (await socket.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}:
            pass
    hub = desk.server.app[HUB]
    await eventually(lambda: hub.holder("8001") is None)


async def test_a_page_that_cannot_keep_up_is_cut_off(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    socket = await link(person)
    await until(socket, seat_is("yours"))
    hub = desk.server.app[HUB]
    holder = hub.holder("8001")
    assert holder is not None
    for _ in range(BACKLOG + 10):
        holder.offer({"type": "event"})
    await eventually(lambda: hub.pages == 0)


async def test_a_closed_session_ends_its_link(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    socket = await link(person)
    await until(socket, seat_is("yours"))
    await person.form("/logout")
    await socket.send_json({"type": "ping"})
    async with asyncio.timeout(BOUND_S):
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            pass
    assert message.type is WSMsgType.CLOSE and message.data == 1008


async def test_a_refusal_of_the_telephone_reaches_the_page(desk: Desk) -> None:
    desk.control.refuse["login"] = "坐席 8001 正由其他人使用，请换一个坐席。"
    person = await desk.log_in("agent1")
    socket = await link(person)
    told = await until(socket, lambda m: m["type"] == "control")
    assert told[-1]["error"] == "坐席 8001 正由其他人使用，请换一个坐席。"


def state(name: str, at: datetime, *, lost: bool = False) -> NodeState:
    return NodeState(name, at, lost, False, f"ws://127.0.0.1:9/{name}", f"{name}:/var", "/recordings")


@pytest.fixture
async def nodes(desk: Desk) -> Places:
    """Two nodes run: agent1 sits at one, agent2 at the other."""
    places = Places(desk.sessions, desk.clock)
    places.nodes = {name: state(name, desk.clock.now()) for name in ("city", "town")}
    hub = desk.server.app[HUB]
    hub.places = places
    places.on_change(hub._node_changed)
    async with desk.sessions.begin() as session:
        for seat, node in (("8001", "city"), ("8002", "town")):
            await session.execute(update(User).where(User.extension == seat).values(node=node))
    return places


async def test_an_agent_hears_of_the_own_node_s_telephony_and_recogniser_only(desk: Desk, nodes: Places) -> None:
    at_city, at_town = await link(await desk.log_in("agent1")), await link(await desk.log_in("agent2"))
    await until(at_city, seat_is("yours"))
    await until(at_town, seat_is("yours"))
    now = desk.clock.now()
    await desk.bus.publish(TelephonyStale(node="town", stale=True, since=now))
    await desk.bus.publish(SpeechStateChanged(node="town", available=False, model="", reason="r"))
    await desk.bus.publish(TelephonyStale(node="city", stale=False, since=now))
    heard = await until(at_city, named("TelephonyStale"))
    assert heard[-1]["node"] == "city" and not [m for m in heard if m.get("event") == "SpeechStateChanged"]
    assert (await until(at_town, named("SpeechStateChanged")))[-1]["node"] == "town"


async def test_a_dead_node_is_named_to_its_agents_and_its_queue_counts_no_longer(
    desk: Desk, nodes: Places
) -> None:
    agent = await desk.log_in("agent2")
    at_town, at_city = await link(agent), await link(await desk.log_in("agent1"))
    await until(at_town, seat_is("yours"))
    await until(at_city, seat_is("yours"))
    for node, waiting in (("city", 1), ("town", 2)):
        await desk.bus.publish(
            QueueChanged(node=node, queue="common", waiting=waiting, oldest_since=None, ready=0, staffed=0)
        )
    await desk.bus.settle()
    assert (await agent.json("/api/desk/state"))["waiting"]["common"] == 3
    hub = desk.server.app[HUB]
    nodes.nodes["town"] = state("town", desk.clock.now(), lost=True)
    await hub._node_changed(nodes.nodes["town"])
    told = (await until(at_town, named("TelephonyStale")))[-1]
    assert told["stale"] and re.fullmatch(r"节点 town 自 \d\d:\d\d 起失联", told["reason"])
    shown = await agent.json("/api/desk/state")
    assert shown["telephony"]["reason"] == told["reason"] and shown["waiting"]["common"] == 1
    nodes.nodes["town"] = state("town", desk.clock.now())
    await hub._node_changed(nodes.nodes["town"])
    assert not (await until(at_town, named("TelephonyStale")))[-1]["stale"]
    await desk.bus.publish(TelephonyStale(node="city", stale=False, since=desk.clock.now()))
    first = (await until(at_city, named("TelephonyStale")))[-1]
    assert first["node"] == "city"  # nobody at the other node was told


async def test_who_could_not_sign_in_at_a_dead_node_is_signed_in_when_it_is_back(
    desk: Desk, nodes: Places
) -> None:
    desk.control.away = True
    socket = await link(await desk.log_in("agent1"))
    await until(socket, seat_is("yours"))
    await eventually(lambda: len(desk.control.acts("login")) == 1)
    desk.control.away = False
    await desk.bus.publish(TelephonyStale(node="town", stale=False, since=desk.clock.now()))
    await desk.bus.publish(TelephonyStale(node="city", stale=False, since=desk.clock.now()))
    seen = await until(socket, lambda message: message["type"] == "control")
    assert seen[-1]["ok"] and seen[-1]["action"] == "login"  # and no word before of what was in vain
    await desk.bus.publish(TelephonyStale(node="city", stale=False, since=desk.clock.now()))
    await until(socket, named("TelephonyStale"))
    assert len(desk.control.acts("login")) == 2
