"""Audit rows of what happens on the desk itself: log-ins, passwords, recordings played."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent


def leave_trace(
    session: AsyncSession,
    *,
    at: datetime,
    object_kind: str,
    object_id: str,
    action: str,
    user_id: int | None = None,
    name: str = "",
    unit_id: int | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Add one append-only audit row to the caller's transaction."""
    session.add(
        AuditEvent(
            at=at,
            object_kind=object_kind,
            object_id=object_id,
            action=action,
            actor_user_id=user_id,
            actor_name=name,
            unit_id=unit_id,
            reason=reason,
            detail=detail or {},
        )
    )
