"""Making, changing, moving and closing units: the one writer. Every change leaves its audit row."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.changes import move_accounts
from accounts.errors import Fault, Refusal
from accounts.tree import LEVELS, height, level, parents, within
from accounts.writing import UNIT, begin, difference, record
from db.models import Ticket, Unit, UnitSuccession, User
from language.phone import normalise
from tickets.actor import Actor
from tickets.life.succession import open_tickets, take_over

KINDS = {
    "CENTRE": "热线中心",
    "DEPARTMENT": "部门",
    "TOWNSHIP": "乡镇街道",
    "UTILITY": "公共服务企业",
    "EMERGENCY": "紧急单位",
    "PARTY": "党委部门",
    "NPC": "人大",
    "CPPCC": "政协",
    "COURT": "法院",
    "PROCURATORATE": "检察院",
    "OTHER": "其他",
}
_CODE = re.compile(r"[a-z][a-z0-9_]{1,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDetails:
    """What an administrator says of a unit."""

    name: str
    short_name: str
    kind: str = "DEPARTMENT"
    phone: str = ""
    duty_hours: str = ""


async def add(
    session: AsyncSession, actor: Actor, code: str, details: UnitDetails, parent_id: int | None, *, now: datetime
) -> Unit:
    """A new unit below another, or at the top. Raises Refusal."""
    await begin(session)
    if not _CODE.fullmatch(code):
        raise Refusal(Fault.NAME, "代码须为 2 至 32 个小写字母、数字或下划线，以字母开头。", "code")
    if await session.scalar(select(Unit.id).where(Unit.code == code)) is not None:
        raise Refusal(Fault.NAME_TAKEN, f"代码 {code} 已经使用，请换一个。", "code")
    await _check(session, details, unit_id=None)
    parent = await _parent(session, parent_id)
    if parent is not None:
        _check_depth(level(await parents(session), parent.id) + 1)
        jurisdiction = parent.jurisdiction_id
    else:
        jurisdiction = await _own_jurisdiction(session)
    unit = Unit(code=code, jurisdiction_id=jurisdiction, parent_id=parent_id, aliases=[], **_columns(details))
    session.add(unit)
    await session.flush()
    _trace(session, actor, now, unit, "unit_made", {}, shown(unit))
    return unit


async def edit(
    session: AsyncSession, actor: Actor, unit_id: int, details: UnitDetails, *, version: int, now: datetime
) -> Unit:
    """Rename a unit, or change its telephone or duty hours. Earlier names stay as aliases: people, the category
    table and articles go on calling it so. Raises Refusal.
    """
    unit = await _taken(session, unit_id, version)
    await _check(session, details, unit_id=unit.id)
    if details.kind != unit.kind and "CENTRE" in (details.kind, unit.kind):
        raise Refusal(Fault.STATE, "热线中心的类别不能改，其他单位也不能改成热线中心。", "kind")
    before = shown(unit)
    aliases = [*unit.aliases]
    for old in (unit.name, unit.short_name):
        if old not in (details.name, details.short_name, *aliases):
            aliases.append(old)
    unit.name, unit.short_name, unit.kind = details.name, details.short_name, details.kind
    unit.phone, unit.duty_hours = details.phone, details.duty_hours
    unit.aliases = [name for name in aliases if name not in (unit.name, unit.short_name)]
    was, becomes = difference(before, shown(unit))
    if becomes:
        unit.version += 1
        _trace(session, actor, now, unit, "unit_edited", was, becomes)
    return unit


async def move(
    session: AsyncSession, actor: Actor, unit_id: int, parent_id: int | None, *, version: int, now: datetime
) -> Unit:
    """Put a unit with all below it elsewhere in the tree. Raises Refusal."""
    unit = await _taken(session, unit_id, version)
    if unit.parent_id == parent_id:
        raise Refusal(Fault.STATE, "单位已在这个上级之下。", "parent_id")
    parent = await _parent(session, parent_id)
    tree = await parents(session)
    if parent is not None:
        if within(tree, parent.id, unit.id):
            raise Refusal(Fault.TREE, f"{parent.short_name}是本单位或其下级，不能作上级。", "parent_id")
        if parent.jurisdiction_id != unit.jurisdiction_id:
            raise Refusal(Fault.TREE, "两个单位不属于同一个热线平台，不能互为上下级。", "parent_id")
        _check_depth(level(tree, parent.id) + height(tree, unit.id))
    before, unit.parent_id = unit.parent_id, parent_id
    unit.version += 1
    _trace(session, actor, now, unit, "unit_moved", {"parent_id": before}, {"parent_id": parent_id})
    return unit


async def close(
    session: AsyncSession, actor: Actor, unit_id: int, successor_id: int | None, *, version: int, now: datetime
) -> list[Ticket]:
    """Nothing is dispatched to the unit any more; a successor takes over its open tickets, accounts and names.

    Returns the tickets that changed hands, to be announced after the commit. Raises Refusal.
    """
    unit = await _taken(session, unit_id, version)
    if not unit.active:
        raise Refusal(Fault.STATE, "单位已经停用。")
    if unit.kind == "CENTRE":
        raise Refusal(Fault.STATE, "热线中心不能停用。")
    below = await session.scalar(select(func.count()).where(Unit.parent_id == unit.id, Unit.active)) or 0
    if below:
        raise Refusal(Fault.IN_USE, f"还有 {below} 个下级单位，请先调整它们的隶属或将其停用。")
    heir = await _heir(session, unit, successor_id) if successor_id is not None else None
    tickets = await open_tickets(session, unit.id)
    accounts = await session.scalar(select(func.count()).where(User.unit_id == unit.id, User.active)) or 0
    if heir is None and (tickets or accounts):
        has = "、".join(
            f"{count} {what}" for count, what in ((tickets, "件未办结工单"), (accounts, "个账号")) if count
        )
        raise Refusal(Fault.IN_USE, f"{unit.short_name}还有{has}，请选择接续单位。", "successor_id")
    moved: list[Ticket] = []
    unit.active = False
    unit.version += 1
    if heir is not None:
        moved = await take_over(session, actor, unit, heir, now)
        await move_accounts(session, actor, unit.id, heir, now=now)
        names = (unit.name, unit.short_name, *unit.aliases)
        known = {heir.name, heir.short_name, *heir.aliases}
        added = [name for name in dict.fromkeys(names) if name not in known]
        if added:
            was = list(heir.aliases)
            heir.aliases = [*was, *added]
            heir.version += 1
            _trace(session, actor, now, heir, "unit_edited", {"aliases": was}, {"aliases": heir.aliases})
        session.add(UnitSuccession(unit_id=unit.id, successor_id=heir.id, at=now))
    after = {"active": False, "successor_id": successor_id, "tickets": len(moved), "accounts": accounts}
    _trace(session, actor, now, unit, "unit_closed", {"active": True}, after)
    return moved


async def reopen(session: AsyncSession, actor: Actor, unit_id: int, *, version: int, now: datetime) -> Unit:
    """Take a closed unit into use again. What its successor took over stays there, but its names come back."""
    unit = await _taken(session, unit_id, version)
    if unit.active:
        raise Refusal(Fault.STATE, "单位没有停用。")
    await _check(session, _details(unit), unit_id=unit.id)
    await _parent(session, unit.parent_id)
    succession = await session.get(UnitSuccession, unit.id)
    if succession is not None:
        heir = await session.get_one(Unit, succession.successor_id)
        names = {unit.name, unit.short_name, *unit.aliases}
        left = [name for name in heir.aliases if name not in names]
        if left != heir.aliases:
            was, heir.aliases = list(heir.aliases), left
            heir.version += 1
            _trace(session, actor, now, heir, "unit_edited", {"aliases": was}, {"aliases": left})
        await session.execute(delete(UnitSuccession).where(UnitSuccession.unit_id == unit.id))
    unit.active = True
    unit.version += 1
    _trace(session, actor, now, unit, "unit_reopened", {"active": False}, {"active": True})
    return unit


def shown(unit: Unit) -> dict[str, Any]:
    """What the audit trail keeps of a unit."""
    kept = _columns(_details(unit))
    return {**kept, "parent_id": unit.parent_id, "aliases": list(unit.aliases)}


# -- checks ----------------------------------------------------------------------------------------
async def _taken(session: AsyncSession, unit_id: int, version: int) -> Unit:
    await begin(session)
    unit = await session.get(Unit, unit_id, populate_existing=True, with_for_update=True)
    if unit is None:
        raise Refusal(Fault.UNKNOWN, "没有这个单位。")
    if unit.version != version:
        raise Refusal(Fault.CHANGED, "这个单位刚刚被其他管理员修改过，您的修改没有保存。")
    return unit


async def _check(session: AsyncSession, details: UnitDetails, *, unit_id: int | None) -> None:
    for field, text, longest, what in (
        ("name", details.name, 64, "单位名称"),
        ("short_name", details.short_name, 32, "简称"),
    ):
        if not 0 < len(text) <= longest:
            raise Refusal(Fault.NAME, f"请填写{what}，最多 {longest} 个字。", field)
    if details.kind not in KINDS:
        raise Refusal(Fault.STATE, "请从列表中选择类别。", "kind")
    if unit_id is None and details.kind == "CENTRE":
        raise Refusal(Fault.STATE, "一个平台只有一个热线中心。", "kind")
    kept = await session.get(Unit, unit_id) if unit_id is not None else None
    known = kept.phone if kept is not None else ""
    if details.phone not in ("", known) and not normalise(details.phone).digits:
        raise Refusal(Fault.NAME, "值班电话填写的内容不对。", "phone")
    if len(details.phone) > 32:
        raise Refusal(Fault.NAME, "值班电话最多 32 个字。", "phone")
    if len(details.duty_hours) > 64:
        raise Refusal(Fault.NAME, "值班时间最多 64 个字。", "duty_hours")
    other = Unit.id != unit_id if unit_id is not None else Unit.id.is_not(None)
    names = (details.name, details.short_name)
    taken = await session.scalar(
        select(Unit).where(Unit.active, other, or_(Unit.name.in_(names), Unit.short_name.in_(names))).limit(1)
    )
    if taken is not None:
        field = "name" if details.name in (taken.name, taken.short_name) else "short_name"
        raise Refusal(Fault.NAME_TAKEN, f"与{taken.name}（{taken.short_name}）重名，请换一个。", field)


async def _parent(session: AsyncSession, parent_id: int | None) -> Unit | None:
    if parent_id is None:
        return None
    parent = await session.get(Unit, parent_id)
    if parent is None or not parent.active:
        raise Refusal(Fault.TREE, "没有这个上级单位，或已停用。", "parent_id")
    return parent


def _check_depth(levels: int) -> None:
    if levels > LEVELS:
        raise Refusal(Fault.TREE, f"单位最多 {LEVELS} 级。", "parent_id")


async def _heir(session: AsyncSession, unit: Unit, successor_id: int) -> Unit:
    heir = await session.get(Unit, successor_id, populate_existing=True)
    if heir is None or not heir.active or heir.id == unit.id:
        raise Refusal(Fault.UNIT, "没有这个接续单位，或已停用。", "successor_id")
    if heir.kind in ("EMERGENCY", "CENTRE") or heir.jurisdiction_id != unit.jurisdiction_id:
        raise Refusal(Fault.UNIT, f"{heir.short_name}不能接续办理工单，请选择同一平台的承办单位。", "successor_id")
    return heir


async def _own_jurisdiction(session: AsyncSession) -> int:
    """Of a unit at the top: the centre's."""
    found = select(Unit.jurisdiction_id).where(Unit.kind == "CENTRE").order_by(Unit.id).limit(1)
    number = await session.scalar(found)
    if number is None:
        raise Refusal(Fault.TREE, "还没有热线中心，请先完成初始化。")
    return number


def _details(unit: Unit) -> UnitDetails:
    return UnitDetails(
        name=unit.name, short_name=unit.short_name, kind=unit.kind, phone=unit.phone, duty_hours=unit.duty_hours
    )


def _columns(details: UnitDetails) -> dict[str, Any]:
    return {
        "name": details.name,
        "short_name": details.short_name,
        "kind": details.kind,
        "phone": details.phone,
        "duty_hours": details.duty_hours,
    }


def _trace(
    session: AsyncSession,
    actor: Actor,
    now: datetime,
    unit: Unit,
    action: str,
    before: dict[str, Any],
    after: dict[str, Any],
) -> None:
    detail = {"code": unit.code, "version": unit.version or 1, "before": before, "after": after}
    record(session, actor, now, action, kind=UNIT, object_id=unit.id, unit_id=unit.id, detail=detail)
