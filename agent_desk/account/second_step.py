"""The second step of signing in: a code, where the account has a second factor."""

from __future__ import annotations

import secrets
from typing import Annotated

from aiohttp import web
from pydantic import Field

from agent_desk.account.attempts import trace, try_code
from agent_desk.account.door import (
    ADDRESS_LIMIT,
    HALF_COOKIE,
    half_way_user_id,
    is_half_way,
    local_path,
    opened,
    set_cookie,
)
from agent_desk.web.access import IDENTITY, PRE_COOKIE, Gives, Logs, allow
from agent_desk.web.client_address import client_address
from agent_desk.web.inputs import Input, Line
from agent_desk.web.limits import SIGN_IN
from agent_desk.web.lockout import AddressBlocked
from agent_desk.web.pages import moment, render
from agent_desk.web.requests import asked, told
from agent_desk.web.services import services
from db.models import User

routes = web.RouteTableDef()


class CodeComing(Input):
    """`next`: the page that was asked for."""

    next: Annotated[str, Field(max_length=2000)] = "/"


class Code(CodeComing):
    code: Annotated[Line, Field(max_length=40, title="口令")] = ""


@routes.get("/login/code")
@allow(changes=False, limit=SIGN_IN, logs=Logs.NOTHING, asks=CodeComing, gives=Gives.PAGE)
async def code_form(request: web.Request) -> web.StreamResponse:
    """The form for the code; without a right password before it, the door."""
    if IDENTITY in request:
        raise web.HTTPSeeOther("/")
    if await _half_way(request) is None:
        raise web.HTTPSeeOther("/login")
    return _page(request, asked(request, CodeComing).next)


@routes.post("/login/code")
@allow(changes=True, limit=SIGN_IN, logs=Logs.AUDIT, takes=Code, gives=Gives.PAGE)
async def give_code(request: web.Request) -> web.StreamResponse:
    """Open a log-in with the second factor."""
    desk, form = services(request), told(request, Code)
    user = await _half_way(request)
    if user is None:
        raise web.HTTPSeeOther("/login")
    address = client_address(request, desk.settings.trusted_proxies)
    try:
        async with request.config_dict[ADDRESS_LIMIT].turn(address) as turn:
            error = await try_code(desk, user.id, form.code, address=address)
            turn.failed = bool(error)
    except AddressBlocked as blocked:
        error = f"您所在的网络登录失败次数过多，请在 {moment(blocked.until, '%H:%M')} 以后再试。"
        return _page(request, form.next, error=error, status=429)
    if error:
        return _page(request, form.next, error=error, status=401)
    async with desk.sessions.begin() as session:
        row = await session.get(User, user.id, with_for_update={"of": User})
        assert row is not None
        row.last_login_at = desk.clock.now()
        trace(session, desk, row, "login", address)
    raise await opened(request, user.id, form.next)


async def _half_way(request: web.Request) -> User | None:
    """The account whose password was right a moment ago in this browser."""
    desk, value = services(request), request.cookies.get(HALF_COOKIE, "")
    user_id = half_way_user_id(value)
    if user_id is None:
        return None
    async with desk.sessions() as session:
        user = await session.get(User, user_id)
    if user is None or not user.active or not is_half_way(desk, user, value, desk.clock.now()):
        return None
    return user


def _page(request: web.Request, after: str, *, error: str = "", status: int = 200) -> web.Response:
    token = secrets.token_urlsafe(32)
    number = services(request).settings.number
    response = render(
        request,
        "account/code.html",
        status=status,
        error=error,
        token=token,
        next=local_path(after),
        number=number,
    )
    set_cookie(request, response, PRE_COOKIE, token)
    return response
