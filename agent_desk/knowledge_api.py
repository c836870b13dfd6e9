"""Knowledge for the desk: search as you type, and an article rendered with raw HTML switched off."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from aiohttp import web
from markdown_it import MarkdownIt

from agent_desk.access import allow
from agent_desk.permissions import Permission
from agent_desk.services import services
from kb.view import UnknownArticle

QUERY_LIMIT = 100
SHOWN = 12

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")

routes = web.RouteTableDef()


def rendered(markdown: str) -> str:
    """HTML of an article's Markdown; HTML inside it is shown as text, pictures are dropped."""
    return str(_markdown.render(markdown))


@routes.get("/api/kb/search")
@allow(Permission.READ_KNOWLEDGE)
async def search(request: web.Request) -> web.StreamResponse:
    query = request.query.get("q", "").strip()[:QUERY_LIMIT]
    answers = await services(request).kb.search(query, limit=SHOWN)
    return web.json_response({"query": query, "answers": [asdict(answer) for answer in answers]})


@routes.get("/api/kb/articles/{article_id}")
@allow(Permission.READ_KNOWLEDGE)
async def article(request: web.Request) -> web.StreamResponse:
    try:
        found = await services(request).kb.get(request.match_info["article_id"])
    except UnknownArticle:
        raise web.HTTPNotFound(text="这条知识不存在或已撤下。") from None
    text = "\n\n".join(
        f"## {section.name}\n{section.text}" if section.name else section.text for section in found.sections
    )
    return web.json_response(
        {
            "id": found.id,
            "title": found.title,
            "short_answer": found.short_answer,
            "html": rendered(text),
            "owner": found.unit_name or found.owner,
            "basis": list(found.basis),
            "valid_until": _day(found.valid_until),
            "expired": found.expired,
            "version": found.version,
        }
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
