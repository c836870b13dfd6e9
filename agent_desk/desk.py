"""The agent desk: the page, and the state it is rebuilt from."""

from __future__ import annotations

from aiohttp import web

from agent_desk.access import allow, identity
from agent_desk.live import HUB
from agent_desk.own_calls import need_call
from agent_desk.pages import render
from agent_desk.permissions import Permission
from agent_desk.services import services
from agent_desk.snapshot import desk_state
from agent_desk.todo import desk_todo
from calls.area_codes import other_hotlines
from hotline.callid import is_call_id

routes = web.RouteTableDef()


@routes.get("/desk")
@allow(Permission.TAKE_CALLS)
async def page(request: web.Request) -> web.StreamResponse:
    return render(request, "desk.html", areas=other_hotlines())


@routes.get("/api/desk/state")
@allow(Permission.TAKE_CALLS)
async def state(request: web.Request) -> web.StreamResponse:
    """The page's state; `?call=` opens an earlier own call to finish its ticket, unless one is live."""
    desk, who = services(request), identity(request)
    earlier = request.query.get("call", "")
    if earlier:
        if not is_call_id(earlier):
            raise web.HTTPNotFound
        async with desk.sessions() as session:
            await need_call(request, session, who, earlier)
    return web.json_response(await desk_state(desk, request.config_dict[HUB].calls, who, earlier=earlier))


@routes.get("/api/desk/todo")
@allow(Permission.TAKE_CALLS)
async def todo(request: web.Request) -> web.StreamResponse:
    return web.json_response(await desk_todo(services(request), identity(request)))
