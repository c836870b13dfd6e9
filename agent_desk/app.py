"""The aiohttp application of the desk."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import ClientSession, ClientTimeout, web

from agent_desk import (
    acts,
    admin,
    audit,
    board,
    callbacks,
    desk,
    draft_api,
    knowledge_api,
    live,
    login,
    lookups,
    messages,
    recordings,
    sip_proxy,
    ticket_pages,
    unit_pages,
    unwatched,
)
from agent_desk.access import WEB_SESSIONS, allow, authorise
from agent_desk.access_log import access_log
from agent_desk.errors import friendly_errors
from agent_desk.headers import security_headers
from agent_desk.live import HUB, LiveHub
from agent_desk.lockout import AddressLimit
from agent_desk.login import ADDRESS_LIMIT
from agent_desk.open_sockets import SOCKETS, OpenSockets, checked
from agent_desk.pages import HERE, PAGES, make_pages
from agent_desk.services import SERVICES, DeskServices
from agent_desk.sip_proxy import CLIENT
from agent_desk.web_sessions import WebSessions

BODY_LIMIT = 256 * 1024
"""Longest request body, bytes: a draft of long texts fits ten times."""

ROOMS = (
    login,
    desk,
    lookups,
    acts,
    callbacks,
    draft_api,
    knowledge_api,
    recordings,
    messages,
    live,
    sip_proxy,
    ticket_pages,
    unit_pages,
    unwatched,
    board,
    admin,
    audit,
)

__all__ = ["DeskServices", "make_app"]


@allow()
async def alive(_: web.Request) -> web.StreamResponse:
    """For a proxy or a watchdog: the desk answers."""
    return web.json_response({"ok": True})


def make_app(services: DeskServices) -> web.Application:
    """The desk's application; run it with `web.AppRunner(app, access_log=None)` (it logs by itself)."""
    app = web.Application(
        middlewares=[
            access_log,
            security_headers(services.settings.public_url),
            friendly_errors,
            authorise,
        ],
        client_max_size=BODY_LIMIT,
    )
    app[SERVICES] = services
    app[WEB_SESSIONS] = WebSessions(services.sessions, services.clock)
    app[ADDRESS_LIMIT] = AddressLimit(services.clock)
    app[PAGES] = make_pages()
    app[HUB] = LiveHub(services.bus, services.sessions, services.clock, services.control)
    app[SOCKETS] = OpenSockets(app[WEB_SESSIONS], gone=app[HUB].sign_out)
    app.cleanup_ctx.append(_running_hub)
    app.cleanup_ctx.append(checked)
    app.cleanup_ctx.append(_sip_client)
    for room in ROOMS:
        app.add_routes(room.routes)
    app.router.add_get("/healthz", alive)
    app.router.add_static("/static", HERE / "static", append_version=False)
    return app


async def _running_hub(app: web.Application) -> AsyncIterator[None]:
    await app[HUB].start()
    yield
    await app[HUB].close()


async def _sip_client(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession(timeout=ClientTimeout(total=None, connect=5)) as client:
        app[CLIENT] = client
        yield
