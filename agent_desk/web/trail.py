"""Audit rows of what happens on the desk itself: log-ins, passwords, recordings played."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.web.web_sessions import Identity
from db.models import AuditEvent

ONE_PLAYING = timedelta(minutes=5)
"""A player asks for a recording in pieces: those of one person within so long are one playing."""


async def trace_playing(
    session: AsyncSession, who: Identity, *, at: datetime, object_kind: str, object_id: str
) -> None:
    """Every byte that is given out is covered by a row: one for each playing, whatever part was asked for."""
    traced = await session.scalar(
        select(AuditEvent.id)
        .where(
            AuditEvent.object_kind == object_kind,
            AuditEvent.object_id == object_id,
            AuditEvent.action == "played",
            AuditEvent.actor_user_id == who.user_id,
            AuditEvent.at > at - ONE_PLAYING,
        )
        .limit(1)
    )
    if traced is None:
        leave_trace(
            session,
            at=at,
            object_kind=object_kind,
            object_id=object_id,
            action="played",
            user_id=who.user_id,
            name=who.name,
            unit_id=who.unit_id,
        )


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
