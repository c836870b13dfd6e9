"""The own second factor: whether it is on, setting it up with a QR code, and the recovery codes."""

from __future__ import annotations

from typing import Annotated, Any

import segno
from aiohttp import web
from markupsafe import Markup
from pydantic import Field

from accounts import second_factor
from accounts.errors import Refusal
from agent_desk.account.attempts import try_password
from agent_desk.account.door import totp_key
from agent_desk.live.open_sockets import SOCKETS
from agent_desk.web.access import WEB_SESSIONS, Gives, Logs, allow, identity
from agent_desk.web.inputs import Input, Line, Secret
from agent_desk.web.limits import ACTS, PAGES
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from db.models import User

routes = web.RouteTableDef()


class OwnPassword(Input):
    password: Annotated[Secret, Field(title="密码")] = ""


class FirstCode(Input):
    code: Annotated[Line, Field(max_length=40, title="口令")] = ""


@routes.get("/second-factor")
@allow(Permission.LOGGED_IN, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """Whether the own account has a second factor, and how many recovery codes are left."""
    return await _page(request)


@routes.post("/second-factor")
@allow(Permission.LOGGED_IN, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=OwnPassword, gives=Gives.PAGE)
async def start(request: web.Request) -> web.StreamResponse:
    """Begin to set one up: the secret as QR code and text, once. The password is asked for again."""
    desk, who = services(request), identity(request)
    async with desk.sessions() as session:
        user = await session.get_one(User, who.user_id)
    error = await try_password(
        desk,
        who.user_id,
        user.password_hash,
        told(request, OwnPassword).password,
        wrong="密码不正确。",
        failed="second_factor_failed",
    )
    if error:
        return await _page(request, errors={"password": error}, status=422)
    try:
        async with desk.sessions.begin() as session:
            made = await second_factor.start(
                session, user, totp_key(desk), issuer=f"{desk.settings.number}热线", now=desk.clock.now()
            )
    except Refusal as refusal:
        return await _page(request, errors={"": refusal.message}, status=422)
    drawn = segno.make(made.uri, error="m").svg_inline(scale=4, border=2, svgclass="qr", lineclass=None)
    grouped = " ".join(made.secret[at : at + 4] for at in range(0, len(made.secret), 4))
    return await _page(request, qr=Markup(drawn), secret=grouped, confirming=True)  # noqa: S704 (segno's own SVG)


@routes.post("/second-factor/confirm")
@allow(Permission.LOGGED_IN, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=FirstCode, gives=Gives.PAGE)
async def confirm(request: web.Request) -> web.StreamResponse:
    """The first code: from now on one is asked for at every sign-in. Gives the recovery codes, once."""
    desk, who = services(request), identity(request)
    try:
        async with desk.sessions.begin() as session:
            user = await session.get_one(User, who.user_id)
            codes = await second_factor.confirm(
                session, who.actor, user, totp_key(desk), told(request, FirstCode).code, now=desk.clock.now()
            )
    except Refusal as refusal:
        confirming = refusal.field == "code"
        return await _page(request, errors={refusal.field: refusal.message}, confirming=confirming, status=422)
    # Log-ins that were opened with the password alone are over.
    await request.config_dict[WEB_SESSIONS].close_others(who.user_id, who.token_hash)
    await request.config_dict[SOCKETS].check()
    return await _page(request, codes=codes)


async def _page(
    request: web.Request, *, errors: dict[str, str] | None = None, status: int = 200, **more: Any
) -> web.StreamResponse:
    who = identity(request)
    async with services(request).sessions() as session:
        on = await second_factor.active(session, who.user_id)
        left = await second_factor.recovery_left(session, who.user_id)
    shown: dict[str, Any] = {"qr": "", "secret": "", "confirming": False, "codes": []}
    return render(
        request, "account/second_factor.html", status=status, on=on, left=left, errors=errors or {}, **shown | more
    )
