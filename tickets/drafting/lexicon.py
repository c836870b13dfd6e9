"""What the drafter knows of a city: places, units and categories from its tables, phrasings from data files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Category, Region, Unit
from runtime.yaml_text import read_yaml

DATA = Path(__file__).parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Place:
    """A division, street or landmark; `town` is the code of the town it lies in, "" above towns."""

    code: str
    name: str
    full_name: str
    kind: str
    town: str
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UnitEntry:
    id: int
    code: str
    name: str
    short_name: str
    kind: str
    aliases: tuple[str, ...]
    region_code: str


@dataclass(frozen=True, slots=True)
class CategoryEntry:
    """A leaf of the category table with how people speak of it (`data/phrases.yaml`)."""

    code: str
    name: str
    lead: str
    also: tuple[str, ...]
    procedure: str
    safety: bool
    words: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    usual_type: str = ""
    issue: str = ""


@dataclass(frozen=True)
class Lexicon:
    """All word lists of one jurisdiction; build a new one when the tables change."""

    places: tuple[Place, ...] = ()
    units: tuple[UnitEntry, ...] = ()
    categories: tuple[CategoryEntry, ...] = ()
    towns: dict[str, Place] = field(default_factory=dict)

    @classmethod
    async def load(cls, session: AsyncSession) -> Lexicon:
        """From the Region, Unit and Category tables as they are now."""
        regions = list(await session.scalars(select(Region)))
        codes = {region.id: region.code for region in regions}
        units = [
            UnitEntry(
                unit.id,
                unit.code,
                unit.name,
                unit.short_name,
                unit.kind,
                tuple(unit.aliases),
                codes.get(unit.region_id or 0, ""),
            )
            for unit in await session.scalars(select(Unit).where(Unit.active).order_by(Unit.id))
        ]
        leaves = await session.scalars(
            select(Category).where(Category.parent_code.is_not(None)).order_by(Category.code)
        )
        places = _places(regions)
        return cls(
            places=places,
            units=tuple(units),
            categories=tuple(_category(row) for row in leaves),
            towns={place.code: place for place in places if place.kind in ("town", "township", "street_office")},
        )


@cache
def phrases() -> dict[str, dict[str, Any]]:
    """How people speak of each category: {code: {type, issue, words, say}}."""
    file = DATA / "phrases.yaml"
    data: dict[str, dict[str, Any]] = read_yaml(file.read_text(encoding="utf-8")) if file.exists() else {}
    return data


def _category(row: Category) -> CategoryEntry:
    told = phrases().get(row.code, {})
    return CategoryEntry(
        code=row.code,
        name=row.name,
        lead=row.lead,
        also=tuple(row.also),
        procedure=row.procedure,
        safety=row.safety,
        words=tuple(told.get("words", ())),
        says=tuple(told.get("say", ())),
        usual_type=told.get("type", ""),
        issue=told.get("issue", ""),
    )


def _places(regions: Iterable[Region]) -> tuple[Place, ...]:
    rows = list(regions)
    by_id = {region.id: region for region in rows}
    out: list[Place] = []
    for region in rows:
        town, above = "", region
        while above.kind not in ("town", "township", "street_office") and above.parent_id in by_id:
            above = by_id[above.parent_id]
        if above.kind in ("town", "township", "street_office"):
            town = above.code
        spellings = dict.fromkeys([region.name, *region.aliases])
        out.append(Place(region.code, region.name, region.full_name, region.kind, town, tuple(spellings)))
    return tuple(out)
