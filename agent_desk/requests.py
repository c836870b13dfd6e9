"""Reading what a browser sends: bounded JSON objects, numbers within limits, ids of the right shape."""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from agent_desk.errors import Refused
from hotline.callid import is_call_id


async def json_object(request: web.Request) -> dict[str, Any]:
    """The body as a JSON object; anything else is refused."""
    if request.content_type != "application/json":
        raise Refused("请求格式不对。", status=415)
    try:
        body = json.loads(await request.text())
    except (ValueError, UnicodeDecodeError):
        raise Refused("请求格式不对。", status=400) from None
    if not isinstance(body, dict):
        raise Refused("请求格式不对。", status=400)
    return body


def text_of(body: dict[str, Any], name: str, limit: int = 200) -> str:
    """A text field: trimmed, without control characters, at most `limit` characters."""
    value = body.get(name, "")
    if not isinstance(value, str):
        raise Refused("请求格式不对。", status=400)
    return "".join(c for c in value if c.isprintable()).strip()[:limit]


def call_id_of(request: web.Request) -> str:
    """The call id in the path; anything else is "not found"."""
    call_id = request.match_info["call_id"]
    if not is_call_id(call_id):
        raise web.HTTPNotFound
    return call_id


def asked(request: web.Request, name: str, limit: int = 60) -> str:
    """A search word from the address: trimmed, without control characters (PostgreSQL takes no NUL)."""
    return "".join(c for c in request.query.get(name, "") if c.isprintable()).strip()[:limit]


def page_of(request: web.Request) -> int:
    """The page asked for, from 1."""
    page = request.query.get("page", "1")
    return max(1, min(int(page), 10_000)) if page.isascii() and page.isdigit() and len(page) < 6 else 1
