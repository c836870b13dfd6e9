"""An agent's answer to an alert: it is no emergency. Kept on the call's time line with who said so."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field

from agent_desk.agents.own_calls import need_call
from agent_desk.web.access import Logs, allow, identity
from agent_desk.web.answers import Done, answered
from agent_desk.web.inputs import Input, Line
from agent_desk.web.limits import ACTS
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import call_id_of, told
from agent_desk.web.services import services
from tickets.emergency.answers import NOT_ONE, answer_alerts

routes = web.RouteTableDef()


class Codes(Input):
    """These alerts of the call are no emergency."""

    codes: Annotated[list[Annotated[Line, Field(max_length=16)]], Field(max_length=20, title="警情代码")]


@routes.post("/api/desk/alerts/{call_id}")
@allow(Permission.TAKE_CALLS, changes=True, limit=ACTS, logs=Logs.CALL, takes=Codes, gives=Done)
async def answer(request: web.Request) -> web.StreamResponse:
    """Kept with who said so; an alert answered is not raised again."""
    desk, who = services(request), identity(request)
    call_id = call_id_of(request)
    async with desk.sessions() as session:
        await need_call(request, session, who, call_id)
    async with desk.sessions.begin() as session:
        await answer_alerts(session, desk.clock, call_id, told(request, Codes).codes, NOT_ONE, by=who.login)
    return answered(Done())
