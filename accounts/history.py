"""What the audit trail tells of an account, its sign-ins and who changed it; and who changed a unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.writing import ACCOUNT, UNIT
from db.models import AuditEvent

SIGN_INS = (
    "login", "login_failed", "locked", "second_factor_failed", "recovery_code_used",
)  # fmt: skip
CHANGES = (
    "account_made", "account_edited", "account_locked", "account_unlocked", "account_signed_out", "password_reset",
    "password_changed", "node_set", "second_factor_set", "second_factor_reset",
)  # fmt: skip


UNIT_CHANGES = ("unit_made", "unit_edited", "unit_moved", "unit_closed", "unit_reopened")


@dataclass(frozen=True, slots=True)
class SignIn:
    """`address` is "" in rows older than its being kept."""

    at: datetime
    action: str
    address: str


@dataclass(frozen=True, slots=True)
class Change:
    """`before` and `after` hold only what the change was about."""

    at: datetime
    action: str
    who: str
    reason: str
    before: dict[str, Any]
    after: dict[str, Any]
    version: int


async def sign_ins(session: AsyncSession, user_id: int, limit: int = 20) -> list[SignIn]:
    """The last attempts to sign in, newest first."""
    rows = await _rows(session, user_id, SIGN_INS, limit)
    return [SignIn(row.at, row.action, str(row.detail.get("address", ""))) for row in rows]


async def changes(session: AsyncSession, user_id: int, *, since: int = -1, limit: int = 20) -> list[Change]:
    """The last changes, newest first; with `since` only those that made a version later than that one."""
    rows = [_change(row) for row in await _rows(session, user_id, CHANGES, limit)]
    return [row for row in rows if row.version > since]


async def unit_changes(session: AsyncSession, unit_id: int, *, since: int = -1, limit: int = 20) -> list[Change]:
    """The same of a unit."""
    rows = [_change(row) for row in await _rows(session, unit_id, UNIT_CHANGES, limit, kind=UNIT)]
    return [row for row in rows if row.version > since]


async def _rows(
    session: AsyncSession, object_id: int, actions: tuple[str, ...], limit: int, *, kind: str = ACCOUNT
) -> list[AuditEvent]:
    found = await session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.object_kind == kind,
            AuditEvent.object_id == str(object_id),
            AuditEvent.action.in_(actions),
        )
        .order_by(AuditEvent.id.desc())
        .limit(limit)
    )
    return list(found)


def _change(row: AuditEvent) -> Change:
    before, after = row.detail.get("before"), row.detail.get("after")
    version = row.detail.get("version")
    return Change(
        at=row.at,
        action=row.action,
        who=row.actor_name,
        reason=row.reason,
        before=before if isinstance(before, dict) else {},
        after=after if isinstance(after, dict) else {},
        version=version if isinstance(version, int) else 0,
    )
