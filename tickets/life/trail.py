"""The audit trail of a ticket: one row for each step, and the four-eyes check that reads it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Ticket
from tickets.actor import Actor
from tickets.errors import NotAllowed
from tickets.states import ACTIONS, State, Transition

KIND = "ticket"


def record(
    session: AsyncSession,
    ticket: Ticket,
    actor: Actor,
    now: datetime,
    transition: Transition,
    came_from: State | None,
    reason: str = "",
    **detail: Any,
) -> None:
    """Add the row of this step; it is committed with the step or not at all."""
    session.add(
        AuditEvent(
            at=now,
            object_kind=KIND,
            object_id=str(ticket.id),
            action=transition.action,
            actor_user_id=actor.user_id,
            actor_name=actor.name,
            unit_id=actor.unit_id,
            from_state=came_from or "",
            to_state=transition.target,
            reason=reason[:500],
            detail={"transition": transition.id, **detail},
        )
    )


async def check_four_eyes(session: AsyncSession, ticket: Ticket, actor: Actor, transition: Transition) -> None:
    """Nobody handles and judges the same ticket (domain.md 2.3, invariant c); raises `NotAllowed`."""
    if actor.user_id is None or not transition.four_eyes:
        return
    clashing = {name: row.label for name, row in ACTIONS.items() if row.id in transition.four_eyes}
    done = await session.scalar(
        select(AuditEvent.action)
        .where(
            AuditEvent.object_kind == KIND,
            AuditEvent.object_id == str(ticket.id),
            AuditEvent.actor_user_id == actor.user_id,
            AuditEvent.action.in_(clashing),
        )
        .limit(1)
    )
    if done is not None:
        raise NotAllowed(f"您已在这张工单上做过“{clashing[done]}”，不能再由同一人{transition.label}。")


async def audit_of(session: AsyncSession, ticket_id: int) -> list[AuditEvent]:
    """Every step of a ticket, oldest first."""
    rows = await session.scalars(
        select(AuditEvent)
        .where(AuditEvent.object_kind == KIND, AuditEvent.object_id == str(ticket_id))
        .order_by(AuditEvent.id)
    )
    return list(rows)
