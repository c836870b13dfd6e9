"""What the page of a draft asks for: the draft itself, its check, changes of nodes, publishing."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.admin.script_pages import changed_words, names_of
from agent_desk.admin.script_views import Checked, Source, Text, checked_view, field_value
from agent_desk.web.access import Logs, allow, identity
from agent_desk.web.answers import answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input, Line, Nothing
from agent_desk.web.limits import ACTS, READS, TYPING
from agent_desk.web.pages import moment
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from db.models import ScriptDraft
from ivr.editing import drafts, node_acts
from ivr.editing.heat import heat
from ivr.editing.publishing import InForceChanged, NothingNew, publish_tested
from ivr.editing.yaml_edit import EditRefused
from ivr.script.document import ScriptRefused
from ivr.script.script import json_schema
from ivr.script.versions import current

routes = web.RouteTableDef()

Name = Annotated[str, Field(max_length=64, title="节点名")]


class Saved(Input):
    """The text, and the version of the draft that it was made from."""

    version: Annotated[int, Field(ge=1, le=1_000_000_000)]
    text: Source


class Change(Input):
    """A change of one node: `to` is the new name of a copy or rename, or where a new node's exits lead."""

    text: Source
    act: Literal["add", "delete", "duplicate", "rename", "set"]
    node: Name
    to: Name = ""
    kind: Annotated[str, Field(max_length=20)] = ""
    path: list[Annotated[str, Field(max_length=64)]] = Field(default_factory=list, max_length=4)
    value: Annotated[Any, BeforeValidator(field_value)] = None


class Publication(Input):
    """The draft's version, the version in force that the publisher saw (0: none), and what is new."""

    version: Annotated[int, Field(ge=1, le=1_000_000_000)]
    in_force: Annotated[int, Field(ge=0, le=1_000_000_000)]
    note: Annotated[Line, Field(max_length=200, title="发布说明")]


class DraftState(BaseModel):
    """The draft as it is now, who changed it last, who else has it open, and what is in force."""

    version: int
    by: str
    mine: bool
    at: datetime
    readers: list[str]
    in_force: int
    in_force_name: str


class DraftText(BaseModel):
    version: int
    text: str


class Edited(BaseModel):
    text: str


class Published(BaseModel):
    """The version that is in force now."""

    id: int
    name: str
    version: int


class Heat(BaseModel):
    entered: int
    hung_up: int
    exits: dict[str, int]


class Heats(BaseModel):
    """What callers of the last seven days did in each node."""

    nodes: dict[str, Heat]


class Schema(BaseModel):
    """The script's JSON Schema, its part of each kind of node."""

    nodes: dict[str, Any]
    parts: dict[str, Any]


def draft_id_of(request: web.Request) -> int:
    """The draft in the path."""
    return int(request.match_info["draft_id"])


async def found_draft(session: AsyncSession, draft_id: int) -> ScriptDraft:
    """The draft. Raises HTTPNotFound."""
    try:
        return await drafts.find(session, draft_id)
    except LookupError:
        raise web.HTTPNotFound(text="这份草稿已被删除。") from None


@routes.get("/api/scripts/schema")
@allow(Permission.EDIT_SCRIPTS, changes=False, limit=READS, logs=Logs.NOTHING, gives=Schema)
async def schema(_: web.Request) -> web.StreamResponse:
    """What each kind of node may hold, for the form."""
    parts = json_schema()["$defs"]
    nodes = {part["properties"]["kind"]["const"]: part for part in parts.values() if _is_node(part)}
    return answered(Schema(nodes=nodes, parts={name: part for name, part in parts.items() if not _is_node(part)}))


def _is_node(part: dict[str, Any]) -> bool:
    return "kind" in part.get("properties", {})


@routes.get(r"/api/scripts/drafts/{draft_id:\d{1,9}}")
@allow(Permission.EDIT_SCRIPTS, changes=False, limit=READS, logs=Logs.NOTHING, gives=DraftText)
async def read(request: web.Request) -> web.StreamResponse:
    """The draft's text as it is now."""
    async with services(request).sessions() as session:
        draft = await found_draft(session, draft_id_of(request))
    return answered(DraftText(version=draft.version, text=draft.yaml))


@routes.post(r"/api/scripts/drafts/{draft_id:\d{1,9}}/open")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=READS, logs=Logs.DRAFT, takes=Nothing, gives=DraftState)
async def open_draft(request: web.Request) -> web.StreamResponse:
    """A page that has the draft open says so every ten seconds, and learns who else has and what changed."""
    desk, who = services(request), identity(request)
    async with desk.sessions.begin() as session:
        draft = await found_draft(session, draft_id_of(request))
        readers = await drafts.seen(session, desk.clock, draft.id, who.user_id)
        names = await names_of(session, {draft.updated_by})
        now = await current(session)
    return answered(
        DraftState(
            version=draft.version,
            by=names.get(draft.updated_by, "—"),
            mine=draft.updated_by == who.user_id,
            at=draft.updated_at,
            readers=[reader.name for reader in readers],
            in_force=now.id if now else 0,
            in_force_name=f"{now.name} 第 {now.version} 版" if now else "",
        )
    )


@routes.post(r"/api/scripts/drafts/{draft_id:\d{1,9}}/save")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=TYPING, logs=Logs.DRAFT, takes=Saved, gives=DraftText)
async def save(request: web.Request) -> web.StreamResponse:
    """Keep the text, unless somebody else changed the draft since."""
    desk, who, wanted = services(request), identity(request), told(request, Saved)
    try:
        async with desk.sessions.begin() as session:
            draft = await drafts.save(
                session, desk.clock, draft_id_of(request), wanted.version, wanted.text, user_id=who.user_id
            )
    except LookupError:
        raise web.HTTPNotFound(text="这份草稿已被删除。") from None
    except drafts.DraftChanged as changed:
        async with desk.sessions() as session:
            by = (await names_of(session, {changed.by})).get(changed.by, "—")
        when = moment(changed.at, "%H:%M:%S")
        raise Refused(f"{by} 在 {when} 改过这份草稿，您的修改没有保存，也没有覆盖对方的。", status=409) from None
    return answered(DraftText(version=draft.version, text=draft.yaml))


@routes.post("/api/scripts/check")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=TYPING, logs=Logs.DRAFT, takes=Text, gives=Checked)
async def check(request: web.Request) -> web.StreamResponse:
    """Everything the check finds in a text, the ways to a person, the picture and the cases."""
    return answered(await checked_view(services(request).sessions, told(request, Text).text))


@routes.post("/api/scripts/edit")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=TYPING, logs=Logs.DRAFT, takes=Change, gives=Edited)
async def edit(request: web.Request) -> web.StreamResponse:
    """The text with one node changed; comments and order stay."""
    wanted = told(request, Change)
    try:
        return answered(Edited(text=await asyncio.to_thread(_changed, wanted)))
    except EditRefused as refused:
        raise Refused(str(refused)) from None


def _changed(wanted: Change) -> str:
    match wanted.act:
        case "add":
            return node_acts.add(wanted.text, wanted.node, wanted.kind, wanted.to)
        case "delete":
            return node_acts.delete(wanted.text, wanted.node)
        case "duplicate":
            return node_acts.duplicate(wanted.text, wanted.node, wanted.to)
        case "rename":
            return node_acts.call(wanted.text, wanted.node, wanted.to)
        case "set":
            if not wanted.path:
                raise EditRefused("没有说明要改哪一项。")
            return node_acts.change(wanted.text, wanted.node, tuple(wanted.path), wanted.value)


@routes.post(r"/api/scripts/drafts/{draft_id:\d{1,9}}/publish")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Publication, gives=Published)
async def publish(request: web.Request) -> web.StreamResponse:
    """Put the draft in force, if its check and all cases pass. Calls on the line keep their version."""
    desk, who, wanted = services(request), identity(request), told(request, Publication)
    if not wanted.note:
        raise Refused("请填写发布说明。", fields={"note": "请填写发布说明。"})
    try:
        async with desk.sessions.begin() as session:
            draft = await found_draft(session, draft_id_of(request))
            if draft.version != wanted.version:
                raise Refused("草稿刚刚被改过，请看过最新内容后再发布。", status=409)
            made = await publish_tested(
                session,
                desk.clock,
                draft.yaml,
                in_force=wanted.in_force or None,
                user_id=who.user_id,
                user_name=who.name,
                note=wanted.note,
            )
            draft.based_on = made.id
    except ScriptRefused as refused:
        count = len(refused.problems)
        raise Refused(f"还有 {count} 个错误，不能发布。{refused.problems[0]}") from None
    except NothingNew:
        raise Refused("内容与正在使用的版本完全相同，不需要发布。") from None
    except InForceChanged as changed:
        raise Refused(await changed_words(request, changed), status=409) from None
    return answered(Published(id=made.id, name=made.name, version=made.version))


@routes.get(r"/api/scripts/heat/{script:[a-z][a-z0-9_-]{0,31}}")
@allow(Permission.EDIT_SCRIPTS, changes=False, limit=READS, logs=Logs.NOTHING, gives=Heats)
async def heat_of(request: web.Request) -> web.StreamResponse:
    """How many callers of the last seven days took each exit or hung up in each node."""
    desk = services(request)
    async with desk.sessions() as session:
        found = await heat(session, desk.clock, request.match_info["script"])
    return answered(
        Heats(
            nodes={
                node: Heat(entered=one.entered, hung_up=one.hung_up, exits=dict(one.exits))
                for node, one in found.items()
            }
        )
    )
