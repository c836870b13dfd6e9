"""The agent desk: the page, and the state it is rebuilt from."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import RootModel

from agent_desk.agents.own_calls import need_call
from agent_desk.agents.snapshot import desk_state
from agent_desk.agents.todo import desk_todo
from agent_desk.live.hub import HUB
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.answers import answered
from agent_desk.web.inputs import CallId, Input
from agent_desk.web.limits import PAGES, READS
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked
from agent_desk.web.services import services
from calls.area_codes import other_hotlines

routes = web.RouteTableDef()


class Earlier(Input):
    """`call`: an earlier own call, to finish its ticket."""

    call: CallId | None = None


class State(RootModel[dict[str, Any]]):
    """Everything a page is rebuilt from: seat, call, caller, words, draft, alerts, hand-off."""


class Todo(RootModel[dict[str, Any]]):
    """Call-backs, messages and unwatched calls that wait for this agent."""


@routes.get("/desk")
@allow(Permission.TAKE_CALLS, changes=False, limit=PAGES, logs=Logs.NOTHING, asks=Earlier, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """The agent's work place."""
    return render(request, "agents/desk.html", areas=other_hotlines())


@routes.get("/api/desk/state")
@allow(Permission.TAKE_CALLS, changes=False, limit=READS, logs=Logs.NOTHING, asks=Earlier, gives=State)
async def state(request: web.Request) -> web.StreamResponse:
    """The page's state; `?call=` opens an earlier own call to finish its ticket, unless one is live."""
    desk, who = services(request), identity(request)
    earlier = asked(request, Earlier).call or ""
    if earlier:
        async with desk.sessions() as session:
            await need_call(request, session, who, earlier)
    return answered(State(await desk_state(desk, request.config_dict[HUB], who, earlier=earlier)))


@routes.get("/api/desk/todo")
@allow(Permission.TAKE_CALLS, changes=False, limit=READS, logs=Logs.NOTHING, gives=Todo)
async def todo(request: web.Request) -> web.StreamResponse:
    """What waits to be done between calls."""
    return answered(Todo(await desk_todo(services(request), identity(request))))
