"""The audit list: who did what to which object and when. Read-only, and without anything about citizens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.web import words
from agent_desk.web.access import Gives, Logs, allow
from agent_desk.web.inputs import Day, Paged, one_of
from agent_desk.web.inputs import Line as OneLine
from agent_desk.web.limits import PAGES
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked
from agent_desk.web.services import services
from db.models import AuditEvent, Ticket, Unit, User
from runtime.clock import SHANGHAI
from tickets.life import succession
from tickets.states import LABELS, STATE_NAMES, State

PAGE = 50
"""Rows of a page."""

OBJECTS = {
    "account": "账号",
    "unit": "单位",
    "setting": "系统设置",
    "ticket": "工单",
    "recording": "通话录音",
    "voicemail": "留言",
    "callback": "回拨任务",
    "article": "知识条目",
    "script": "语音脚本",
    "script_draft": "脚本草稿",
    "script_case": "脚本测试",
    "demo": "演示数据",
    "calendar": "工作日历",
    "figures": "话务指标",
    "floor": "运行监控",
    "team": "班组",
    "seat": "坐席",
    "call": "通话",
    "notice": "坐席通知",
    "wall": "大屏链接",
}
ACTS = {
    "login": "登录",
    "login_failed": "登录失败",
    "password_change_failed": "修改密码时输错原密码",
    "locked": "连续输错锁定",
    "password_changed": "修改密码",
    "password_reset": "重置密码",
    "account_made": "新建账号",
    "account_edited": "修改账号",
    "account_locked": "停用账号",
    "account_unlocked": "解除锁定",
    "account_signed_out": "强制退出登录",
    "node_set": "指定节点",
    "second_factor_set": "启用动态口令",
    "second_factor_reset": "重置动态口令",
    "second_factor_failed": "动态口令错误",
    "recovery_code_used": "使用恢复码",
    "setting_changed": "修改设置",
    succession.ACTION: succession.LABEL,
    "unit_made": "新建单位",
    "unit_edited": "修改单位",
    "unit_moved": "调整隶属",
    "unit_closed": "停用单位",
    "unit_reopened": "恢复单位",
    "played": "收听",
    "heard": "标记已听",
    "publish": "发布",
    "draft_made": "新建草稿",
    "draft_deleted": "删除草稿",
    "case_kept": "保留测试",
    "case_deleted": "删除测试",
    "validity": "调整有效期",
    "take": "认领回拨",
    "release": "放回",
    "attempt": "回拨未接通",
    "reach": "回拨接通",
    "give_up": "放弃回拨",
    "ticket": "登记留言工单",
    "no_ticket": "留言未建工单",
    "fill_begun": "开始填充",
    "filled": "填充完成",
    "cleared": "清除",
    "enter_days": "录入放假安排",
    "recompute": "重算时限",
    "exported": "导出",
    "limits_set": "设置阈值",
    "forced_ready": "强制示闲",
    "forced_not_ready": "强制示忙",
    "forced_offline": "强制签出",
    "forced_hangup": "强拆通话",
    "notice_given": "发送通知",
    "team_made": "新建班组",
    "team_removed": "删除班组",
    "team_assigned": "调整班组成员",
    "wall_made": "生成大屏链接",
    "wall_revoked": "停用大屏链接",
} | LABELS
STATES = {
    "open": "待回拨",
    "taken": "已认领",
    "done": "已完成",
    "given_up": "已放弃",
    "published": "已发布",
    "expired": "已过期",
}
"""States of what is no ticket."""
SYSTEM = "系统"

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the trail in words. Its reason and detail are left out: they may name citizens."""

    at: datetime
    who: str
    login: str
    unit: str
    act: str
    kind: str
    object: str
    states: str


class Filter(Paged):
    """Who, which act, from which day to which."""

    who: Annotated[OneLine, Field(max_length=40, title="操作人")] = ""
    act: Annotated[str, one_of(ACTS, "请从列表中选择操作。")] = ""
    since: Day | None = None
    until: Day | None = None


@routes.get("/audit")
@allow(Permission.READ_AUDIT, changes=False, limit=PAGES, logs=Logs.NOTHING, asks=Filter, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """Filtered by person, act and day, newest first."""
    wanted = asked(request, Filter)
    who, act, since, until, number = wanted.who, wanted.act, wanted.since, wanted.until, wanted.page
    async with services(request).sessions() as session:
        where = _where(who, act, since, until)
        total = await session.scalar(
            select(func.count())
            .select_from(AuditEvent)
            .outerjoin(User, User.id == AuditEvent.actor_user_id)
            .where(*where)
        )
        found = await session.execute(
            select(AuditEvent, User.name, User.login, Unit.name)
            .outerjoin(User, User.id == AuditEvent.actor_user_id)
            .outerjoin(Unit, Unit.id == AuditEvent.unit_id)
            .where(*where)
            .order_by(AuditEvent.id.desc())
            .limit(PAGE)
            .offset((number - 1) * PAGE)
        )
        rows = [(event, name or "", login or "", unit or "") for event, name, login, unit in found.all()]
        names = await _names(session, [event for event, *_ in rows])
    return render(
        request,
        "admin/audit.html",
        rows=[_line(event, name, login, unit, names) for event, name, login, unit in rows],
        acts=ACTS,
        chosen={
            "who": who,
            "act": act,
            "since": since.isoformat() if since else "",
            "until": until.isoformat() if until else "",
        },
        total=total or 0,
        page=number,
        pages=max(1, -(-(total or 0) // PAGE)),
    )


def _where(who: str, act: str, since: date | None, until: date | None) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if who:
        where.append(
            or_(
                AuditEvent.actor_name.contains(who, autoescape=True),
                User.name.contains(who, autoescape=True),
                User.login.contains(who, autoescape=True),
            )
        )
    if act:
        where.append(AuditEvent.action == act)
    if since:
        where.append(AuditEvent.at >= datetime.combine(since, time(), SHANGHAI))
    if until:
        where.append(AuditEvent.at < datetime.combine(until + timedelta(days=1), time(), SHANGHAI))
    return where


async def _names(session: AsyncSession, events: Iterable[AuditEvent]) -> dict[tuple[str, str], str]:
    """What people call the objects that have a number or name of their own."""
    ids: dict[str, set[int]] = {"account": set(), "ticket": set()}
    for event in events:
        if event.object_kind in ids and event.object_id.isdigit():
            ids[event.object_kind].add(int(event.object_id))
    accounts = await session.execute(select(User.id, User.login).where(User.id.in_(ids["account"])))
    tickets = await session.execute(select(Ticket.id, Ticket.ticket_no).where(Ticket.id.in_(ids["ticket"])))
    named = {("account", str(number)): login for number, login in accounts.all()}
    return named | {("ticket", str(number)): ticket_no for number, ticket_no in tickets.all()}


def _line(event: AuditEvent, name: str, login: str, unit: str, names: dict[tuple[str, str], str]) -> Line:
    return Line(
        at=event.at,
        who=SYSTEM if event.actor_name == "system" else event.actor_name or name or SYSTEM,
        login=login,
        unit=unit,
        act=ACTS.get(event.action, event.action),
        kind=OBJECTS.get(event.object_kind, event.object_kind),
        object=names.get((event.object_kind, event.object_id), event.object_id),
        states=_states(event.from_state, event.to_state),
    )


def _states(before: str, after: str) -> str:
    names = [
        STATE_NAMES[State(state)] if state in words.TICKET_STATES else STATES.get(state, state)
        for state in (before, after)
    ]
    return " → ".join(name for name in names if name) if names[0] != names[1] else names[1]
