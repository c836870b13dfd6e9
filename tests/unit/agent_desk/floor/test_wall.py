"""A screen on a wall: shows the floor to whoever has the key, and to nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import WSCloseCode, WSMsgType
from sqlalchemy import select

from agent_desk.floor import wall
from agent_desk.floor.feed import FLOOR
from db.models import AuditEvent, WallLink
from tests.unit.agent_desk.conftest import Client, Desk, MakeDesk, Person
from tests.unit.agent_desk.floor.test_feed import queue_up
from tests.unit.agent_desk.live.test_hub import until


async def a_key(desk: Desk, admin: Person | None = None) -> str:
    admin = admin or await desk.log_in("admin")
    answer = await admin.post("/api/board/walls", {"name": "大厅东墙"})
    assert answer.status == 200, await answer.text()
    path = (await answer.json())["path"]
    assert path.startswith("/board/wall#")
    return str(path.partition("#")[2])


async def screen(client: Client, key: str) -> Any:
    socket = await client.ws_connect("/ws/wall")
    await socket.send_json({"type": "key", "key": key})
    return socket


async def closed(socket: Any) -> int:
    while (await socket.receive(10)).type is WSMsgType.TEXT:
        pass
    return int(socket.close_code)


async def test_the_key_shows_the_floor_without_a_log_in_and_without_callers(desk: Desk) -> None:
    await desk.server.app[FLOOR].ready.wait()
    key, stranger = await a_key(desk), await desk.client()
    page = await stranger.get("/board/wall")
    assert page.status == 200 and "崇阳" not in await page.text()
    socket = await screen(stranger, key)
    whole = (await until(socket, lambda m: m["type"] == "board"))[-1]["sections"]
    assert "waiting" not in whole and "calls" not in whole
    await queue_up(desk)
    told = (await until(socket, lambda m: m["type"] == "board"))[-1]
    assert told["rows"]["queues"]["common"]["waiting"] == 1
    assert "5678" not in str(told)
    await socket.send_json({"type": "ping"})
    await until(socket, lambda m: m["type"] == "pong")


@pytest.mark.parametrize("first", ['{"type": "key", "key": "x"}', "no json", '{"type": "ping"}', "[" * 500])
async def test_without_a_key_nothing_is_said(desk: Desk, first: str) -> None:
    socket = await (await desk.client()).ws_connect("/ws/wall")
    await socket.send_str(first)
    assert await closed(socket) == WSCloseCode.POLICY_VIOLATION
    other = await screen(await desk.client(), "A" * 43)
    assert await closed(other) == WSCloseCode.POLICY_VIOLATION


async def test_a_revoked_link_goes_dark(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wall, "CHECK_PINGS", 2)
    admin = await desk.log_in("admin")
    key = await a_key(desk, admin)
    socket = await screen(await desk.client(), key)
    await until(socket, lambda m: m["type"] == "board")
    [link] = await admin.json("/api/board/walls")
    assert link["name"] == "大厅东墙" and link["seen_at"] is not None
    assert (await admin.post("/api/board/walls/revoke", {"link": link["id"]})).status == 200
    assert (await admin.post("/api/board/walls/revoke", {"link": link["id"]})).status == 409
    await socket.send_json({"type": "ping"})
    await socket.send_json({"type": "ping"})
    assert await closed(socket) == WSCloseCode.POLICY_VIOLATION
    assert await admin.json("/api/board/walls") == []
    async with desk.sessions() as session:
        acts = list(await session.scalars(select(AuditEvent.action).where(AuditEvent.object_kind == "wall")))
        row = await session.scalar(select(WallLink))
    assert acts == ["wall_made", "wall_revoked"]
    assert row is not None and row.token_hash != key


async def test_a_key_outlives_the_desk(desk: Desk, make_desk: MakeDesk) -> None:
    key = await a_key(desk)
    restarted = await make_desk()
    await until(await screen(await restarted.client(), key), lambda m: m["type"] == "board")


async def test_only_an_administrator_hangs_walls(desk: Desk) -> None:
    for login in ("lead", "agent1", "dispatcher"):
        person = await desk.log_in(login)
        assert (await person.post("/api/board/walls", {"name": "x"})).status == 403
        assert (await person.get("/api/board/walls")).status == 403
