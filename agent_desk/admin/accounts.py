"""Accounts: the list with search and filters, a new one, one with its history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiohttp import web
from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts import second_factor
from accounts.changes import NEXT_FREE, Details, edit, first_password, make
from accounts.errors import Fault, Refusal
from accounts.history import Change, changes, sign_ins
from accounts.policy import policy
from accounts.roles import ROLES
from accounts.seats import free_seats, in_call
from agent_desk.admin.account_form import SKILLS, STATES, ChangedAccount, Filter, NewAccount
from agent_desk.admin.audit import ACTS as ACT_NAMES
from agent_desk.live.open_sockets import SOCKETS
from agent_desk.web import words
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.limits import ACTS, PAGES
from agent_desk.web.pages import render
from agent_desk.web.passwords import hash_password_async
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked, told
from agent_desk.web.services import services
from db.models import Unit, User, WebSession

PAGE = 50
"""Rows of a page."""
ROLE_NAMES = {role: words.ROLE_NAMES[role] for role in ROLES}
FIELDS = {
    "name": "姓名",
    "roles": "角色",
    "unit_id": "单位",
    "seat": "分机",
    "skills": "技能",
    "active": "可以登录",
    "locked_by_failures": "输错锁定",
    "must_change_password": "须改密码",
    "sessions": "登录数",
    "node": "节点",
    "second_factor": "动态口令",
}

routes = web.RouteTableDef()


@routes.get("/admin/accounts")
@allow(Permission.ADMINISTER, changes=False, limit=PAGES, logs=Logs.NOTHING, asks=Filter, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """The accounts, by login."""
    wanted = asked(request, Filter)
    desk = services(request)
    now = desk.clock.now()
    where = wanted_accounts(wanted, now)
    async with desk.sessions() as session:
        total = await session.scalar(select(func.count()).select_from(User).where(*where)) or 0
        rows = await session.scalars(
            select(User).where(*where).order_by(User.login).limit(PAGE).offset((wanted.page - 1) * PAGE)
        )
        users = list(rows)
        units = list(await session.scalars(select(Unit).order_by(Unit.id)))
        rule = await policy(session)
    chosen = {
        "q": wanted.q,
        "role": wanted.role or "",
        "unit": wanted.unit or "",
        "state": wanted.state or "",
    }
    return render(
        request,
        "admin/accounts.html",
        users=users,
        units=units,
        role_names=ROLE_NAMES,
        states=STATES,
        policy=rule,
        chosen=chosen,
        now=now,
        total=total,
        page=wanted.page,
        pages=max(1, -(-total // PAGE)),
    )


def wanted_accounts(wanted: Filter, now: datetime) -> list[ColumnElement[bool]]:
    """What the filter says, for both databases."""
    waits = User.locked_until > now
    where: list[ColumnElement[bool]] = []
    if wanted.q:
        where.append(
            or_(User.login.icontains(wanted.q, autoescape=True), User.name.icontains(wanted.q, autoescape=True))
        )
    if wanted.role:
        # Both databases keep the list as JSON text with quoted codes.
        where.append(cast(User.roles, String).contains(f'"{wanted.role}"', autoescape=True))
    if wanted.unit:
        where.append(User.unit_id == wanted.unit)
    match wanted.state:
        case "locked":
            where.append(or_(~User.active, waits))
        case "first":
            where.append(and_(User.active, User.must_change_password))
        case "open":
            where.append(and_(User.active, or_(User.locked_until.is_(None), ~waits)))
    return where


@routes.get("/admin/accounts/new")
@allow(Permission.ADMINISTER, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def new_form(request: web.Request) -> web.StreamResponse:
    """The form for a new account."""
    return await _form(request, None, Details(name="", roles=frozenset(), unit_id=0, seat=NEXT_FREE))


@routes.post("/admin/accounts/new")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=NewAccount, gives=Gives.PAGE)
async def create(request: web.Request) -> web.StreamResponse:
    """Make an account; its first password is on the answer and nowhere else."""
    desk, form = services(request), told(request, NewAccount)
    details = form.details()
    password = first_password()
    hashed = await hash_password_async(password)
    try:
        async with desk.sessions.begin() as session:
            user = await make(
                session,
                identity(request).actor,
                form.login,
                details,
                password_hash=hashed,
                now=desk.clock.now(),
                seats=desk.settings.seats,
            )
    except Refusal as refusal:
        errors = {refusal.field: refusal.message}
        return await _form(request, None, details, login=form.login, errors=errors, status=422)
    return await show_account(request, user.id, password=password)


@routes.get(r"/admin/accounts/{account_id:\d{1,9}}")
@allow(Permission.ADMINISTER, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def one(request: web.Request) -> web.StreamResponse:
    """An account, its last sign-ins and changes, and what may be done to it."""
    return await show_account(request, account_id(request))


@routes.post(r"/admin/accounts/{account_id:\d{1,9}}")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=ChangedAccount, gives=Gives.PAGE)
async def change(request: web.Request) -> web.StreamResponse:
    """Change an account. Who comes second is shown what the other changed, and nothing is overwritten."""
    desk, form = services(request), told(request, ChangedAccount)
    number, details = account_id(request), form.details()
    try:
        async with desk.sessions.begin() as session:
            await edit(
                session,
                identity(request).actor,
                number,
                details,
                version=form.version,
                now=desk.clock.now(),
                seats=desk.settings.seats,
            )
    except Refusal as refusal:
        return await refused(request, number, refusal, since=form.version, details=details)
    await request.config_dict[SOCKETS].check()
    raise web.HTTPSeeOther(f"/admin/accounts/{number}")


def account_id(request: web.Request) -> int:
    return int(request.match_info["account_id"])


async def refused(
    request: web.Request, number: int, refusal: Refusal, *, since: int = 0, details: Details | None = None
) -> web.StreamResponse:
    """The account's page with what is wrong; when somebody else was quicker, with what they changed."""
    if refusal.fault is Fault.UNKNOWN:
        raise web.HTTPNotFound
    errors = {refusal.field: refusal.message}
    if refusal.fault is Fault.CHANGED:
        return await show_account(request, number, errors=errors, since=since, status=409)
    return await show_account(request, number, errors=errors, details=details, status=422)


async def show_account(
    request: web.Request,
    number: int,
    *,
    password: str = "",
    errors: dict[str, str] | None = None,
    since: int | None = None,
    details: Details | None = None,
    status: int = 200,
) -> web.StreamResponse:
    """One account's page. `since`: the version that somebody else has changed meanwhile."""
    async with services(request).sessions() as session:
        user = await session.get(User, number)
        if user is None:
            raise web.HTTPNotFound
        came = await sign_ins(session, number)
        done = await changes(session, number)
        others = await changes(session, number, since=since) if since is not None else []
        online = await session.scalar(
            select(func.count()).select_from(WebSession).where(WebSession.user_id == number)
        )
        guarded = await second_factor.active(session, number)
        talks = await in_call(session, user.extension)
        units = await _unit_names(session)
    kept = Details(
        name=user.name,
        roles=frozenset(user.roles),
        unit_id=user.unit_id or 0,
        seat=user.extension or "",
        skills=frozenset(user.skills),
    )
    return await _form(
        request,
        user,
        details or kept,
        errors=errors or {},
        status=status,
        password=password,
        sign_ins=came,
        changes=[_words(row, units) for row in done],
        others=[_words(row, units) for row in others],
        online=online or 0,
        talks=talks,
        guarded=guarded,
        act_names=ACT_NAMES,
    )


async def _form(
    request: web.Request,
    user: User | None,
    details: Details,
    *,
    login: str = "",
    errors: dict[str, str] | None = None,
    status: int = 200,
    password: str = "",
    others: Sequence[dict[str, Any]] = (),
    **more: Any,
) -> web.StreamResponse:
    desk = services(request)
    async with desk.sessions() as session:
        units = list(
            await session.scalars(
                select(Unit).where(or_(Unit.active, Unit.id == details.unit_id)).order_by(Unit.id)
            )
        )
        seats = await free_seats(session, desk.settings.seats)
    own = user.extension if user is not None and user.extension else ""
    return render(
        request,
        "admin/account.html",
        status=status,
        user=user,
        login=login,
        details=details,
        errors=errors or {},
        units=units,
        seats=sorted({*seats, own} - {""}),
        role_names=ROLE_NAMES,
        skills=SKILLS,
        password=password,
        others=others,
        now=desk.clock.now(),
        **more,
    )


async def _unit_names(session: AsyncSession) -> dict[int, str]:
    found = await session.execute(select(Unit.id, Unit.name))
    return {number: name for number, name in found.all()}


def _words(row: Change, units: dict[int, str]) -> dict[str, Any]:
    """A change as an administrator reads it: "分机：8001 → 8003"."""

    def said(name: str, value: Any) -> str:
        if name == "unit_id":
            return units.get(value, "") or "无"
        if name == "roles":
            return "、".join(ROLE_NAMES.get(role, role) for role in value or []) or "无"
        if name == "skills":
            return "、".join(words.QUEUES.get(skill, skill) for skill in value or []) or "无"
        if isinstance(value, bool):
            return "是" if value else "否"
        return str(value) if value not in (None, "") else "无"

    return {
        "at": row.at,
        "what": ACT_NAMES.get(row.action, row.action),
        "who": row.who,
        "reason": row.reason,
        "fields": [
            (FIELDS[name], said(name, row.before.get(name)) if row.before else "", said(name, value))
            for name, value in row.after.items()
            if name in FIELDS
        ],
    }
