"""Every request is authorised: a handler says whom it is for, and one that says nothing is closed.

The middleware here finds out who asks, checks the permission and, on anything that changes state,
the CSRF token and the request's origin.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar

from aiohttp import hdrs, web

from agent_desk.permissions import Permission
from agent_desk.web_sessions import Identity, WebSessions

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)

COOKIE = "hotline_session"
PRE_COOKIE = "hotline_login"
"""Carries the log-in form's CSRF token, before there is a session."""
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "_csrf"
SAFE_METHODS = frozenset({hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS})

WEB_SESSIONS = web.AppKey("web_sessions", WebSessions)
IDENTITY = web.RequestKey("identity", Identity)

_ALLOWED = "__allowed__"
PUBLIC: frozenset[Permission] = frozenset()


def allow(*permissions: Permission) -> Callable[[H], H]:
    """The handler is for people with any of these permissions; for everybody when none is named."""

    def mark(handler: H) -> H:
        setattr(handler, _ALLOWED, frozenset(permissions))
        return handler

    return mark


def allowed_to(handler: object) -> frozenset[Permission] | None:
    """Whom a handler is for; None when it does not say, which closes it."""
    marked = getattr(handler, _ALLOWED, None)
    return marked if isinstance(marked, frozenset) else None


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


async def _csrf_sent(request: web.Request) -> str:
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and request.content_type in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        sent = str((await request.post()).get(CSRF_FIELD, ""))
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
    wanted = allowed_to(request.match_info.handler)
    if wanted is None:
        raise web.HTTPForbidden(text="此页面没有开放。")
    token = request.cookies.get(COOKIE, "")
    who = await request.config_dict[WEB_SESSIONS].find(token) if token else None
    if who is not None:
        request[IDENTITY] = who
    if wanted == PUBLIC:
        if request.method not in SAFE_METHODS:
            await _check_csrf(request, who.csrf if who else request.cookies.get(PRE_COOKIE, ""))
        return await handler(request)
    if who is None:
        if is_api(request):
            raise web.HTTPUnauthorized(text="登录已失效，请重新登录。")
        raise web.HTTPSeeOther(f"/login?next={request.rel_url.raw_path}" if request.method == "GET" else "/login")
    if request.method not in SAFE_METHODS:
        await _check_csrf(request, who.csrf)
    elif request.headers.get(hdrs.UPGRADE, "").lower() == "websocket" and not same_origin(request):
        raise web.HTTPForbidden(text="来源不符。")
    if not wanted & who.permissions:
        raise web.HTTPForbidden(text="您的账号没有使用此功能的权限，如需开通请联系平台管理员。")
    if who.must_change_password and request.path not in {"/password", "/logout"}:
        if is_api(request):
            raise web.HTTPForbidden(text="请先修改初始密码。")
        raise web.HTTPSeeOther("/password")
    return await handler(request)
