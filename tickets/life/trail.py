"""The audit trail of a ticket: one row for each step, and the four-eyes check that reads it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Ticket
from tickets.actor import Actor
from tickets.errors import NotAllowed
from tickets.states import ALL, LABELS, SIDES, State, Transition

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


def note_beside(
    session: AsyncSession,
    ticket: Ticket,
    actor: Actor,
    now: datetime,
    action: str,
    reason: str = "",
    **detail: Any,
) -> None:
    """Add the row of an act of `states.BESIDE`: the state stays as it is."""
    session.add(
        AuditEvent(
            at=now,
            object_kind=KIND,
            object_id=str(ticket.id),
            action=action,
            actor_user_id=actor.user_id,
            actor_name=actor.name,
            unit_id=actor.unit_id,
            from_state=ticket.state,
            to_state=ticket.state,
            reason=reason[:500],
            detail=detail,
        )
    )


async def check_four_eyes(
    session: AsyncSession, ticket: Ticket, actor: Actor, action: str, also: frozenset[str] = frozenset()
) -> None:
    """Nobody acts on two sides of a ticket (domain.md 2.3, invariant c); raises `NotAllowed`.

    `also` names further transitions that the same person must not have done.
    """
    side = SIDES.get(action)
    clashing = {ALL[id].action for id in also}
    if side is not None:
        clashing |= {name for name, other in SIDES.items() if other is not side}
    if actor.user_id is None or not clashing:
        return
    done = await session.scalar(
        select(AuditEvent.action)
        .where(
            AuditEvent.object_kind == KIND,
            AuditEvent.object_id == str(ticket.id),
            AuditEvent.actor_user_id == actor.user_id,
            AuditEvent.action.in_(sorted(clashing)),
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    if done is not None:
        raise NotAllowed(f"您已在这张工单上做过“{LABELS[done]}”，不能再由同一人{LABELS[action]}。")


async def audit_of(session: AsyncSession, ticket_id: int) -> list[AuditEvent]:
    """Every step of a ticket, oldest first."""
    rows = await session.scalars(
        select(AuditEvent)
        .where(AuditEvent.object_kind == KIND, AuditEvent.object_id == str(ticket_id))
        .order_by(AuditEvent.id)
    )
    return list(rows)
