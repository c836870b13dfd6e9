"""Every request is authorised: a route states whom it is for and what it does; one that states nothing is closed.

The middleware here finds out who asks, checks the permission and, on anything that changes state,
the CSRF token and the request's origin. How often one asks and what a request holds: `requests.py`.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from aiohttp import hdrs, web
from multidict import MultiDictProxy
from pydantic import BaseModel

from agent_desk.web.inputs import Input, Nothing
from agent_desk.web.limits import Limit
from agent_desk.web.permissions import Permission
from agent_desk.web.web_sessions import Identity, WebSessions

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)

COOKIE = "hotline_session"
PRE_COOKIE = "hotline_login"
"""Carries the log-in form's CSRF token, before there is a session."""
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "_csrf"
FORM = "application/x-www-form-urlencoded"
"""No page of ours sends files in a form, so that no other kind is read."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})

WEB_SESSIONS = web.AppKey("web_sessions", WebSessions)
IDENTITY = web.RequestKey("identity", Identity)

ENROLLING = frozenset({"/password", "/logout", "/second-factor", "/second-factor/confirm"})
"""All that an account may reach that must have a second factor and has none."""

_RULE = "__rule__"
PUBLIC: frozenset[Permission] = frozenset()


class Logs(StrEnum):
    """Where it is kept who did what a route does."""

    NOTHING = "nothing"
    """It only reads what the asker may see."""
    AUDIT = "audit"
    """A row of the audit trail."""
    CALL = "call"
    """The call's time line."""
    SEAT = "seat"
    """The seat's log of states."""
    DRAFT = "draft"
    """The draft itself: who typed which field."""
    NOTICE = "notice"
    """The notice itself: who has read it, and when."""


class Gives(StrEnum):
    """What a route answers when it is not JSON of a model."""

    PAGE = "page"
    SOUND = "sound"
    SOCKET = "socket"
    SHEET = "sheet"
    """A table for a spreadsheet program (XLSX)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a route states of itself."""

    permissions: frozenset[Permission]
    changes: bool
    limit: Limit
    logs: Logs
    asks: type[Input]
    takes: type[Input]
    gives: Gives | type[BaseModel]


def allow(
    *permissions: Permission,
    changes: bool,
    limit: Limit,
    logs: Logs,
    gives: Gives | type[BaseModel],
    asks: type[Input] = Nothing,
    takes: type[Input] = Nothing,
) -> Callable[[H], H]:
    """What the route is. It is for people with any of these permissions; for everybody when none is named.

    `changes`: it is more than reading, so CSRF token and origin are checked. `limit`: how often one may ask.
    `logs`: where it is kept who did it. `asks` and `takes`: all that query and body (JSON or form) may hold.
    """
    rule = Rule(
        permissions=frozenset(permissions),
        changes=changes,
        limit=limit,
        logs=logs,
        asks=asks,
        takes=takes,
        gives=gives,
    )

    def mark(handler: H) -> H:
        setattr(handler, _RULE, rule)
        return handler

    return mark


def rule_of(handler: object) -> Rule | None:
    """What a handler states; None when it states nothing, which closes it."""
    rule = getattr(handler, _RULE, None)
    return rule if isinstance(rule, Rule) else None


def identity(request: web.Request) -> Identity:
    """Who is asking (only in handlers that are not public)."""
    return request[IDENTITY]


def is_api(request: web.Request) -> bool:
    """Whether the asker wants JSON, not a page."""
    return request.path.startswith(("/api/", "/ws/"))


def is_static(request: web.Request) -> bool:
    resource = request.match_info.route.resource
    return isinstance(resource, web.StaticResource)


def same_origin(request: web.Request) -> bool:
    """Whether the browser says that the request comes from our own page (or says nothing)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get(hdrs.ORIGIN)
    return origin is None or origin.partition("://")[2] == request.host


async def posted(request: web.Request) -> MultiDictProxy[str | bytes | bytearray | web.FileField]:
    """The form's fields; what is no form is refused."""
    try:
        return await request.post()
    except (ValueError, LookupError, AssertionError, OSError):  # aiohttp's own complaints about broken forms
        raise web.HTTPBadRequest(text="提交的内容无法识别，请返回后重试。") from None


async def _csrf_sent(request: web.Request) -> str:
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and request.content_type == FORM:
        sent = str((await posted(request)).get(CSRF_FIELD, ""))
    return sent or ""


async def _check_csrf(request: web.Request, expected: str) -> None:
    sent = await _csrf_sent(request)
    if not (same_origin(request) and expected and secrets.compare_digest(sent.encode(), expected.encode())):
        raise web.HTTPForbidden(text="页面已过期，请刷新后重试。")


@web.middleware
async def authorise(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who asks and whether they may."""
    if request.match_info.http_exception is not None or is_static(request):
        return await handler(request)
    rule = rule_of(request.match_info.handler)
    if rule is None:
        raise web.HTTPForbidden(text="此页面没有开放。")
    wanted = rule.permissions
    token = request.cookies.get(COOKIE, "")
    who = await request.config_dict[WEB_SESSIONS].find(token) if token else None
    if who is not None:
        request[IDENTITY] = who
    if wanted == PUBLIC:
        if rule.changes:
            await _check_csrf(request, who.csrf if who else request.cookies.get(PRE_COOKIE, ""))
        return await handler(request)
    if who is None:
        if is_api(request):
            raise web.HTTPUnauthorized(text="登录已失效，请重新登录。")
        raise web.HTTPSeeOther(f"/login?next={request.rel_url.raw_path}" if request.method == "GET" else "/login")
    if rule.changes:
        await _check_csrf(request, who.csrf)
    elif request.headers.get(hdrs.UPGRADE, "").lower() == "websocket" and not same_origin(request):
        raise web.HTTPForbidden(text="来源不符。")
    if not wanted & who.permissions:
        raise web.HTTPForbidden(text="您的账号没有使用此功能的权限，如需开通请联系平台管理员。")
    if who.must_change_password and request.path not in {"/password", "/logout"}:
        if is_api(request):
            raise web.HTTPForbidden(text="请先修改初始密码。")
        raise web.HTTPSeeOther("/password")
    if who.must_enrol and not who.must_change_password and request.path not in ENROLLING:
        if is_api(request):
            raise web.HTTPForbidden(text="请先设置动态口令。")
        raise web.HTTPSeeOther("/second-factor")
    return await handler(request)
