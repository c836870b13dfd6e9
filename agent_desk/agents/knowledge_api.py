"""Knowledge for the desk: search as you type, and an article rendered with raw HTML switched off."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

from aiohttp import web
from markdown_it import MarkdownIt
from pydantic import BaseModel, Field

from agent_desk.web.access import Logs, allow
from agent_desk.web.answers import answered
from agent_desk.web.inputs import Input, Line
from agent_desk.web.limits import READS
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked
from agent_desk.web.services import services
from kb.view import UnknownArticle

SHOWN = 12

_markdown = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable("table").disable("image")

routes = web.RouteTableDef()


def rendered(markdown: str) -> str:
    """HTML of an article's Markdown; HTML inside it is shown as text, pictures are dropped."""
    return str(_markdown.render(markdown))


class Search(Input):
    q: Annotated[Line, Field(max_length=100, title="搜索内容")] = ""


class Found(BaseModel):
    """What was found, best first."""

    query: str
    answers: list[dict[str, Any]]


class ArticleText(BaseModel):
    """An article to read out. `html` is made by us of Markdown; it holds no HTML of the author's."""

    id: str
    title: str
    short_answer: str
    html: str
    owner: str
    basis: list[str]
    valid_until: str
    expired: bool
    version: int


@routes.get("/api/kb/search")
@allow(Permission.READ_KNOWLEDGE, changes=False, limit=READS, logs=Logs.NOTHING, asks=Search, gives=Found)
async def search(request: web.Request) -> web.StreamResponse:
    """Articles that answer these words, at most twelve."""
    query = asked(request, Search).q
    answers = await services(request).kb.search(query, limit=SHOWN)
    return answered(Found(query=query, answers=[asdict(answer) for answer in answers]))


@routes.get("/api/kb/articles/{article_id}")
@allow(Permission.READ_KNOWLEDGE, changes=False, limit=READS, logs=Logs.NOTHING, gives=ArticleText)
async def article(request: web.Request) -> web.StreamResponse:
    """One published article."""
    try:
        found = await services(request).kb.get(request.match_info["article_id"])
    except UnknownArticle:
        raise web.HTTPNotFound(text="这条知识不存在或已撤下。") from None
    text = "\n\n".join(
        f"## {section.name}\n{section.text}" if section.name else section.text for section in found.sections
    )
    return answered(
        ArticleText(
            id=found.id,
            title=found.title,
            short_answer=found.short_answer,
            html=rendered(text),
            owner=found.unit_name or found.owner,
            basis=list(found.basis),
            valid_until=_day(found.valid_until),
            expired=found.expired,
            version=found.version,
        )
    )


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""
