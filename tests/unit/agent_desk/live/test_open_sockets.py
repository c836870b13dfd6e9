"""A log-in that ends takes its sockets and its seat with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, web
from aiohttp.test_utils import TestServer
from sqlalchemy import delete, select, update

from agent_desk.live.hub import HUB
from agent_desk.live.open_sockets import SOCKETS
from agent_desk.web.web_sessions import ABSOLUTE, IDLE
from calls.acts.client import ControlTimeout
from db.models import User, WebSession
from tests.fakes.desk_seed import PASSWORD
from tests.unit.agent_desk.conftest import Desk, MakeDesk, Person
from tests.unit.agent_desk.live.test_hub import BOUND_S, eventually, link, seat_is, until

POLICY_VIOLATION = 1008


@pytest.fixture
async def telephone() -> AsyncIterator[int]:
    """A WebSocket server in Asterisk's place that answers with what it was sent; gives its port."""

    async def echo(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("sip",))
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    app = web.Application()
    app.router.add_get("/ws", echo)
    server: TestServer = TestServer(app)
    await server.start_server(access_log=None)
    assert server.port is not None
    yield server.port
    await server.close()


@pytest.fixture
async def desk(telephone: int, make_desk: MakeDesk) -> Desk:
    return await make_desk(port_base=telephone - 88)


async def page(person: Person) -> tuple[ClientWebSocketResponse, ClientWebSocketResponse]:
    """An agent's open page: its live link, which has the seat, and its softphone's."""
    live = await link(person)
    await until(live, seat_is("yours"))
    sip = await person.client.ws_connect("/ws/sip", protocols=("sip",))
    await sip.send_str("OPTIONS")
    assert await sip.receive_str() == "OPTIONS"
    return live, sip


async def closed(socket: ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(BOUND_S):
        while (await socket.receive()).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
            pass
    return socket.close_code


async def test_logging_out_closes_both_links_and_signs_the_seat_out(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    live, sip = await page(person)
    assert (await person.form("/logout")).status == 303
    assert [actor for actor, *_ in desk.control.acts("logout")] == ["8001"]
    seat = await desk.seat("8001")
    assert seat is not None and seat.state == "offline"
    assert await closed(live) == await closed(sip) == POLICY_VIOLATION


async def test_logging_out_waits_for_no_call_control(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    person = await desk.log_in("agent1")
    live, sip = await page(person)
    do = desk.control.do

    async def away(action: str, **more: object) -> dict[str, object]:
        if action == "logout":
            raise ControlTimeout(action)
        return await do(action, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.control, "do", away)
    assert (await person.form("/logout")).status == 303
    assert (await person.get("/api/me")).status == 401
    assert await closed(live) == await closed(sip) == POLICY_VIOLATION


async def test_a_second_browser_s_log_out_leaves_the_seat_to_the_first(desk: Desk) -> None:
    at_the_seat = await desk.log_in("agent1")
    desk.clock.move(seconds=1)
    elsewhere = await desk.log_in("agent1")
    live, _ = await page(at_the_seat)
    assert (await elsewhere.form("/logout")).status == 303
    assert desk.control.acts("logout") == []
    await live.send_json({"type": "ping", "sip": True, "mic": True})
    await until(live, lambda message: message["type"] == "pong")


async def test_somebody_without_a_seat_signs_none_out(desk: Desk) -> None:
    await (await desk.log_in("dispatcher")).form("/logout")
    assert desk.control.acts("logout") == []


@pytest.mark.parametrize("how", ["expired", "account closed", "ended elsewhere"])
async def test_a_log_in_that_ends_by_itself_does_the_same(desk: Desk, how: str) -> None:
    person, colleague = await desk.log_in("agent1"), await desk.log_in("agent2")
    live, sip = await page(person)
    sockets = desk.server.app[SOCKETS]
    await sockets.check()
    assert desk.control.acts("logout") == []
    if how == "expired":
        desk.clock.move(seconds=ABSOLUTE.total_seconds())
    other, _ = await page(await desk.log_in("agent2") if how == "expired" else colleague)
    async with desk.sessions.begin() as session:
        if how == "account closed":
            await session.execute(update(User).where(User.login == "agent1").values(active=False))
        elif how == "ended elsewhere":
            user_id = await session.scalar(select(User.id).where(User.login == "agent1"))
            await session.execute(delete(WebSession).where(WebSession.user_id == user_id))
    await sockets.check()
    assert await closed(live) == await closed(sip) == POLICY_VIOLATION
    assert [actor for actor, *_ in desk.control.acts("logout")] == ["8001"]
    await other.send_json({"type": "ping", "sip": True, "mic": True})
    await until(other, lambda message: message["type"] == "pong")
    hub = desk.server.app[HUB]
    await eventually(lambda: hub.holder("8001") is None)


async def test_the_end_of_a_shift_waits_for_the_end_of_the_call(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await (await desk.feed()).ring()
    await desk.control.set_state("8001", "talking")
    live, _ = await page(person)
    for _ in range(int(ABSOLUTE / (IDLE / 2))):  # the page is heard of all day
        desk.clock.move(seconds=(IDLE / 2).total_seconds())
        assert (await person.get("/api/me")).status == 200
    await desk.server.app[SOCKETS].check()
    await live.send_json({"type": "ping", "sip": True, "mic": True})
    await until(live, lambda message: message["type"] == "pong")
    await desk.control.set_state("8001", "ready")
    await desk.server.app[SOCKETS].check()
    assert await closed(live) == POLICY_VIOLATION
    assert (await person.get("/api/me")).status == 401


async def test_a_new_password_closes_the_other_pages(desk: Desk) -> None:
    elsewhere = await desk.log_in("agent1")
    desk.clock.move(seconds=1)
    person = await desk.log_in("agent1")
    live, sip = await page(elsewhere)
    changed = await person.form("/password", old=PASSWORD, new="a-new-one-2025", again="a-new-one-2025")
    assert changed.status == 200
    assert await closed(live) == await closed(sip) == POLICY_VIOLATION
