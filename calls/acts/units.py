"""Whom an agent may be put through to: a unit's own number comes from the database, never from a browser."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from calls.acts.client import ControlRefused
from db.models.organisation import Unit
from language.phone import normalise

EMERGENCY_NUMBERS = frozenset({"110", "119", "120", "122"})


@dataclass(frozen=True, slots=True)
class CalledUnit:
    """A unit's duty desk; `number` is digits only."""

    id: int
    name: str
    number: str


async def called_unit(session: AsyncSession, unit_id: object) -> CalledUnit:
    """The unit to ring. Raises ControlRefused where there is none, or where only a hand-off will do."""
    unit = await session.get(Unit, unit_id) if isinstance(unit_id, int) and not isinstance(unit_id, bool) else None
    if unit is None or not unit.active:
        raise ControlRefused("没有这个单位，或该单位已停用，请重新选择。")
    number = normalise(unit.phone).digits
    if unit.kind == "EMERGENCY" or number in EMERGENCY_NUMBERS:
        # A hand-off tells number and place, counts, and never lets the citizen go before it is answered.
        raise ControlRefused(f"{unit.short_name}属于紧急单位，请用“移交”办理。")
    if not number:
        raise ControlRefused(f"{unit.short_name}没有登记可以接通的电话号码。")
    return CalledUnit(unit.id, unit.short_name, number)
