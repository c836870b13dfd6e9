"""Closed lists for the pickers: categories, units, divisions; the seat's softphone account."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from sqlalchemy import select

from agent_desk import words
from agent_desk.access import allow, identity
from agent_desk.errors import Refused
from agent_desk.initials import pinyin_keys
from agent_desk.live import HUB
from agent_desk.permissions import Permission
from agent_desk.services import services
from db.models import AgentSession, Category, Region, Unit, User
from hotline.secretfile import sip_password

TRANSFER_UNIT_KINDS = ("DEPARTMENT", "UTILITY", "TOWNSHIP")

routes = web.RouteTableDef()


@routes.get("/api/me")
@allow(Permission.LOGGED_IN)
async def me(request: web.Request) -> web.StreamResponse:
    who = identity(request)
    return web.json_response(
        {"name": who.name, "login": who.login, "extension": who.extension, "roles": sorted(who.roles)}
    )


def _option(
    value: str, label: str, *, code: str = "", more: str = "", also: str = "", **rest: Any
) -> dict[str, Any]:
    initials, syllables = pinyin_keys(label)
    return {
        "value": value,
        "label": label,
        "code": code,
        "more": more,
        "also": also,
        "initials": initials,
        "syllables": syllables,
        **rest,
    }


@routes.get("/api/desk/lookups")
@allow(Permission.TAKE_CALLS)
async def lookups(request: web.Request) -> web.StreamResponse:
    """Everything the pickers choose from, in one answer of some 60 kB."""
    async with services(request).sessions() as session:
        categories = list(await session.scalars(select(Category).order_by(Category.code)))
        units = list(await session.scalars(select(Unit).where(Unit.active).order_by(Unit.id)))
        regions = list(await session.scalars(select(Region).order_by(Region.code)))
    parents = {c.code: c.name for c in categories if c.parent_code is None}
    names = {r.id: r.name for r in regions}
    return web.json_response(
        {
            "categories": [
                _option(
                    c.code,
                    c.name,
                    code=c.code,
                    more=f"{parents.get(c.parent_code, '')}　{c.lead}",
                    also=parents.get(c.parent_code, ""),
                    procedure=c.procedure if c.procedure in words.PROCEDURES else "SIMPLE",
                    safety=c.safety,
                )
                for c in categories
                if c.parent_code is not None
            ],
            "units": [
                _option(str(u.id), u.short_name, more=u.name, also=u.name)
                for u in units
                if u.kind not in {"CENTRE", "EMERGENCY"}
            ],
            "regions": [
                _option(r.code, r.name, more=names.get(r.parent_id or 0, ""), also=" ".join(r.aliases))
                for r in regions
                if r.kind not in {"province", "city"}
            ],
        }
    )


@routes.get("/api/desk/transfer-targets")
@allow(Permission.TAKE_CALLS)
async def transfer_targets(request: web.Request) -> web.StreamResponse:
    """Other agents who are logged in, free ones first, and units with a duty desk."""
    who = identity(request)
    async with services(request).sessions() as session:
        seats = await session.execute(
            select(AgentSession, User)
            .join(User, User.id == AgentSession.user_id)
            .where(AgentSession.state != "offline", AgentSession.agent != who.extension)
            .order_by(AgentSession.agent)
        )
        agents = [
            {
                "extension": seat.agent,
                "name": user.name,
                "state": seat.state,
                "state_label": words.AGENT_STATES.get(seat.state, seat.state),
                "keys": f"{seat.agent} {' '.join(pinyin_keys(user.name))}",
            }
            for seat, user in seats
        ]
        units = [
            {
                "id": u.id,
                "name": u.short_name,
                "phone": u.phone,
                "keys": f"{' '.join(pinyin_keys(u.short_name))} {u.phone}",
            }
            for u in await session.scalars(
                select(Unit)
                .where(Unit.active, Unit.phone != "", Unit.kind.in_(TRANSFER_UNIT_KINDS))
                .order_by(Unit.id)
            )
        ]
    agents.sort(key=lambda agent: agent["state"] != "ready")
    return web.json_response({"agents": agents, "units": units})


@routes.post("/api/desk/softphone")
@allow(Permission.TAKE_CALLS)
async def softphone(request: web.Request) -> web.StreamResponse:
    """The SIP account of one's own seat, given only to the page that holds the seat."""
    desk, who = services(request), identity(request)
    if not who.extension:
        raise Refused("您的账号没有分配座席分机，请联系平台管理员。")
    holder = request.config_dict[HUB].holder(who.extension)
    if holder is None or holder.who.user_id != who.user_id:
        raise Refused("软电话正在别处使用。", status=409)
    return web.json_response(
        {
            "uri": f"sip:{who.extension}@{request.url.host or 'localhost'}",
            "password": sip_password(desk.settings.secrets_dir, who.extension),
            "name": who.name,
            "ice_servers": [{"urls": url} for url in desk.settings.ice_servers.split()],
        }
    )
