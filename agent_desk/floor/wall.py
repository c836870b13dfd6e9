"""The board on a wall: a page without anything in it, and a live link that shows the floor to whoever has the key.

The key stands behind the # of the address, so that neither browsers' requests nor proxies' logs ever hold it; the
page says it as the link's first word. No caller is shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, Field, RootModel, ValidationError

from agent_desk.floor.feed import FLOOR
from agent_desk.web import strict_json
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.answers import Done, Rows, answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input, Line
from agent_desk.web.limits import ACTS, PAGES, READS
from agent_desk.web.limits import SOCKETS as SOCKET_LIMIT
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from agent_desk.web.trail import leave_trace
from calls.floor.wall_links import TOKEN_LENGTH, link_of, links, make_link, revoke_link
from db.session import AWAY

SILENCE_S = 20.0
"""A screen says every 5 s that it lives; one silent for this long is gone."""
CHECK_PINGS = 6
"""Of so many signs of life one asks whether the link is still good: about every half minute."""
BACKLOG = 100
MESSAGE_LIMIT = 1024

routes = web.RouteTableDef()


class Key(Input):
    """A screen's first word."""

    type: Literal["key"]
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", min_length=TOKEN_LENGTH, max_length=TOKEN_LENGTH)]


class NewLink(Input):
    name: Annotated[Line, Field(min_length=1, max_length=32, title="用途")]


class OneLink(Input):
    link: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Made(BaseModel):
    """`path` is told this once."""

    ok: bool = True
    path: str


class WallLinks(RootModel[Rows]):
    """Links that open the board."""


@dataclass(eq=False, slots=True)
class Screen:
    """One screen's socket."""

    queue: asyncio.Queue[dict[str, Any]] = field(default_factory=lambda: asyncio.Queue(BACKLOG))
    overflowed: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, message: dict[str, Any]) -> None:
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.overflowed.set()


@routes.get("/board/wall")
@allow(changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """The frame of the board for a wall; what is in it comes over the live link, for the key."""
    return render(request, "floor/wall.html")


@routes.get("/ws/wall")
@allow(changes=False, limit=SOCKET_LIMIT, logs=Logs.NOTHING, gives=Gives.SOCKET)
async def live(request: web.Request) -> web.StreamResponse:
    """A screen's live link: its first word is its key, then it hears what changes."""
    socket = web.WebSocketResponse(max_msg_size=MESSAGE_LIMIT, compress=False)
    await socket.prepare(request)
    code = WSCloseCode.POLICY_VIOLATION
    try:
        key = await _key(socket)
        if key is not None and await _good(request, key):
            code = await _show(request, socket, key)
    except AWAY:
        code = WSCloseCode.TRY_AGAIN_LATER  # the database is away: a good key stays good
    with contextlib.suppress(ConnectionError):
        await socket.close(code=code)
    return socket


async def _key(socket: web.WebSocketResponse) -> str | None:
    try:
        message = await socket.receive(SILENCE_S)
        return Key.model_validate(strict_json.parse(message.data)).key if message.type is WSMsgType.TEXT else None
    except (TimeoutError, strict_json.NotJson, ValidationError):
        return None


async def _good(request: web.Request, key: str) -> bool:
    desk = services(request)
    async with desk.sessions.begin() as session:
        return await link_of(session, key, desk.clock.now()) is not None


async def _show(request: web.Request, socket: web.WebSocketResponse, key: str) -> WSCloseCode:
    """Until the screen is gone or the link is revoked; returns why the socket is closed."""
    screen, feed = Screen(), request.config_dict[FLOOR]
    screen.offer({"type": "hello", "now": services(request).clock.now().isoformat()})
    feed.join(screen, on_wall=True)
    said = asyncio.create_task(_listen(request, socket, screen, key))
    tasks: list[asyncio.Task[Any]] = [
        said,
        asyncio.create_task(_send(screen, socket)),
        asyncio.create_task(screen.overflowed.wait()),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        feed.leave(screen)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    revoked = not said.cancelled() and said.exception() is None and said.result() == "revoked"
    return WSCloseCode.POLICY_VIOLATION if revoked else WSCloseCode.TRY_AGAIN_LATER


async def _send(screen: Screen, socket: web.WebSocketResponse) -> None:
    while True:
        message = await screen.queue.get()
        await socket.send_str(json.dumps(message, ensure_ascii=False, separators=(",", ":")))


async def _listen(request: web.Request, socket: web.WebSocketResponse, screen: Screen, key: str) -> str:
    pings = 0
    while True:
        try:
            message = await socket.receive(SILENCE_S)
        except TimeoutError:
            return "silent"
        if message.type is not WSMsgType.TEXT:
            return "gone"
        pings += 1
        if pings % CHECK_PINGS == 0 and not await _good(request, key):
            return "revoked"
        screen.offer({"type": "pong", "now": services(request).clock.now().isoformat()})


# -- the links -----------------------------------------------------------------------------------
@routes.get("/api/board/walls")
@allow(Permission.HANG_WALLS, changes=False, limit=READS, logs=Logs.NOTHING, gives=WallLinks)
async def list_links(request: web.Request) -> web.StreamResponse:
    """The links that open the board, without their keys."""
    async with services(request).sessions() as session:
        found = await links(session)
    rows: Rows = [
        {
            "id": link.id,
            "name": link.name,
            "made_at": link.made_at.isoformat(),
            "seen_at": link.seen_at.isoformat() if link.seen_at else None,
        }
        for link in found
    ]
    return answered(WallLinks(rows))


@routes.post("/api/board/walls")
@allow(Permission.HANG_WALLS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=NewLink, gives=Made)
async def make(request: web.Request) -> web.StreamResponse:
    """A new link; its key is shown this once."""
    desk, who, name = services(request), identity(request), told(request, NewLink).name
    async with desk.sessions.begin() as session:
        link, token = await make_link(session, name, who.user_id, desk.clock.now())
        leave_trace(
            session,
            at=desk.clock.now(),
            object_kind="wall",
            object_id=str(link.id),
            action="wall_made",
            user_id=who.user_id,
            name=who.name,
            unit_id=who.unit_id,
            detail={"name": name},
        )
    return answered(Made(path=f"/board/wall#{token}"))


@routes.post("/api/board/walls/revoke")
@allow(Permission.HANG_WALLS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=OneLink, gives=Done)
async def revoke(request: web.Request) -> web.StreamResponse:
    """Screens with this link go dark within half a minute."""
    desk, who, wanted = services(request), identity(request), told(request, OneLink).link
    async with desk.sessions.begin() as session:
        link = await revoke_link(session, wanted, desk.clock.now())
        if link is None:
            raise Refused("没有这个链接，可能已经停用。", status=409)
        leave_trace(
            session,
            at=desk.clock.now(),
            object_kind="wall",
            object_id=str(link.id),
            action="wall_revoked",
            user_id=who.user_id,
            name=who.name,
            unit_id=who.unit_id,
            detail={"name": link.name},
        )
    return answered(Done())
