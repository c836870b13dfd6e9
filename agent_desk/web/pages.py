"""Rendering: Jinja2 with autoescape, undefined names refused, and the desk's few filters."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from agent_desk.web import words
from agent_desk.web.access import IDENTITY
from agent_desk.web.permissions import Permission, page_at, pages_of
from runtime.clock import local

HERE = Path(__file__).parent.parent
PAGES = web.AppKey("pages", Environment)


def moment(value: datetime | None, form: str = "%m-%d %H:%M") -> str:
    """A moment on the wall clock; "—" when there is none."""
    return local(value).strftime(form) if value else "—"


def make_pages() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters["moment"] = moment
    environment.globals.update(words=words, Permission=Permission, pages_of=pages_of, page_at=page_at)
    return environment


def render(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    """A page. `me` is who asks (None before log-in), `here` the path for the navigation."""
    who = request.get(IDENTITY)
    text = (
        request.config_dict[PAGES]
        .get_template(template)
        .render(me=who, csrf=who.csrf if who else "", here=request.path, **context)
    )
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
