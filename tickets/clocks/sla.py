"""Deadline profiles: versioned data (`data/sla.yaml`, `sla_profile` rows) that say which clocks a ticket has."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import SlaProfile
from runtime.yaml_text import read_yaml
from tickets.clocks.policy import Policy
from tickets.clocks.rules import NAMES, ClockRule

FILE = Path(__file__).parent.parent / "data" / "sla.yaml"
DEFAULT = "ZJ2017"


class When(BaseModel):
    """Which tickets a rule is for: every list given must hold the ticket's value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    appeal_type: list[str] | None = None
    category: list[str] | None = None
    urgency: list[str] | None = None
    procedure: list[str] | None = None


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    when: When = When()
    clocks: dict[str, ClockRule | None]


class ProfileData(BaseModel):
    """One profile as written in the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    version: int
    valid_from: date
    name: str
    source: str
    default: bool = False
    rules: list[Rule]
    policy: Policy = Policy()


@dataclass(frozen=True, slots=True)
class Matter:
    """What of a ticket chooses its clocks."""

    appeal_type: str
    category_code: str
    urgency: str
    procedure: str


@dataclass(frozen=True)
class Profile:
    """A profile in force; `row_id` is its row, None when it comes from the file alone."""

    code: str
    version: int
    rules: tuple[Rule, ...]
    row_id: int | None = None
    policy: Policy = field(default_factory=Policy)

    @property
    def stamp(self) -> str:
        """How clocks name the profile that made them."""
        return f"{self.code}-{self.version}"

    def clocks(self, matter: Matter) -> dict[str, ClockRule]:
        """The clocks of such a ticket by name."""
        chosen: dict[str, ClockRule | None] = {}
        for rule in self.rules:
            if _matches(rule.when, matter):
                chosen |= rule.clocks
        return {name: rule for name, rule in chosen.items() if rule is not None}


def _matches(when: When, matter: Matter) -> bool:
    return (
        (when.appeal_type is None or matter.appeal_type in when.appeal_type)
        and (when.urgency is None or matter.urgency in when.urgency)
        and (when.procedure is None or matter.procedure in when.procedure)
        and (when.category is None or any(matter.category_code.startswith(c) for c in when.category))
    )


@cache
def shipped(path: Path = FILE) -> dict[str, ProfileData]:
    """The profiles of the file by code; raises ValueError on an unknown clock."""
    profiles = [ProfileData.model_validate(item) for item in read_yaml(path.read_text("utf-8"))]
    for profile in profiles:
        for rule in profile.rules:
            if unknown := rule.clocks.keys() - NAMES.keys():
                raise ValueError(f"profile {profile.code}: unknown clocks {sorted(unknown)}")
    return {profile.code: profile for profile in profiles}


def shipped_profile(code: str = DEFAULT) -> Profile:
    """A profile of the file with the centre's own clocks under it."""
    data = shipped()
    return Profile(code, data[code].version, (*data["BASE"].rules, *data[code].rules), policy=data[code].policy)


async def seed_profiles(session: AsyncSession) -> int:
    """Write the file's profiles that the table does not hold yet. Returns how many were added."""
    have = {
        (code, version) for code, version in await session.execute(select(SlaProfile.code, SlaProfile.version))
    }
    added = 0
    for code, data in shipped().items():
        if code == "BASE" or (code, data.version) in have:
            continue
        rules: dict[str, Any] = {
            "name": data.name,
            "rules": [rule.model_dump(mode="json") for rule in shipped_profile(code).rules],
            "policy": data.policy.model_dump(mode="json"),
        }
        session.add(SlaProfile(code=code, version=data.version, valid_from=data.valid_from, rules=rules))
        added += 1
    return added


async def load_profile(session: AsyncSession, on: date, code: str = DEFAULT) -> Profile:
    """The newest version of the profile valid on this day; the shipped one where the table has none."""
    row = await session.scalar(
        select(SlaProfile)
        .where(SlaProfile.code == code, SlaProfile.valid_from <= on)
        .order_by(SlaProfile.version.desc())
        .limit(1)
    )
    if row is None:
        return shipped_profile(code)
    return _profile(row)


def _profile(row: SlaProfile) -> Profile:
    rules = tuple(Rule.model_validate(item) for item in row.rules.get("rules", []))
    return Profile(row.code, row.version, rules, row.id, _policy(row))


def _policy(row: SlaProfile) -> Policy:
    """As the row says; rows older than policies have the file's, where it knows that version."""
    if "policy" in row.rules:
        return Policy.model_validate(row.rules["policy"])
    data = shipped().get(row.code)
    return data.policy if data is not None and data.version == row.version else Policy()


async def profile_of(session: AsyncSession, stamp: str) -> Profile | None:
    """The profile that made a clock, by the name it left there; None when it is not kept any longer."""
    code, _, version = stamp.rpartition("-")
    if not version.isdecimal():
        return None
    row = await session.scalar(
        select(SlaProfile).where(SlaProfile.code == code, SlaProfile.version == int(version))
    )
    if row is not None:
        return _profile(row)
    if code in shipped() and shipped()[code].version == int(version):
        return shipped_profile(code)
    return None
