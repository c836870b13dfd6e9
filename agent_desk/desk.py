"""The agent desk: the page, and the state it is rebuilt from."""

from __future__ import annotations

from aiohttp import web

from agent_desk.access import allow, identity
from agent_desk.live import HUB
from agent_desk.pages import render
from agent_desk.permissions import Permission
from agent_desk.services import services
from agent_desk.snapshot import desk_state

routes = web.RouteTableDef()


@routes.get("/desk")
@allow(Permission.TAKE_CALLS)
async def page(request: web.Request) -> web.StreamResponse:
    return render(request, "desk.html")


@routes.get("/api/desk/state")
@allow(Permission.TAKE_CALLS)
async def state(request: web.Request) -> web.StreamResponse:
    return web.json_response(
        await desk_state(services(request), request.config_dict[HUB].calls, identity(request))
    )
