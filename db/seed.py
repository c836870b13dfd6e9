"""Seed data: the category table, and the demo jurisdiction with its divisions, units and accounts.

Loading is repeatable: rows are found by their code and updated, nothing is deleted and no account's
password is ever changed.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Category, Jurisdiction, Region, Unit, User
from runtime.yaml_text import read_yaml

DATA = Path(__file__).parent / "data"

DEMO_CODE = "421223"
OWN_CODE = "000000"
"""The jurisdiction of an installation that does not load the demo one."""


_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account made at first start; the password is shown once and kept only as a hash."""

    login: str
    name: str
    roles: tuple[str, ...]
    password: str


_ACCOUNTS: tuple[tuple[str, str, tuple[str, ...], str, str | None], ...] = (
    # login, name, roles, unit code, seat
    ("agent1", "王丽", ("AGENT",), "centre", "8001"),
    ("agent2", "李敏", ("AGENT",), "centre", "8002"),
    ("agent3", "张伟", ("AGENT", "LIAISON_110"), "centre", "8003"),
    ("lead", "陈芳", ("SHIFT_LEAD", "AGENT"), "centre", "8004"),
    ("dispatcher", "刘洋", ("DISPATCHER",), "centre", None),
    ("head", "孙涛", ("DISPATCH_HEAD",), "centre", None),
    ("reviewer", "何静", ("REVIEWER",), "centre", None),
    ("followup", "马兰", ("FOLLOWUP",), "centre", None),
    ("petition", "高峰", ("SUPERVISOR_XF",), "centre", None),
    ("urban", "周强", ("UNIT_LIAISON",), "urban", None),
    ("urbanhead", "宋平", ("UNIT_HEAD",), "urban", None),
    ("labour", "吴静", ("UNIT_LIAISON",), "labour", None),
    ("housing", "郑磊", ("UNIT_LIAISON",), "housing", None),
    ("admin", "系统管理员", ("ADMIN",), "centre", None),
)


def _rows(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_yaml((DATA / name).read_text(encoding="utf-8"))
    return rows


async def load_categories(session: AsyncSession) -> int:
    """Load or refresh the category table; returns the number of leaves."""
    rows = _rows("categories.yaml")
    for row in sorted(rows, key=lambda r: len(r["code"])):
        values = {
            "parent_code": row["parent"],
            "name": row["name"],
            "key": row["key"],
            "lead": row["lead"],
            "also": row["also"],
            "procedure": row["procedure"],
            "safety": row["safety"],
        }
        category = await session.get(Category, row["code"])
        if category is None:
            session.add(Category(code=row["code"], **values))
        else:
            for key, value in values.items():
                setattr(category, key, value)
        if row["parent"] is None:
            await session.flush()
    await session.flush()
    return sum(1 for row in rows if row["parent"])


async def load_regions(session: AsyncSession) -> int:
    """Load or refresh the demo gazetteer; returns the number of rows."""
    known = {region.code: region for region in await session.scalars(select(Region))}
    rows = _rows("regions.yaml")
    for row in rows:
        parent = known[row["parent"]] if row["parent"] else None
        full = (parent.full_name if parent else "") + row["name"]
        region = known.get(row["code"])
        if region is None:
            region = Region(code=row["code"], name=row["name"], kind=row["kind"], full_name=full)
            session.add(region)
            known[row["code"]] = region
        region.name, region.kind, region.full_name = row["name"], row["kind"], full
        region.aliases = list(row.get("aliases", []))
        if parent is not None:
            region.parent_id = parent.id
        if row["kind"] in ("province", "city", "county", "town", "township"):
            await session.flush()  # its children need its id
    await session.flush()
    return len(rows)


async def load_units(session: AsyncSession) -> int:
    """Load or refresh the demo jurisdiction and its units; returns the number of units."""
    jurisdiction = await session.scalar(select(Jurisdiction).where(Jurisdiction.code == DEMO_CODE))
    if jurisdiction is None:
        jurisdiction = Jurisdiction(code=DEMO_CODE, name="湖北省咸宁市崇阳县", level=3, is_demo=True)
        session.add(jurisdiction)
        await session.flush()
    known = {unit.code: unit for unit in await session.scalars(select(Unit))}
    regions = {region.code: region.id for region in await session.scalars(select(Region))}
    rows = _rows("units.yaml")
    for row in rows:
        unit = known.get(row["code"])
        if unit is None:
            unit = Unit(code=row["code"], jurisdiction_id=jurisdiction.id)
            session.add(unit)
        elif unit.version > 1:
            continue  # an administrator has changed it: that stays
        unit.name, unit.short_name, unit.kind, unit.phone = row["name"], row["short"], row["kind"], row["phone"]
        unit.aliases = list(row["aliases"])
        unit.region_id = regions.get(row.get("region", ""))
    await session.flush()
    return len(rows)


async def load_accounts(session: AsyncSession, now: datetime) -> list[DemoAccount]:
    """Make the demo accounts that do not exist yet; returns those made, with their random passwords."""
    jurisdiction = await session.scalar(select(Jurisdiction).where(Jurisdiction.code == DEMO_CODE))
    units = {unit.code: unit.id for unit in await session.scalars(select(Unit))}
    known = set(await session.scalars(select(User.login)))
    made: list[DemoAccount] = []
    for login, name, roles, unit, seat in _ACCOUNTS:
        if login in known:
            continue
        password = secrets.token_urlsafe(9)
        session.add(
            User(
                login=login,
                name=name,
                password_hash=_hasher.hash(password),
                roles=list(roles),
                unit_id=units.get(unit),
                jurisdiction_id=jurisdiction.id if jurisdiction else None,
                extension=seat,
                agent_no=seat,
                skills=["common"] if seat else [],
                created_at=now,
            )
        )
        made.append(DemoAccount(login, name, roles, password))
    await session.flush()
    return made


async def load_centre(session: AsyncSession) -> None:
    """Without the demo jurisdiction: the centre itself, to which accounts and what it answers belong."""
    if await session.scalar(select(Unit.id).where(Unit.kind == "CENTRE").limit(1)) is not None:
        return
    jurisdiction = Jurisdiction(code=OWN_CODE, name="本地", level=3)
    session.add(jurisdiction)
    await session.flush()
    session.add(
        Unit(
            code="centre",
            jurisdiction_id=jurisdiction.id,
            name="12345政务服务便民热线中心",
            short_name="热线中心",
            aliases=["热线管理机构", "12345热线"],
            kind="CENTRE",
        )
    )
    await session.flush()


async def load_demo(session: AsyncSession, now: datetime) -> list[DemoAccount]:
    """Everything a first start needs; returns the accounts made now."""
    await load_categories(session)
    await load_regions(session)
    await load_units(session)
    return await load_accounts(session, now)
