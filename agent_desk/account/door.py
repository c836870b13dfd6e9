"""What the steps of signing in share: cookies, where to go afterwards, and the opened log-in."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from aiohttp import web

from accounts.second_factor import KEY
from agent_desk.web.access import COOKIE, PRE_COOKIE, WEB_SESSIONS
from agent_desk.web.client_address import client_address
from agent_desk.web.headers import is_https
from agent_desk.web.lockout import AddressLimit
from agent_desk.web.services import DeskServices, services
from db.models import User
from runtime.secretfile import secret

ADDRESS_LIMIT = web.AppKey("address_limit", AddressLimit)
HALF_COOKIE = "hotline_half"
"""Says whose password was right, until the code is asked for."""
HALF_WAY = timedelta(minutes=5)
"""For how long: somebody looks for the telephone."""


def local_path(value: str) -> str:
    """Where to go after logging in: only a path of ours, never another site.

    Browsers drop tabs and line ends and take a backslash for a slash: none of them belongs in a path of ours.
    """
    if len(value) >= 200 or any(c <= " " or c in "\\\x7f" for c in value):
        return "/"
    try:
        parts = urlsplit(value)
    except ValueError:
        return "/"
    ours = value.startswith("/") and not value.startswith("//") and not parts.scheme and not parts.netloc
    return value if ours else "/"


def set_cookie(request: web.Request, response: web.StreamResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        httponly=True,
        samesite="Lax",
        secure=is_https(request, services(request).settings.public_url),
        path="/",
    )


async def opened(request: web.Request, user_id: int, after: str) -> web.HTTPSeeOther:
    """The log-in is open: its cookie, and on to where the person wanted to go."""
    address = client_address(request, services(request).settings.trusted_proxies)
    token = await request.config_dict[WEB_SESSIONS].open(
        user_id, address=address, agent=request.headers.get("User-Agent", "")
    )
    response = web.HTTPSeeOther(local_path(after))
    set_cookie(request, response, COOKIE, token)
    for cookie in (PRE_COOKIE, HALF_COOKIE):
        response.del_cookie(cookie, path="/")
    return response


def totp_key(desk: DeskServices) -> str:
    """The key of second factors, made at its first use."""
    return secret(desk.settings.secrets_dir, KEY)


def half_way(desk: DeskServices, user: User, now: datetime) -> str:
    """The cookie's value for an account whose password was right now."""
    until = int((now + HALF_WAY).timestamp())
    return f"{user.id}.{until}.{_seal(desk, user, until)}"


def half_way_user_id(value: str) -> int | None:
    """Whose the cookie says it is; to be checked by `is_half_way`."""
    number = value.partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 10 else None


def is_half_way(desk: DeskServices, user: User, value: str, now: datetime) -> bool:
    """Whether this cookie is ours, of this account with its present password, and not too old."""
    parts = value.split(".")
    if len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 12):
        return False
    until = int(parts[1])
    fits = hmac.compare_digest(parts[2].encode(), _seal(desk, user, until).encode())
    return fits and parts[0] == str(user.id) and now.timestamp() < until


def _seal(desk: DeskServices, user: User, until: int) -> str:
    said = f"half way {user.id} {until} {user.password_hash}"
    return hmac.new(totp_key(desk).encode(), said.encode(), hashlib.sha256).hexdigest()
