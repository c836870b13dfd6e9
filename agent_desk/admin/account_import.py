"""Accounts from an XLSX file: the template, a dry run with a report, and then all rows at once."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Annotated

from aiohttp import hdrs, web
from pydantic import BaseModel, Field
from sqlalchemy import select

from accounts import sheet
from accounts.changes import first_password
from accounts.importing import AUTOMATIC, HEADINGS, Report, import_rows
from agent_desk.admin.account_form import SKILLS
from agent_desk.admin.accounts import ROLE_NAMES
from agent_desk.web.access import XLSX, Gives, Logs, allow, identity
from agent_desk.web.answers import answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input, Line
from agent_desk.web.limits import ACTS, PAGES
from agent_desk.web.pages import render
from agent_desk.web.passwords import hash_password_async
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from db.models import Unit

NO_HASH = "!"
"""In a dry run, whose rows are taken back: a hash that no password has."""

routes = web.RouteTableDef()


class File(Input):
    """`file`: the XLSX file in base64. `checked`: what the dry run of this very file gave; "" for the dry run."""

    file: Annotated[str, Field(min_length=1, max_length=sheet.MAX_BYTES * 4 // 3 + 4, title="文件")]
    name: Annotated[Line, Field(max_length=100, title="文件名")] = ""
    checked: Annotated[str, Field(max_length=64, title="校验结果")] = ""


class BadRow(BaseModel):
    row: int
    why: str


class Account(BaseModel):
    """`password`: the first password, only when the account was really made."""

    row: int
    login: str
    name: str
    seat: str
    password: str = ""


class Imported(BaseModel):
    """`done`: the accounts are made. `checked`: send it back to make them; "" when a row is bad."""

    done: bool
    checked: str
    accounts: list[Account]
    bad: list[BadRow]


class _TakeBack(Exception):
    """Ends the transaction of a dry run, or of a file with a bad row."""


@routes.get("/admin/accounts/import")
@allow(Permission.ADMINISTER, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """Where the file is chosen and the report is shown."""
    return render(request, "admin/account_import.html", rows=sheet.MAX_ROWS, kilobytes=sheet.MAX_BYTES // 1000)


@routes.get("/admin/accounts/template.xlsx")
@allow(Permission.ADMINISTER, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.SHEET)
async def template(request: web.Request) -> web.StreamResponse:
    """An empty sheet with the headings, and a second one with what may be filled in."""
    async with services(request).sessions() as session:
        units = list(await session.scalars(select(Unit.name).where(Unit.active).order_by(Unit.id)))
    explained = [
        ["列", "怎样填写"],
        ["账号", "2 至 32 个字母、数字、点、横线或下划线"],
        ["角色", "可填几个，用顿号隔开：" + "、".join(ROLE_NAMES.values())],
        ["单位", "单位全称，见下"],
        ["分机", f"不填为不分配，“{AUTOMATIC}”为下一个空闲分机，也可填分机号"],
        ["技能", "可填几个，用顿号隔开：" + "、".join(SKILLS.values())],
        *(["单位", name] for name in units),
    ]
    data = await asyncio.to_thread(sheet.write, {"账号": [list(HEADINGS)], "填写说明": explained})
    return web.Response(
        body=data,
        content_type=XLSX,
        headers={hdrs.CONTENT_DISPOSITION: 'attachment; filename="accounts.xlsx"'},
    )


@routes.post("/api/admin/accounts/import")
@allow(Permission.ADMINISTER, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=File, gives=Imported)
async def bring_in(request: web.Request) -> web.StreamResponse:
    """Without `checked` a dry run that changes nothing; with it all accounts of the file, or none."""
    form = told(request, File)
    try:
        data = base64.b64decode(form.file, validate=True)
        rows = await asyncio.to_thread(sheet.read, data, HEADINGS)
    except ValueError:
        raise Refused("文件没有完整上传，请重试。", status=400) from None
    except sheet.NotASheet as fault:
        raise Refused(str(fault)) from None
    if not rows:
        raise Refused("表中没有账号，请从第二行起填写。")
    digest = hashlib.sha256(data).hexdigest()
    if form.checked and form.checked != digest:
        raise Refused("文件与检查过的不同，请重新检查。", status=409)
    really = bool(form.checked)
    words = [first_password() if really else "" for _ in rows]
    hashes = [await hash_password_async(word) if really else NO_HASH for word in words]
    report = await _import(request, rows, hashes, source=form.name or "xlsx", really=really)
    done = really and not report.bad
    password = dict(zip((row.number for row in rows), words, strict=True))
    return answered(
        Imported(
            done=done,
            checked="" if report.bad or done else digest,
            accounts=[
                Account(row=one.row, login=one.login, name=one.name, seat=one.seat, password=password[one.row])
                if done
                else Account(row=one.row, login=one.login, name=one.name, seat=one.seat)
                for one in report.made
            ],
            bad=[BadRow(row=one.row, why=one.why) for one in report.bad],
        )
    )


async def _import(
    request: web.Request, rows: list[sheet.Row], hashes: list[str], *, source: str, really: bool
) -> Report:
    desk = services(request)
    report = Report([], [])
    try:
        async with desk.sessions.begin() as session:
            report = await import_rows(
                session,
                identity(request).actor,
                rows,
                hashes,
                skills={name: queue for queue, name in SKILLS.items()},
                now=desk.clock.now(),
                seats=desk.settings.seats,
                source=source,
            )
            if report.bad or not really:
                raise _TakeBack
    except _TakeBack:
        pass
    return report
