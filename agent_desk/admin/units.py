"""The units' tree: add, rename, move, close with a successor, telephone and duty hours."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import Fault, Refusal
from accounts.history import Change, unit_changes
from accounts.tree import LEVELS, branches, parents, within
from accounts.units import KINDS, UnitDetails, add, close, edit, move, reopen
from agent_desk.admin.account_form import VERSION, Versioned
from agent_desk.admin.audit import ACTS as ACT_NAMES
from agent_desk.live.open_sockets import SOCKETS
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.inputs import Input, Line, Number
from agent_desk.web.limits import ACTS, PAGES
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked, told
from agent_desk.web.services import services
from db.models import Unit
from tickets.life.writing import announce

FIELDS = {
    "name": "名称",
    "short_name": "简称",
    "kind": "类别",
    "phone": "值班电话",
    "duty_hours": "值班时间",
    "parent_id": "上级",
    "aliases": "别名",
    "active": "在用",
    "successor_id": "接续单位",
    "tickets": "移交工单",
    "accounts": "移交账号",
}
NO_UNIT = UnitDetails(name="", short_name="")

routes = web.RouteTableDef()


class Under(Input):
    """`parent`: below which unit the new one is to be."""

    parent: Annotated[Number, Field(ge=1, title="上级")] | None = None


class _Values(Input):
    name: Annotated[Line, Field(max_length=64, title="单位名称")] = ""
    short_name: Annotated[Line, Field(max_length=32, title="简称")] = ""
    kind: Annotated[Line, Field(max_length=16, title="类别")] = "DEPARTMENT"
    phone: Annotated[Line, Field(max_length=32, title="值班电话")] = ""
    duty_hours: Annotated[Line, Field(max_length=64, title="值班时间")] = ""

    def details(self) -> UnitDetails:
        return UnitDetails(
            name=self.name,
            short_name=self.short_name,
            kind=self.kind,
            phone=self.phone,
            duty_hours=self.duty_hours,
        )


OTHER_UNIT = Annotated[Line, Field(max_length=9, title="单位")]
"""A unit's number, or "" for none."""


class NewUnit(_Values):
    code: Annotated[Line, Field(max_length=40, title="代码")] = ""
    parent_id: OTHER_UNIT = ""


class ChangedUnit(_Values):
    version: VERSION


class Moved(Versioned):
    parent_id: OTHER_UNIT = ""


class Closed(Versioned):
    successor_id: OTHER_UNIT = ""


def _number(text: str) -> int | None:
    """What was chosen; a number that no unit has where it is none."""
    return None if text == "" else int(text) if text.isascii() and text.isdigit() else 0


@routes.get("/admin/units")
@allow(Permission.ADMINISTER, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """All units as a tree, closed ones too."""
    async with services(request).sessions() as session:
        tree = await branches(session)
    return render(request, "admin/units.html", tree=tree, kinds=KINDS, levels=LEVELS)


@routes.get("/admin/units/new")
@allow(Permission.ADMINISTER, changes=False, limit=PAGES, logs=Logs.NOTHING, asks=Under, gives=Gives.PAGE)
async def new_form(request: web.Request) -> web.StreamResponse:
    """The form for a new unit."""
    return await _form(request, None, NO_UNIT, parent=asked(request, Under).parent)


@routes.post("/admin/units/new")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=NewUnit, gives=Gives.PAGE)
async def create(request: web.Request) -> web.StreamResponse:
    """Make a unit."""
    desk, form = services(request), told(request, NewUnit)
    parent = _number(form.parent_id)
    try:
        async with desk.sessions.begin() as session:
            who = identity(request).actor
            unit = await add(session, who, form.code, form.details(), parent, now=desk.clock.now())
    except Refusal as refusal:
        errors = {refusal.field: refusal.message}
        return await _form(request, None, form.details(), code=form.code, parent=parent, errors=errors, status=422)
    raise web.HTTPSeeOther(f"/admin/units/{unit.id}")


@routes.get(r"/admin/units/{unit_id:\d{1,9}}")
@allow(Permission.ADMINISTER, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def one(request: web.Request) -> web.StreamResponse:
    """A unit, what may be done to it, and who changed it."""
    return await _show(request)


@routes.post(r"/admin/units/{unit_id:\d{1,9}}")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=ChangedUnit, gives=Gives.PAGE)
async def change(request: web.Request) -> web.StreamResponse:
    """Rename it, or change its telephone or duty hours."""
    desk, form = services(request), told(request, ChangedUnit)
    try:
        async with desk.sessions.begin() as session:
            await edit(
                session,
                identity(request).actor,
                _unit_id(request),
                form.details(),
                version=form.version,
                now=desk.clock.now(),
            )
    except Refusal as refusal:
        return await _refused(request, refusal, form.version, details=form.details())
    raise _back(request)


@routes.post(r"/admin/units/{unit_id:\d{1,9}}/move")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Moved, gives=Gives.PAGE)
async def put_elsewhere(request: web.Request) -> web.StreamResponse:
    """Put it below another unit, or at the top."""
    desk, form = services(request), told(request, Moved)
    parent = _number(form.parent_id)
    try:
        async with desk.sessions.begin() as session:
            who, now = identity(request).actor, desk.clock.now()
            await move(session, who, _unit_id(request), parent, version=form.version, now=now)
    except Refusal as refusal:
        return await _refused(request, refusal, form.version)
    raise _back(request)


@routes.post(r"/admin/units/{unit_id:\d{1,9}}/close")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Closed, gives=Gives.PAGE)
async def shut(request: web.Request) -> web.StreamResponse:
    """Close it; a successor takes over open tickets and accounts."""
    desk, form = services(request), told(request, Closed)
    heir = _number(form.successor_id)
    try:
        async with desk.sessions.begin() as session:
            who, now = identity(request).actor, desk.clock.now()
            tickets = await close(session, who, _unit_id(request), heir, version=form.version, now=now)
    except Refusal as refusal:
        return await _refused(request, refusal, form.version)
    await request.config_dict[SOCKETS].check()
    for ticket in tickets:
        await announce(desk.bus, desk.clock, ticket)
    raise _back(request)


@routes.post(r"/admin/units/{unit_id:\d{1,9}}/reopen")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Versioned, gives=Gives.PAGE)
async def open_again(request: web.Request) -> web.StreamResponse:
    """Take a closed unit into use again."""
    desk, form = services(request), told(request, Versioned)
    try:
        async with desk.sessions.begin() as session:
            who, now = identity(request).actor, desk.clock.now()
            await reopen(session, who, _unit_id(request), version=form.version, now=now)
    except Refusal as refusal:
        return await _refused(request, refusal, form.version)
    raise _back(request)


def _unit_id(request: web.Request) -> int:
    return int(request.match_info["unit_id"])


def _back(request: web.Request) -> web.HTTPSeeOther:
    return web.HTTPSeeOther(f"/admin/units/{_unit_id(request)}")


async def _refused(
    request: web.Request, refusal: Refusal, version: int, *, details: UnitDetails | None = None
) -> web.StreamResponse:
    """The unit's page with what is wrong; when somebody else was quicker, with what they changed."""
    if refusal.fault is Fault.UNKNOWN:
        raise web.HTTPNotFound
    errors = {refusal.field: refusal.message}
    if refusal.fault is Fault.CHANGED:
        return await _show(request, errors=errors, since=version, status=409)
    return await _show(request, errors=errors, details=details, status=422)


async def _show(
    request: web.Request,
    *,
    errors: dict[str, str] | None = None,
    since: int | None = None,
    details: UnitDetails | None = None,
    status: int = 200,
) -> web.StreamResponse:
    number = _unit_id(request)
    async with services(request).sessions() as session:
        unit = await session.get(Unit, number)
        if unit is None:
            raise web.HTTPNotFound
        done = await unit_changes(session, number)
        others = await unit_changes(session, number, since=since) if since is not None else []
        names = await _names(session)
    kept = UnitDetails(
        name=unit.name,
        short_name=unit.short_name,
        kind=unit.kind,
        phone=unit.phone,
        duty_hours=unit.duty_hours,
    )
    return await _form(
        request,
        unit,
        details or kept,
        parent=unit.parent_id,
        errors=errors,
        status=status,
        changes=[_words(row, names) for row in done],
        others=[_words(row, names) for row in others],
    )


async def _form(
    request: web.Request,
    unit: Unit | None,
    details: UnitDetails,
    *,
    code: str = "",
    parent: int | None = None,
    errors: dict[str, str] | None = None,
    status: int = 200,
    **more: Any,
) -> web.StreamResponse:
    async with services(request).sessions() as session:
        tree = await branches(session)
        of = await parents(session)
    here = next((branch for branch in tree if unit is not None and branch.unit.id == unit.id), None)
    return render(
        request,
        "admin/unit.html",
        status=status,
        unit=unit,
        code=code,
        details=details,
        parent=parent,
        branch=here,
        above=[one for one in tree if one.unit.active and one.level < LEVELS]
        if unit is None
        else [one for one in tree if one.unit.active and not within(of, one.unit.id, unit.id)],
        heirs=[one for one in tree if one.unit.active and one.unit.kind not in ("CENTRE", "EMERGENCY")],
        kinds=KINDS,
        errors=errors or {},
        **{"others": [], "changes": []} | more,
    )


async def _names(session: AsyncSession) -> dict[int, str]:
    return {branch.unit.id: branch.unit.name for branch in await branches(session)}


def _words(row: Change, names: dict[int, str]) -> dict[str, Any]:
    def said(name: str, value: Any) -> str:
        if name in ("parent_id", "successor_id"):
            return names.get(value, "") or "无"
        if name == "kind":
            return KINDS.get(value, str(value))
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, list):
            return "、".join(str(one) for one in value) or "无"
        return str(value) if value not in (None, "") else "无"

    return {
        "at": row.at,
        "what": ACT_NAMES.get(row.action, row.action),
        "who": row.who,
        "reason": row.reason,
        "fields": [
            (FIELDS[name], said(name, row.before[name]) if name in row.before else "", said(name, value))
            for name, value in row.after.items()
            if name in FIELDS and (row.action != "unit_made" or value not in (None, "", []))
        ],
    }
