"""What the page of a draft is told: findings, ways to a person, cards of the picture, how the cases went."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from agent_desk.web.inputs import Input
from db.models import ScriptCase
from db.session import Sessions
from ivr.editing import cases
from ivr.editing.sketch import KINDS, Card, sketch
from ivr.script.check import Report, check_text
from ivr.script.document import TEXT_LIMIT, Document, ScriptRefused, read_plain

PROBLEMS_SHOWN = 200
PATHS_SHOWN = 60
DATA_LEVELS = 4
DATA_PARTS = 400


def _source(value: Any) -> Any:
    """A text of many lines as it is; what YAML and the database cannot hold is refused."""
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if any(char not in "\n\t" and unicodedata.category(char) in ("Cc", "Cs") for char in text):
        raise ValueError("脚本里有看不见的控制字符，请删掉后再试。")
    return text


Source = Annotated[str, BeforeValidator(_source), Field(max_length=TEXT_LIMIT, title="脚本")]


class Text(Input):
    """A script's YAML."""

    text: Source


class ProblemView(BaseModel):
    """A finding; `line` is 0 where none is known."""

    level: str
    message: str
    fix: str
    node: str
    line: int


class PathView(BaseModel):
    """A way to a person: seconds of prompts and of silence, and the keys pressed."""

    nodes: list[str]
    keys: int
    seconds: float
    prompt_s: float
    silence_s: float


class ExitView(BaseModel):
    name: str
    label: str
    to: str
    place: list[str]


class CardView(BaseModel):
    """A node as drawn, with its data as written (every scalar a string)."""

    id: str
    kind: str
    kind_label: str
    line: int
    says: str
    exits: list[ExitView]
    x: int
    y: int
    height: int
    data: dict[str, Any]


class CaseView(BaseModel):
    """A case of the script; `said` is why it failed, "" when it passed or was not walked."""

    id: int
    title: str
    said: str
    walked: bool


class Checked(BaseModel):
    """All that the check says of a text."""

    ok: bool
    name: str
    problems: list[ProblemView]
    more: int
    paths: list[PathView]
    cards: list[CardView] | None
    cases: list[CaseView]
    limit_s: float


async def checked_view(sessions: Sessions, text: str) -> Checked:
    """Check a text and walk the cases of the script of its name."""
    document, report, cards = await asyncio.to_thread(_judge, text)
    name = document.script.name if document else ""
    kept: list[ScriptCase] = []
    if name:
        async with sessions() as session:
            kept = await cases.of_script(session, name)
    walkable = document is not None and not _has_holes(report)
    verdicts = await cases.run_cases(document.script, kept) if document and walkable else []
    said = {verdict.case_id: verdict for verdict in verdicts}
    problems = [
        ProblemView(level=one.level, message=one.message, fix=one.fix, node=one.node, line=one.line)
        for one in report.problems[:PROBLEMS_SHOWN]
    ]
    problems += [
        ProblemView(
            level="error",
            message=f"测试“{one.title}”没有通过：{one.said}",
            fix="请改正脚本，或删除已不适用的测试。",
            node=one.node,
            line=document.line("nodes", one.node) if document and one.node else 0,
        )
        for one in verdicts
        if not one.passed
    ]
    return Checked(
        ok=document is not None and not report.errors and all(one.passed for one in verdicts),
        name=name,
        problems=problems,
        more=max(0, len(report.problems) - PROBLEMS_SHOWN),
        paths=[
            PathView(
                nodes=list(one.nodes),
                keys=len(one.keys),
                seconds=round(one.seconds, 1),
                prompt_s=round(one.prompt_s, 1),
                silence_s=round(one.silence_s, 1),
            )
            for one in report.paths[:PATHS_SHOWN]
        ],
        cards=cards,
        cases=[
            CaseView(id=one.id, title=one.title, said=said[one.id].said if one.id in said else "", walked=walkable)
            for one in kept
        ],
        limit_s=document.script.limits.seconds_to_human if document else 15,
    )


def _has_holes(report: Report) -> bool:
    return any(one.code == "unknown-node" for one in report.problems)


def walkable_script(text: str) -> Document:
    """The script in this text if every exit leads somewhere. Raises ScriptRefused."""
    document, report = check_text(text)
    if document is None or _has_holes(report):
        raise ScriptRefused(report.errors)
    return document


def _judge(text: str) -> tuple[Document | None, Report, list[CardView] | None]:
    document, report = check_text(text)
    try:
        plain = read_plain(text)
    except ScriptRefused:
        return document, report, None
    nodes = plain.data.get("nodes") if isinstance(plain.data, dict) else None
    data = nodes if isinstance(nodes, dict) else {}
    return document, report, [_card(card, data[card.id]) for card in sketch(plain)]


def _card(card: Card, data: dict[str, Any]) -> CardView:
    return CardView(
        id=card.id,
        kind=card.kind,
        kind_label=KINDS.get(card.kind, card.kind or "未写种类"),
        line=card.line,
        says=card.says,
        exits=[ExitView(name=one.name, label=one.label, to=one.to, place=list(one.place)) for one in card.exits],
        x=card.x,
        y=card.y,
        height=card.height,
        data=data,
    )


def field_value(value: Any) -> Any:
    """A node's field as the form sends it: words, lists and mappings of them, not too many. Raises ValueError."""
    parts = 0

    def look(one: Any, level: int) -> None:
        nonlocal parts
        parts += 1
        if level > DATA_LEVELS or parts > DATA_PARTS:
            raise ValueError("填写的内容太多，请在源码里修改。")
        if isinstance(one, dict):
            for name, inner in one.items():
                look(name, level)
                look(inner, level + 1)
        elif isinstance(one, list):
            for inner in one:
                look(inner, level + 1)
        elif not isinstance(one, str) or len(one) > 10_000:
            raise ValueError("填写的内容不对。")
        else:
            _source(one)

    if value is not None:
        look(value, 0)
    return value
