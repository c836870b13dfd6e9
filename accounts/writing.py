"""How changes are written: one at a time, with a version that only grows and the audit row of what changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import false, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, User
from db.turns import Turn, take_turn
from tickets.actor import Actor

ACCOUNT = "account"
UNIT = "unit"
SETTING = "setting"


async def begin(session: AsyncSession) -> None:
    """Wait until nobody else changes accounts or units; they wait until this transaction ends.

    It comes first: what is read afterwards (who is an administrator, which seat is free) holds until the commit.
    """
    await take_turn(session, Turn.ACCOUNTS)
    # SQLite: a statement that writes, even no row, holds the writer's lock from here on.
    await session.execute(
        update(User).where(false()).values(version=User.version).execution_options(synchronize_session=False)
    )


def record(
    session: AsyncSession,
    actor: Actor,
    now: datetime,
    action: str,
    *,
    kind: str,
    object_id: int | str,
    unit_id: int | None = None,
    reason: str = "",
    detail: Mapping[str, Any],
) -> None:
    """The audit row of a change; it is committed with the change or not at all.

    `unit_id`: for an actor without one (the command line), the unit that the object belongs to.
    """
    session.add(
        AuditEvent(
            at=now,
            object_kind=kind,
            object_id=str(object_id),
            action=action,
            actor_user_id=actor.user_id,
            actor_name=actor.name,
            unit_id=actor.unit_id if actor.user_id is not None else unit_id,
            reason=reason,
            detail=dict(detail),
        )
    )


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, as it was and as it is."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in changed}, {name: after[name] for name in changed}
