"""The aiohttp application of the desk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any

from aiohttp import ClientSession, ClientTimeout, web

from agent_desk.account import login, second_factor_page, second_step
from agent_desk.account.door import ADDRESS_LIMIT
from agent_desk.admin import (
    account_acts,
    account_import,
    accounts,
    audit,
    script_drafts,
    script_pages,
    script_walks,
    units,
)
from agent_desk.admin import pages as admin
from agent_desk.agents import (
    acts,
    alerts,
    callbacks,
    desk,
    draft_api,
    knowledge_api,
    lookups,
    messages,
    notices,
    recordings,
    unwatched,
)
from agent_desk.agents.caller_cards import CallerCards
from agent_desk.floor import (
    board,
    figure_calls,
    figure_sheets,
    figures,
    notice_pages,
    steering,
    team_pages,
    wall,
)
from agent_desk.floor.feed import FLOOR, FloorFeed
from agent_desk.floor.figures import COUNTING
from agent_desk.live import page_socket, sip_proxy
from agent_desk.live.hub import HUB, LiveHub
from agent_desk.live.open_sockets import SOCKETS, OpenSockets, checked
from agent_desk.live.sip_proxy import CLIENT
from agent_desk.tickets import case_pages, ticket_pages
from agent_desk.units import unit_pages
from agent_desk.web import openapi
from agent_desk.web.access import WEB_SESSIONS, Logs, allow, authorise
from agent_desk.web.access_log import access_log
from agent_desk.web.answers import Done, answered
from agent_desk.web.errors import friendly_errors
from agent_desk.web.headers import security_headers
from agent_desk.web.limits import READS, Limits
from agent_desk.web.lockout import AddressLimit
from agent_desk.web.openapi import DOCUMENT, document
from agent_desk.web.pages import HERE, PAGES, make_pages
from agent_desk.web.requests import LIMITS, bounded
from agent_desk.web.services import SERVICES, DeskServices
from agent_desk.web.web_sessions import WebSessions

BODY_LIMIT = 256 * 1024
"""Longest request body, bytes: a draft of long texts fits ten times."""

ROOMS = (
    login,
    second_step,
    second_factor_page,
    desk,
    lookups,
    acts,
    alerts,
    callbacks,
    draft_api,
    knowledge_api,
    recordings,
    messages,
    notices,
    page_socket,
    sip_proxy,
    ticket_pages,
    case_pages,
    unit_pages,
    unwatched,
    board,
    figures,
    figure_calls,
    figure_sheets,
    notice_pages,
    steering,
    team_pages,
    wall,
    openapi,
    admin,
    accounts,
    account_acts,
    account_import,
    units,
    audit,
    script_pages,
    script_drafts,
    script_walks,
)

__all__ = ["DeskServices", "api_document", "make_app"]


@allow(changes=False, limit=READS, logs=Logs.NOTHING, gives=Done)
async def alive(_: web.Request) -> web.StreamResponse:
    """For a proxy or a watchdog: the desk answers."""
    return answered(Done())


def all_routes() -> list[web.RouteDef]:
    """Every route of the desk but its static files."""
    ours = [route for room in ROOMS for route in room.routes if isinstance(route, web.RouteDef)]
    return [*ours, web.get("/healthz", alive)]


def api_document() -> dict[str, Any]:
    """The API in OpenAPI 3.1."""
    return document(all_routes(), version("hotline12345"))


def make_app(services: DeskServices) -> web.Application:
    """The desk's application; run it with `web.AppRunner(app, access_log=None)` (it logs by itself)."""
    app = web.Application(
        middlewares=[
            access_log,
            security_headers(services.settings.public_url),
            friendly_errors,
            authorise,
            bounded,
        ],
        client_max_size=BODY_LIMIT,
    )
    app[SERVICES] = services
    app[WEB_SESSIONS] = WebSessions(services.sessions, services.clock)
    app[ADDRESS_LIMIT] = AddressLimit(services.clock)
    app[LIMITS] = Limits(services.clock)
    app[PAGES] = make_pages()
    app[COUNTING] = asyncio.Lock()
    cards = CallerCards(services.sessions, services.clock)
    app[HUB] = LiveHub(services.bus, services.sessions, services.clock, services.control, cards, services.places)
    app[FLOOR] = FloorFeed(services.bus, services.sessions, services.clock, app[HUB])
    app[SOCKETS] = OpenSockets(app[WEB_SESSIONS], gone=app[HUB].sign_out)
    app.cleanup_ctx.append(_running_hub)
    app.cleanup_ctx.append(checked)
    app.cleanup_ctx.append(_sip_client)
    app.add_routes(all_routes())
    app[DOCUMENT] = api_document()
    app.router.add_static("/static", HERE / "static", append_version=False)
    return app


async def _running_hub(app: web.Application) -> AsyncIterator[None]:
    await app[HUB].start()
    await app[FLOOR].start()
    yield
    await app[FLOOR].close()
    await app[HUB].close()


async def _sip_client(app: web.Application) -> AsyncIterator[None]:
    async with ClientSession(timeout=ClientTimeout(total=None, connect=5)) as client:
        app[CLIENT] = client
        yield
