"""Who acts: a user with roles (domain.md 6.2) and, for handling units, the unit they speak for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A person as the ticket room sees them.

    `jurisdictions` are the ids of the actor's own jurisdiction and all below it; None means every one
    (a site with a single jurisdiction).
    """

    user_id: int | None
    name: str
    roles: frozenset[str]
    unit_id: int | None = None
    jurisdictions: frozenset[int] | None = None


SYSTEM = Actor(user_id=None, name="系统", roles=frozenset({"SYSTEM"}))
"""The house itself: automatic dispatch, clocks, archiving."""

NOBODY = Actor(user_id=None, name="", roles=frozenset())
"""Somebody not known yet: sees only what everybody may."""
