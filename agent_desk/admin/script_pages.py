"""The pages of scripts: what is in force, every version, what differs, going back, and drafts to open."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.admin.script_diff import side_by_side
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input, Line, Number
from agent_desk.web.limits import ACTS, PAGES
from agent_desk.web.pages import moment, render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked, told
from agent_desk.web.services import services
from db.models import ScriptVersion, User
from ivr.editing import drafts
from ivr.editing.heat import DAYS, NodeHeat, heat, live_versions
from ivr.editing.publishing import InForceChanged, NothingNew, go_back
from ivr.editing.sketch import exit_label
from ivr.script.document import ScriptRefused
from ivr.script.versions import current, history

VERSIONS_SHOWN = 200
Id = Annotated[Number, Field(ge=1, le=999_999_999)]

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version as the list shows it; `calls` are on the line with it now."""

    id: int
    name: str
    version: int
    in_force: bool
    at: datetime | None
    by: str
    note: str
    calls: int


class Compared(Input):
    """Two versions by id; left out: the one in force, and the one before it."""

    old: Id | None = None
    new: Id | None = None


class GoBack(Input):
    """The version to put in force again, and the one that was in force when the page was made."""

    version: Annotated[Number, Field(ge=1, le=999_999_999, title="版本")]
    in_force: Annotated[Number, Field(ge=0, le=999_999_999, title="正在使用的版本")]


class NewDraft(Input):
    """A draft to begin with this version's text."""

    version: Annotated[Number, Field(ge=1, le=999_999_999, title="版本")]
    title: Annotated[Line, Field(max_length=64, title="草稿名称")] = ""


class Discarded(Input):
    draft: Annotated[Number, Field(ge=1, le=999_999_999, title="草稿")]


async def names_of(session: AsyncSession, ids: set[int | None]) -> dict[int | None, str]:
    """User id -> name."""
    found = await session.execute(select(User.id, User.name).where(User.id.in_([i for i in ids if i])))
    return {user_id: name for user_id, name in found.all()}


@routes.get("/admin/scripts")
@allow(Permission.EDIT_SCRIPTS, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """The version in force, drafts, all versions, and what callers did in the last days."""
    desk = services(request)
    async with desk.sessions() as session:
        now = await current(session)
        versions = await history(session, limit=VERSIONS_SHOWN)
        written = await drafts.all_drafts(session)
        calls = await live_versions(session)
        names = await names_of(
            session, {version.created_by for version in versions} | {draft.updated_by for draft in written}
        )
        counted = await heat(session, desk.clock, now.name) if now else {}
    rows = [
        VersionRow(
            id=version.id,
            name=version.name,
            version=version.version,
            in_force=now is not None and version.id == now.id,
            at=version.published_at,
            by=names.get(version.created_by, "") or "命令行",
            note=version.note,
            calls=calls.get((version.name, version.version), 0),
        )
        for version in versions
    ]
    return render(
        request,
        "admin/scripts.html",
        now=next((row for row in rows if row.in_force), None),
        versions=rows,
        drafts=[(draft, names.get(draft.updated_by, "—")) for draft in written],
        heat=_heat_rows(counted),
        days=DAYS,
    )


def _heat_rows(counted: dict[str, NodeHeat]) -> list[tuple[str, NodeHeat, str]]:
    """Busiest nodes first, with their exits in words."""
    rows = sorted(counted.items(), key=lambda item: -item[1].entered)
    words = {
        node: "，".join(f"{exit_label(name)} {count}" for name, count in found.exits.most_common())
        for node, found in rows
    }
    return [(node, found, words[node]) for node, found in rows]


@routes.get("/admin/scripts/diff")
@allow(Permission.EDIT_SCRIPTS, changes=False, limit=PAGES, logs=Logs.NOTHING, asks=Compared, gives=Gives.PAGE)
async def diff(request: web.Request) -> web.StreamResponse:
    """Two versions side by side."""
    wanted = asked(request, Compared)
    async with services(request).sessions() as session:
        versions = await history(session, limit=VERSIONS_SHOWN)
        now = await current(session)
        new = await _version(session, wanted.new or (now.id if now else None))
        old = await _version(session, wanted.old or next((v.id for v in versions if v.id < new.id), new.id))
    rows = await asyncio.to_thread(side_by_side, old.yaml, new.yaml)
    return render(request, "admin/script_diff.html", old=old, new=new, versions=versions, rows=rows)


async def _version(session: AsyncSession, version_id: int | None) -> ScriptVersion:
    found = await session.get(ScriptVersion, version_id) if version_id else None
    if found is None:
        raise web.HTTPNotFound(text="没有这个脚本版本。")
    return found


@routes.post("/admin/scripts/back")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=GoBack, gives=Gives.PAGE)
async def back(request: web.Request) -> web.StreamResponse:
    """Put an earlier version in force again, at once."""
    desk, who, wanted = services(request), identity(request), told(request, GoBack)
    try:
        async with desk.sessions.begin() as session:
            await go_back(
                session,
                desk.clock,
                wanted.version,
                in_force=wanted.in_force or None,
                user_id=who.user_id,
                user_name=who.name,
            )
    except LookupError:
        raise web.HTTPNotFound(text="没有这个脚本版本。") from None
    except NothingNew:
        raise Refused("这一版的内容与正在使用的完全相同。") from None
    except InForceChanged as changed:
        raise Refused(await changed_words(request, changed), status=409) from None
    except ScriptRefused as refused:
        raise Refused(f"这一版已不符合现在的检查，不能恢复：{refused.problems[0]}") from None
    raise web.HTTPSeeOther("/admin/scripts")


async def changed_words(request: web.Request, changed: InForceChanged) -> str:
    """Who was quicker, in a sentence."""
    if not changed.name:
        return "正在使用的版本已变，请刷新后再试。"
    async with services(request).sessions() as session:
        by = (await names_of(session, {changed.by})).get(changed.by, "") or "命令行"
    return (
        f"{by} 在 {moment(changed.at, '%H:%M:%S')} 刚刚启用了 {changed.name} 第 {changed.version} 版，"
        "您的操作没有执行。请看过差别后再试。"
    )


@routes.post("/admin/scripts/drafts")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=NewDraft, gives=Gives.PAGE)
async def begin(request: web.Request) -> web.StreamResponse:
    """Begin a draft with a version's text."""
    desk, who, wanted = services(request), identity(request), told(request, NewDraft)
    async with desk.sessions.begin() as session:
        version = await _version(session, wanted.version)
        try:
            draft = await drafts.make(
                session,
                desk.clock,
                version.yaml,
                wanted.title or f"{version.name} 第 {version.version} 版之后",
                user_id=who.user_id,
                user_name=who.name,
                based_on=version.id,
            )
        except drafts.TooManyDrafts:
            raise Refused(f"草稿已有 {drafts.DRAFTS_MOST} 份，请先删除不用的。") from None
        draft_id = draft.id
    raise web.HTTPSeeOther(f"/admin/scripts/drafts/{draft_id}")


@routes.post("/admin/scripts/discard")
@allow(Permission.EDIT_SCRIPTS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Discarded, gives=Gives.PAGE)
async def discard(request: web.Request) -> web.StreamResponse:
    """Delete a draft."""
    desk, who = services(request), identity(request)
    try:
        async with desk.sessions.begin() as session:
            await drafts.discard(
                session, desk.clock, told(request, Discarded).draft, user_id=who.user_id, user_name=who.name
            )
    except LookupError:
        raise web.HTTPNotFound(text="没有这份草稿。") from None
    raise web.HTTPSeeOther("/admin/scripts")


@routes.get(r"/admin/scripts/drafts/{draft_id:\d{1,9}}")
@allow(Permission.EDIT_SCRIPTS, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def draft_page(request: web.Request) -> web.StreamResponse:
    """A draft to work on."""
    async with services(request).sessions() as session:
        try:
            draft = await drafts.find(session, int(request.match_info["draft_id"]))
        except LookupError:
            raise web.HTTPNotFound(text="没有这份草稿。") from None
        now = await current(session)
    return render(request, "admin/script_draft.html", draft=draft, now=now)
