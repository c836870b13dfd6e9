"""The units as a tree of at most four levels (domain.md 6.1), in the order in which people read it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Ticket, Unit, UnitSuccession, User
from tickets.states import OPEN

LEVELS = 4


@dataclass(frozen=True, slots=True)
class Branch:
    """A unit with its level (1 at the top), and what depends on it. `heir`: who took over, of a closed one."""

    unit: Unit
    level: int
    tickets: int
    accounts: int
    heir: str


async def branches(session: AsyncSession) -> list[Branch]:
    """Every unit below its parent, units of one parent by id; closed ones too."""
    units = {unit.id: unit for unit in await session.scalars(select(Unit).order_by(Unit.id))}
    tickets = await session.execute(
        select(Ticket.unit_id, func.count()).where(Ticket.state.in_(sorted(OPEN))).group_by(Ticket.unit_id)
    )
    accounts = await session.execute(select(User.unit_id, func.count()).where(User.active).group_by(User.unit_id))
    heirs = await session.execute(select(UnitSuccession.unit_id, UnitSuccession.successor_id))
    has = {number: count for number, count in tickets.all()}
    holds = {number: count for number, count in accounts.all()}
    after = {number: heir for number, heir in heirs.all()}
    found: list[Branch] = []

    def add(unit: Unit, level: int) -> None:
        heir = units[after[unit.id]].short_name if unit.id in after and not unit.active else ""
        found.append(Branch(unit, level, has.get(unit.id, 0), holds.get(unit.id, 0), heir))
        for child in units.values():
            if child.parent_id == unit.id:
                add(child, level + 1)

    for unit in units.values():
        if unit.parent_id is None:
            add(unit, 1)
    return found


async def parents(session: AsyncSession) -> dict[int, int | None]:
    """{unit: its parent}, of all units."""
    rows = await session.execute(select(Unit.id, Unit.parent_id))
    return {number: parent for number, parent in rows.all()}


def level(of: dict[int, int | None], unit_id: int) -> int:
    """Which level a unit is on, 1 at the top."""
    above, levels = of.get(unit_id), 1
    while above is not None and levels <= len(of):
        above, levels = of.get(above), levels + 1
    return levels


def height(of: dict[int, int | None], unit_id: int) -> int:
    """Levels of the tree below and with this unit."""
    below = [child for child, parent in of.items() if parent == unit_id]
    return 1 + max((height(of, child) for child in below), default=0)


def within(of: dict[int, int | None], unit_id: int, top: int) -> bool:
    """Whether the unit is `top` or somewhere below it."""
    at: int | None = unit_id
    for _ in range(len(of) + 1):
        if at is None or at == top:
            return at == top
        at = of.get(at)
    return False
