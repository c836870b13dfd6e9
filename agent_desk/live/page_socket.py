"""One WebSocket a page, `/ws/live`: what the hub has for the person behind it, and the page's signs of life."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Annotated, Any, Literal

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import Field, TypeAdapter, ValidationError

from agent_desk.live.concerns import seat_topic
from agent_desk.live.hub import HUB, LiveHub
from agent_desk.live.links import Link
from agent_desk.live.open_sockets import SOCKETS
from agent_desk.web import strict_json
from agent_desk.web.access import COOKIE as SESSION_COOKIE
from agent_desk.web.access import WEB_SESSIONS, Gives, Logs, allow, identity
from agent_desk.web.inputs import Input, Line
from agent_desk.web.limits import SOCKETS as SOCKET_LIMIT
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked
from agent_desk.web.services import services

SILENCE_S = 20.0
"""A page pings every 5 s; one silent for this long is gone (frozen tab, lost network)."""
MESSAGE_LIMIT = 8192

routes = web.RouteTableDef()


async def _send(link: Link, socket: web.WebSocketResponse) -> None:
    while True:
        message = await link.queue.get()
        await socket.send_str(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


class Tab(Input):
    """`tab` names the browser tab; `seat` asks for the softphone if it is free, `board` for the floor."""

    tab: Annotated[Line, Field(max_length=64)] = ""
    seat: Literal["0", "1"] = "0"
    board: Literal["0", "1"] = "0"


class Ping(Input):
    """The page lives; its softphone is registered, its microphone works."""

    type: Literal["ping"]
    sip: bool = False
    mic: bool = False


class Take(Input):
    """This tab wants the softphone."""

    type: Literal["take"]


_said: TypeAdapter[Ping | Take] = TypeAdapter(Annotated[Ping | Take, Field(discriminator="type")])


async def _receive(request: web.Request, hub: LiveHub, link: Link, socket: web.WebSocketResponse) -> None:
    pings = 0
    while True:
        # No word for this long means a frozen tab or a lost network: the seat must not look alive.
        message = await socket.receive(SILENCE_S)
        if message.type is not WSMsgType.TEXT:
            return
        try:
            said = _said.validate_python(strict_json.parse(message.data))
        except (strict_json.NotJson, ValidationError):
            return  # no page of ours says this
        if isinstance(said, Ping):
            pings += 1
            # An open page is a sign of life of its log-in; one whose log-in is over is closed.
            token = request.cookies.get(SESSION_COOKIE, "")
            if pings % 6 == 1 and await request.config_dict[WEB_SESSIONS].find(token) is None:
                await request.config_dict[SOCKETS].check()
                return
            hub.beat(link, sip=said.sip, mic=said.mic)
            link.offer({"type": "pong", "now": services(request).clock.now().isoformat()})
        elif seat_topic(link.who.extension) in link.topics:
            await hub.take_seat(link)


@routes.get("/ws/live", name="live")
@allow(
    Permission.TAKE_CALLS,
    Permission.UNIT_LIST,
    Permission.WATCH_BOARD,
    changes=False,
    limit=SOCKET_LIMIT,
    logs=Logs.NOTHING,
    asks=Tab,
    gives=Gives.SOCKET,
)
async def live(request: web.Request) -> web.StreamResponse:
    """The live link. `seat=1` asks for the softphone if it is free, `board=1` for pictures of the floor."""
    hub = request.config_dict[HUB]
    who = identity(request)
    wanted = asked(request, Tab)
    socket = web.WebSocketResponse(max_msg_size=MESSAGE_LIMIT, compress=False)
    await socket.prepare(request)
    link = hub.attach(who, wanted.tab, await hub.node_of(who))
    tasks: list[asyncio.Task[Any]] = []
    with request.config_dict[SOCKETS].open(who) as ended:
        try:
            link.offer({"type": "hello", "now": services(request).clock.now().isoformat()})
            if wanted.board == "1":
                hub.watch(link)
            if wanted.seat == "1" and seat_topic(who.extension) in link.topics:
                holder = hub.holder(who.extension)
                if holder is None or holder.tab == link.tab:
                    await hub.take_seat(link)
                else:
                    link.offer({"type": "seat", "seat": "held"})
            tasks = [
                asyncio.create_task(_send(link, socket)),
                asyncio.create_task(_receive(request, hub, link, socket)),
                asyncio.create_task(link.overflowed.wait()),
                asyncio.create_task(ended.wait()),
            ]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hub.detach(link)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if not socket.closed:
                code = WSCloseCode.POLICY_VIOLATION if ended.is_set() else WSCloseCode.TRY_AGAIN_LATER
                with contextlib.suppress(ConnectionError):
                    await socket.close(code=code)
    return socket
