"""Logging in and out, and changing one's password."""

from __future__ import annotations

import secrets
from typing import Annotated
from urllib.parse import urlencode

from aiohttp import web
from pydantic import Field
from sqlalchemy import select, update

from accounts import second_factor
from agent_desk.account.attempts import trace, try_password
from agent_desk.account.door import ADDRESS_LIMIT, HALF_COOKIE, half_way, local_path, opened, set_cookie
from agent_desk.live.hub import HUB
from agent_desk.live.open_sockets import SOCKETS
from agent_desk.web import words
from agent_desk.web.access import COOKIE, PRE_COOKIE, WEB_SESSIONS, Gives, Logs, allow, identity
from agent_desk.web.access import IDENTITY as IDENTITY_KEY
from agent_desk.web.client_address import client_address
from agent_desk.web.inputs import Input, Line, Secret
from agent_desk.web.limits import ACTS, PAGES, SIGN_IN
from agent_desk.web.lockout import AddressBlocked
from agent_desk.web.pages import moment, render
from agent_desk.web.passwords import hash_password_async, needs_rehash, password_matches, weakness
from agent_desk.web.permissions import Permission, home, pages_of
from agent_desk.web.requests import asked, told
from agent_desk.web.services import DeskServices, services
from db.models import User

WRONG = "账号或密码不正确。"

routes = web.RouteTableDef()


class Coming(Input):
    """`next`: the page that was asked for."""

    next: Annotated[str, Field(max_length=2000)] = "/"


class SignIn(Coming):
    login: Annotated[Line, Field(max_length=64, title="账号")] = ""
    password: Annotated[Secret, Field(title="密码")] = ""


class NewPassword(Input):
    old: Annotated[Secret, Field(title="原密码")] = ""
    new: Annotated[Secret, Field(title="新密码")] = ""
    again: Annotated[Secret, Field(title="再次输入的新密码")] = ""


def _login_page(
    request: web.Request, after: str = "/", *, error: str = "", login: str = "", status: int = 200
) -> web.Response:
    token = secrets.token_urlsafe(32)
    response = render(
        request,
        "account/login.html",
        status=status,
        error=error,
        login=login,
        token=token,
        next=local_path(after),
        number=services(request).settings.number,
    )
    set_cookie(request, response, PRE_COOKIE, token)
    return response


@routes.get("/")
@allow(Permission.LOGGED_IN, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def start(request: web.Request) -> web.StreamResponse:
    """To the page where this person's work begins."""
    raise web.HTTPSeeOther(home(identity(request).permissions))


@routes.get("/home")
@allow(Permission.LOGGED_IN, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def landing(request: web.Request) -> web.StreamResponse:
    """For people whose role has no page to start on: what they have, or that theirs comes later."""
    who = identity(request)
    roles = [words.ROLE_NAMES.get(role, role) for role in sorted(who.roles)]
    return render(request, "account/home.html", roles=roles, mine=pages_of(who.permissions))


@routes.get("/login")
@allow(changes=False, limit=SIGN_IN, logs=Logs.NOTHING, asks=Coming, gives=Gives.PAGE)
async def login_form(request: web.Request) -> web.StreamResponse:
    """The door."""
    if IDENTITY_KEY in request:
        raise web.HTTPSeeOther("/")
    return _login_page(request, asked(request, Coming).next)


@routes.post("/login")
@allow(changes=True, limit=SIGN_IN, logs=Logs.AUDIT, takes=SignIn, gives=Gives.PAGE)
async def log_in(request: web.Request) -> web.StreamResponse:
    """Open a log-in."""
    form = told(request, SignIn)
    login, password = form.login, form.password
    address = client_address(request, services(request).settings.trusted_proxies)
    try:
        async with request.config_dict[ADDRESS_LIMIT].turn(address) as turn:
            user, error = await check_login(services(request), login, password, address)
            turn.failed = user is None
    except AddressBlocked as blocked:
        error = f"您所在的网络登录失败次数过多，请在 {moment(blocked.until, '%H:%M')} 以后再试。"
        return _login_page(request, form.next, error=error, login=login, status=429)
    if user is None:
        return _login_page(request, form.next, error=error, login=login, status=401)
    if await _needs_code(services(request), user, address):
        response = web.HTTPSeeOther(f"/login/code?{urlencode({'next': local_path(form.next)})}")
        half = half_way(services(request), user, services(request).clock.now())
        set_cookie(request, response, HALF_COOKIE, half)
        raise response
    raise await opened(request, user.id, form.next)


async def _needs_code(desk: DeskServices, user: User, address: str) -> bool:
    """Whether a code is to come; if none is, the person is in."""
    async with desk.sessions.begin() as session:
        if await second_factor.active(session, user.id):
            return True
        row = await session.get(User, user.id, with_for_update={"of": User})
        assert row is not None
        row.last_login_at = desk.clock.now()
        trace(session, desk, row, "login", address)
    return False


async def check_login(desk: DeskServices, login: str, password: str, address: str) -> tuple[User | None, str]:
    """The account, or None and what to tell the person. Five failures lock the account for 15 minutes."""
    async with desk.sessions() as session:
        user = await session.scalar(select(User).where(User.login == login, User.active))
    if user is None:
        await password_matches(None, password)
        return None, WRONG
    stored = user.password_hash
    error = await try_password(
        desk, user.id, stored, password, wrong=WRONG, failed="login_failed", address=address
    )
    if error:
        return None, error
    if needs_rehash(stored):
        user.password_hash = await hash_password_async(password)
        async with desk.sessions.begin() as session:
            renewed = update(User).where(User.id == user.id, User.password_hash == stored)
            await session.execute(renewed.values(password_hash=user.password_hash))
    return user, ""


@routes.post("/logout")
@allow(Permission.LOGGED_IN, changes=True, limit=ACTS, logs=Logs.SEAT, gives=Gives.PAGE)
async def log_out(request: web.Request) -> web.StreamResponse:
    """End the log-in: its page's links close, and the telephone rings at its seat no more."""
    who = identity(request)
    await request.config_dict[WEB_SESSIONS].close(who.token_hash)
    request.config_dict[SOCKETS].end(who.token_hash)
    await request.config_dict[HUB].sign_out(who)
    response = web.HTTPSeeOther("/login")
    response.del_cookie(COOKIE, path="/")
    raise response


@routes.get("/password")
@allow(Permission.LOGGED_IN, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def password_form(request: web.Request) -> web.StreamResponse:
    """The form for a new password."""
    return render(request, "account/password.html", errors={}, done=False)


@routes.post("/password")
@allow(Permission.LOGGED_IN, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=NewPassword, gives=Gives.PAGE)
async def change_password(request: web.Request) -> web.StreamResponse:
    """Set the own password; all other log-ins of the account end."""
    desk, who = services(request), identity(request)
    form = told(request, NewPassword)
    old, new, again = form.old, form.new, form.again
    async with desk.sessions() as session:
        user = await session.get(User, who.user_id)
        stored = user.password_hash if user else None
    errors: dict[str, str] = {}
    wrong = "原密码不正确"
    if error := await try_password(desk, who.user_id, stored, old, wrong=wrong, failed="password_change_failed"):
        errors["old"] = error
    elif old == new:
        errors["new"] = "新密码不能与原密码相同"
    elif reason := weakness(new, who.login):
        errors["new"] = reason
    elif new != again:
        errors["again"] = "两次输入的新密码不一致"
    if errors:
        return render(request, "account/password.html", errors=errors, done=False, status=422)
    hashed = await hash_password_async(new)
    async with desk.sessions.begin() as session:
        row = await session.get(User, who.user_id)
        assert row is not None
        row.password_hash, row.must_change_password = hashed, False
        trace(session, desk, row, "password_changed")
    await request.config_dict[WEB_SESSIONS].close_others(who.user_id, who.token_hash)
    await request.config_dict[SOCKETS].check()
    return render(request, "account/password.html", errors={}, done=True)
