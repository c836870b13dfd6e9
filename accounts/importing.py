"""Accounts from a sheet: all of its rows or none, with a report of each row that cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.changes import NEXT_FREE, Details, make
from accounts.errors import Fault, Refusal
from accounts.roles import ROLES
from accounts.sheet import Row
from accounts.writing import begin
from db.models import Unit
from tickets.actor import Actor
from tickets.permissions import ROLE_NAMES

HEADINGS = ("账号", "姓名", "角色", "单位", "分机", "技能")
AUTOMATIC = "自动"
"""In the column of seats: the next free one."""
_SEPARATORS = re.compile(r"[、,，;；\s]+")
_ROLES = {ROLE_NAMES[role]: role for role in ROLES}


@dataclass(frozen=True, slots=True)
class Made:
    """A row that is or could be an account."""

    row: int
    login: str
    name: str
    seat: str


@dataclass(frozen=True, slots=True)
class Bad:
    """A row that cannot be; `why` is for people."""

    row: int
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    made: list[Made]
    bad: list[Bad]


async def import_rows(
    session: AsyncSession,
    actor: Actor,
    rows: Sequence[Row],
    hashes: Sequence[str],
    *,
    skills: Mapping[str, str],
    now: datetime,
    seats: int,
    source: str,
) -> Report:
    """Make the accounts in the caller's transaction, which must be taken back unless `bad` is empty.

    `hashes`: a password's hash for each row. `skills`: queue by its name. `source` names the file in the trail.
    """
    await begin(session)
    units = await _units(session)
    made: list[Made] = []
    bad: list[Bad] = []
    for row, hashed in zip(rows, hashes, strict=True):
        try:
            if row.fault:
                raise Refusal(Fault.STATE, row.fault)
            login = row.cells[0]
            user = await make(
                session,
                actor,
                login,
                _details(row, units, skills),
                password_hash=hashed,
                now=now,
                seats=seats,
                source=source,
            )
        except Refusal as refusal:
            bad.append(Bad(row.number, refusal.message))
        else:
            made.append(Made(row.number, user.login, user.name, user.extension or ""))
    return Report(made, bad)


async def _units(session: AsyncSession) -> dict[str, list[int]]:
    """Units in use by what people call them: code, name, short name."""
    found: dict[str, list[int]] = {}
    for unit in await session.scalars(select(Unit).where(Unit.active)):
        for name in {unit.code, unit.name, unit.short_name}:
            found.setdefault(name, []).append(unit.id)
    return found


def _details(row: Row, units: Mapping[str, list[int]], skills: Mapping[str, str]) -> Details:
    _, name, roles, unit, seat, skilled = row.cells
    named = units.get(unit, [])
    if not unit or not named:
        raise Refusal(Fault.UNIT, f"没有单位“{unit[:40]}”，请填单位全称。" if unit else "请填写单位。")
    if len(named) > 1:
        raise Refusal(Fault.UNIT, f"“{unit[:40]}”不止一个单位，请填单位全称。")
    return Details(
        name=name,
        roles=_codes(roles, _ROLES, Fault.ROLES, "角色"),
        unit_id=named[0],
        seat=NEXT_FREE if seat == AUTOMATIC else seat,
        skills=_codes(skilled, skills, Fault.SKILLS, "技能"),
    )


def _codes(text: str, known: Mapping[str, str], fault: Fault, what: str) -> frozenset[str]:
    words = [word for word in _SEPARATORS.split(text) if word]
    unknown = [word for word in words if word not in known]
    if unknown:
        raise Refusal(fault, f"没有{what}“{unknown[0][:40]}”。")
    return frozenset(known[word] for word in words)
