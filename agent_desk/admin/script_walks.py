"""Trying a draft in the page: a walk by the paper line, its sentences to hear, and walks kept as tests."""

from __future__ import annotations

import asyncio
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field, ValidationError

from agent_desk.admin.script_drafts import draft_id_of, found_draft
from agent_desk.admin.script_views import Source, walkable_script
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.answers import Done, answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input, Line, Nothing, faults_of
from agent_desk.web.limits import ACTS, TYPING
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked, told
from agent_desk.web.services import services
from agent_desk.web.trail import leave_trace
from ivr.editing import cases
from ivr.editing.cases import CaseRefused, Given
from ivr.editing.sketch import exit_label
from ivr.prompts import Prompts
from ivr.script.document import Document, ScriptRefused
from runtime.errors import UserError

STEPS_SHOWN = 400
MAKING_S = 20.0
"""How long a sentence may take to be spoken before it can be heard."""

routes = web.RouteTableDef()


class Walk(Input):
    """A text and what caller and world do; the fields are checked as `ivr.editing.cases.Given`."""

    text: Source
    inputs: Annotated[str, Field(max_length=400, title="按键")] = ""
    phone: Annotated[str, Field(max_length=15, title="来电号码")] = "13912345678"
    at: Annotated[str, Field(max_length=16, title="时间")] = "2026-11-25T10:00"
    day: Annotated[str, Field(max_length=10, title="工作日")] = "calendar"
    waiting: Annotated[int, Field(ge=0, le=10_000, title="排队人数")] = 0
    calls: Annotated[int, Field(ge=0, le=100, title="近期来电次数")] = 0
    tickets: bool = False


class Kept(Walk):
    """A walk to keep as a test of this title."""

    title: Annotated[Line, Field(max_length=64, title="测试名称")]


class StepView(BaseModel):
    """One thing that happened. `node` is where, `by` the exit it was reached by, `field` what is heard."""

    what: str
    text: str
    node: str = ""
    by: str = ""
    by_label: str = ""
    field: str = ""


class Walked(BaseModel):
    """The walk's steps, what was not used of the inputs, and whether the call is over."""

    steps: list[StepView]
    unused: list[str]
    more: int


class Heard(Input):
    """Which sentence of the draft to hear."""

    node: Annotated[str, Field(max_length=48, pattern=r"^[a-z][a-z0-9_-]{0,47}$")]
    field: Annotated[str, Field(max_length=40, pattern=r"^[a-z_]{1,40}$")]


def _given(walk: Walk) -> Given:
    try:
        return Given.model_validate(walk.model_dump(exclude={"text", "title"}))
    except ValidationError as error:
        faults = faults_of(Given, error)
        raise Refused(faults.message, fields=faults.fields) from None


async def _document(text: str) -> Document:
    try:
        return await asyncio.to_thread(walkable_script, text)
    except ScriptRefused as refused:
        raise Refused(f"脚本还有错误，不能试走：{refused.problems[0]}") from None


@routes.post("/api/scripts/walk")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=TYPING, logs=Logs.DRAFT, takes=Walk, gives=Walked)
async def walk(request: web.Request) -> web.StreamResponse:
    """Walk a text as a caller would, without a telephone."""
    wanted = told(request, Walk)
    script = (await _document(wanted.text)).script
    try:
        line = await cases.walk_given(script, _given(wanted))
    except CaseRefused as refused:
        raise Refused(str(refused)) from None
    fields = {
        prompt: field
        for node_id, node in script.nodes.items()
        for field in node.prompts()
        if (prompt := script.prompt(node_id, field)) is not None
    }
    steps, here = [], ""
    for step in line.steps[:STEPS_SHOWN]:
        here = step.node if step.what == "node" else here
        field = fields.get(step.prompt, "") if step.prompt is not None else ""
        steps.append(
            StepView(
                what=step.what, text=step.text, node=here, by=step.by, by_label=exit_label(step.by), field=field
            )
        )
    return answered(Walked(steps=steps, unused=line.inputs[:50], more=max(0, len(line.steps) - STEPS_SHOWN)))


@routes.post("/api/scripts/cases")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Kept, gives=Done)
async def keep(request: web.Request) -> web.StreamResponse:
    """Keep a walk as a test of the script of this name: it must go on leading through the same nodes."""
    desk, who, wanted = services(request), identity(request), told(request, Kept)
    if not wanted.title:
        raise Refused("请填写测试名称。", fields={"title": "请填写测试名称。"})
    script = (await _document(wanted.text)).script
    given = _given(wanted)
    try:
        async with desk.sessions.begin() as session:
            case = await cases.keep(session, desk.clock, script, wanted.title, given, user_id=who.user_id)
            leave_trace(
                session,
                at=desk.clock.now(),
                object_kind="script_case",
                object_id=f"{script.name}:{case.id}",
                action="case_kept",
                user_id=who.user_id,
                name=who.name,
                unit_id=who.unit_id,
            )
    except CaseRefused as refused:
        raise Refused(str(refused)) from None
    return answered(Done())


@routes.post(r"/api/scripts/cases/{case_id:\d{1,9}}/drop")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Nothing, gives=Done)
async def drop(request: web.Request) -> web.StreamResponse:
    """Delete a test of a script."""
    desk, who, case_id = services(request), identity(request), int(request.match_info["case_id"])
    async with desk.sessions.begin() as session:
        if not await cases.drop(session, case_id):
            raise web.HTTPNotFound(text="没有这条测试。")
        leave_trace(
            session,
            at=desk.clock.now(),
            object_kind="script_case",
            object_id=str(case_id),
            action="case_deleted",
            user_id=who.user_id,
            name=who.name,
            unit_id=who.unit_id,
        )
    return answered(Done())


@routes.get(r"/api/scripts/drafts/{draft_id:\d{1,9}}/sound")
@allow(Permission.EDIT_SCRIPTS, changes=False, limit=ACTS, logs=Logs.NOTHING, asks=Heard, gives=Gives.SOUND)
async def sound(request: web.Request) -> web.StreamResponse:
    """A sentence of the saved draft as callers will hear it; spoken now if it was never said before."""
    desk, wanted = services(request), asked(request, Heard)
    async with desk.sessions() as session:
        draft = await found_draft(session, draft_id_of(request))
    script = (await _document(draft.yaml)).script
    prompt = script.prompt(wanted.node, wanted.field) if wanted.node in script.nodes else None
    if prompt is None:
        raise web.HTTPNotFound(text="草稿里没有这句话，请等草稿保存后再试。")
    try:
        prompts = Prompts(desk.settings)
        try:
            async with asyncio.timeout(MAKING_S):
                path = await prompts.ready(prompt)
        finally:
            await prompts.close()
    except (UserError, OSError, TimeoutError):
        raise web.HTTPNotFound(text="这句话还没有声音，也无法在这台机器上合成。") from None
    return web.FileResponse(path)
