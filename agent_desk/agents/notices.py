"""Notices of a supervisor on an agent's desk: what is unread, and the receipt."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field, RootModel

from agent_desk.web.access import Logs, allow, identity
from agent_desk.web.answers import Done, Rows, answered
from agent_desk.web.inputs import Input
from agent_desk.web.limits import ACTS, READS
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from calls.floor.notices import mark_read, unread

routes = web.RouteTableDef()


class Unread(RootModel[Rows]):
    """Notices not read yet, oldest first."""


class Read(Input):
    notice: Annotated[int, Field(ge=1, le=2**31 - 1)]


@routes.get("/api/desk/notices")
@allow(Permission.TAKE_CALLS, changes=False, limit=READS, logs=Logs.NOTHING, gives=Unread)
async def list_unread(request: web.Request) -> web.StreamResponse:
    """What supervisors have told this agent."""
    desk = services(request)
    async with desk.sessions() as session:
        found = await unread(session, identity(request).user_id, desk.clock.now())
    rows: Rows = [{"notice_id": n.id, "text": n.text, "by": n.by_name, "at": n.at.isoformat()} for n in found]
    return answered(Unread(rows))


@routes.post("/api/desk/notices/read")
@allow(Permission.TAKE_CALLS, changes=True, limit=ACTS, logs=Logs.NOTICE, takes=Read, gives=Done)
async def read(request: web.Request) -> web.StreamResponse:
    """The receipt. One that went to somebody else, or was read before, is left as it is."""
    desk, notice = services(request), told(request, Read).notice
    async with desk.sessions.begin() as session:
        await mark_read(session, notice, identity(request).user_id, desk.clock.now())
    return answered(Done())
