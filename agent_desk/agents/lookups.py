"""Closed lists for the pickers: categories, units, divisions; the seat's softphone account."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from sqlalchemy import func, select

from agent_desk.live.hub import HUB
from agent_desk.web import words
from agent_desk.web.access import Logs, allow, identity
from agent_desk.web.answers import Rows, answered
from agent_desk.web.errors import Refused
from agent_desk.web.limits import ACTS, READS
from agent_desk.web.permissions import Permission
from agent_desk.web.services import DeskServices, services
from calls.acts.client import ControlRefused, ControlTimeout
from calls.nodes.lease import home_of
from db.models import AgentSession, Category, Region, Unit, User
from language.initials import pinyin_keys
from runtime.secretfile import sip_password

TRANSFER_UNIT_KINDS = ("DEPARTMENT", "UTILITY", "TOWNSHIP")

routes = web.RouteTableDef()


class Me(BaseModel):
    """Who is logged in."""

    name: str
    login: str
    extension: str
    roles: list[str]


class Lookups(BaseModel):
    """What the pickers choose from."""

    categories: Rows
    units: Rows
    regions: Rows


class Targets(BaseModel):
    """Whom a call may be handed to."""

    agents: Rows
    queues: Rows
    units: Rows


class Account(BaseModel):
    """The seat's SIP account."""

    uri: str
    password: str
    name: str
    ice_servers: list[dict[str, str]]


@routes.get("/api/me")
@allow(Permission.LOGGED_IN, changes=False, limit=READS, logs=Logs.NOTHING, gives=Me)
async def me(request: web.Request) -> web.StreamResponse:
    """The asker's own name, seat and roles."""
    who = identity(request)
    return answered(Me(name=who.name, login=who.login, extension=who.extension, roles=sorted(who.roles)))


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
@allow(Permission.TAKE_CALLS, changes=False, limit=READS, logs=Logs.NOTHING, gives=Lookups)
async def lookups(request: web.Request) -> web.StreamResponse:
    """Everything the pickers choose from, in one answer of some 60 kB."""
    async with services(request).sessions() as session:
        categories = list(await session.scalars(select(Category).order_by(Category.code)))
        units = list(await session.scalars(select(Unit).where(Unit.active).order_by(Unit.id)))
        regions = list(await session.scalars(select(Region).order_by(Region.code)))
    parents = {c.code: c.name for c in categories if c.parent_code is None}
    names = {r.id: r.name for r in regions}
    return answered(
        Lookups(
            categories=[
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
            units=[
                _option(str(u.id), u.short_name, more=u.name, also=u.name)
                for u in units
                if u.kind not in {"CENTRE", "EMERGENCY"}
            ],
            regions=[
                _option(r.code, r.name, more=names.get(r.parent_id or 0, ""), also=" ".join(r.aliases))
                for r in regions
                if r.kind not in {"province", "city"}
            ],
        )
    )


@routes.get("/api/desk/transfer-targets")
@allow(Permission.TAKE_CALLS, changes=False, limit=READS, logs=Logs.NOTHING, gives=Targets)
async def transfer_targets(request: web.Request) -> web.StreamResponse:
    """Other agents who are logged in at the same node, free ones first, and units with a duty desk."""
    who = identity(request)
    here = select(AgentSession.node).where(AgentSession.agent == who.extension).scalar_subquery()
    async with services(request).sessions() as session:
        seats = await session.execute(
            select(AgentSession, User)
            .join(User, User.id == AgentSession.user_id)
            .where(
                AgentSession.state != "offline",
                AgentSession.agent != who.extension,
                AgentSession.node == func.coalesce(here, AgentSession.node),
            )
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
        ready = Counter(
            queue
            for (queues,) in await session.execute(
                select(AgentSession.queues).where(
                    AgentSession.state == "ready", AgentSession.agent != who.extension
                )
            )
            for queue in queues
        )
    agents.sort(key=lambda agent: agent["state"] != "ready")
    queues = [
        {"id": queue, "name": name, "keys": " ".join(pinyin_keys(name)), "ready": ready[queue]}
        for queue, name in words.QUEUES.items()
    ]
    return answered(Targets(agents=agents, queues=queues, units=units))


@routes.post("/api/desk/softphone")
@allow(Permission.TAKE_CALLS, changes=True, limit=ACTS, logs=Logs.SEAT, gives=Account)
async def softphone(request: web.Request) -> web.StreamResponse:
    """The SIP account of one's own seat, given only to the page that holds the seat."""
    desk, who = services(request), identity(request)
    if not who.extension:
        raise Refused("您的账号没有分配座席分机，请联系平台管理员。")
    holder = request.config_dict[HUB].holder(who.extension)
    if holder is None or holder.who.user_id != who.user_id:
        raise Refused("软电话正在别处使用。", status=409)
    try:
        password = await _password(desk, who.extension)
    except ControlRefused as refused:
        raise Refused(str(refused)) from None
    except ControlTimeout:
        raise Refused("话务服务没有应答，软电话暂不可用。", status=503, retry_after=5) from None
    return answered(
        Account(
            uri=f"sip:{who.extension}@{request.url.host or 'localhost'}",
            password=password,
            name=who.name,
            ice_servers=[{"urls": url} for url in desk.settings.ice_servers.split()],
        )
    )


async def _password(desk: DeskServices, extension: str) -> str:
    """Of the seat's softphone. Each node has a key of its own; another folder's node is asked for it."""
    if desk.places is not None:
        node = desk.places.nodes.get(await desk.places.of_seat(extension, signing_in=True))
        if node is not None and node.home != home_of(desk.settings):
            result = await desk.control.do("softphone", actor=extension)
            return str(result["password"])
    return sip_password(desk.settings.secrets_dir, extension)
