"""A unit is closed: another takes over its open tickets as they are, with the clocks that run."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Dispatch, Ticket, TicketClock, Unit
from tickets.actor import Actor
from tickets.life import notices
from tickets.life.intake import lock_ticket
from tickets.life.trail import KIND
from tickets.states import OPEN

ACTION = "unit_succeeded"
LABEL = "承办单位撤并移交"


async def open_tickets(session: AsyncSession, unit_id: int) -> int:
    """How many tickets the unit still has to do with."""
    return await session.scalar(select(func.count()).select_from(Ticket).where(*_open(unit_id))) or 0


async def take_over(session: AsyncSession, actor: Actor, closed: Unit, heir: Unit, now: datetime) -> list[Ticket]:
    """Give every open ticket of `closed` to `heir`; returns them, to be announced after the commit.

    States and due times stay: that an office was renamed or merged gives nobody more time (domain.md 2.4).
    """
    numbers = list(await session.scalars(select(Ticket.id).where(*_open(closed.id)).order_by(Ticket.id)))
    moved = []
    for number in numbers:
        ticket = await lock_ticket(session, number)
        if ticket.unit_id != closed.id or ticket.state not in OPEN:
            continue  # it went elsewhere a moment ago
        await _dispatch_again(session, ticket, actor, closed, heir, now)
        ticket.unit_id = heir.id
        session.add(
            AuditEvent(
                at=now,
                object_kind=KIND,
                object_id=str(ticket.id),
                action=ACTION,
                actor_user_id=actor.user_id,
                actor_name=actor.name,
                unit_id=actor.unit_id,
                from_state=ticket.state,
                to_state=ticket.state,
                reason=f"{closed.name}停用，由{heir.name}继续办理"[:500],
                detail={"before": {"unit_id": closed.id}, "after": {"unit_id": heir.id}},
            )
        )
        moved.append(ticket)
    return moved


def _open(unit_id: int) -> tuple[ColumnElement[bool], ...]:
    return Ticket.unit_id == unit_id, Ticket.state.in_(sorted(OPEN))


async def _dispatch_again(
    session: AsyncSession, ticket: Ticket, actor: Actor, closed: Unit, heir: Unit, now: datetime
) -> None:
    """The running dispatch ends, and the heir's begins: signed if the closed unit had signed."""
    old = await session.scalar(
        select(Dispatch)
        .where(Dispatch.ticket_id == ticket.id, Dispatch.unit_id == closed.id, Dispatch.returned_at.is_(None))
        .order_by(Dispatch.id.desc())
        .limit(1)
    )
    if old is None:
        return
    old.returned_at = now
    session.add(
        Dispatch(
            ticket_id=ticket.id,
            unit_id=heir.id,
            nature=old.nature,
            by_user_id=actor.user_id,
            note=f"{closed.short_name}停用，移交办理"[:200],
            dispatched_at=old.dispatched_at,
            signed_at=old.signed_at,
            signed_by=old.signed_by,
        )
    )
    if old.signed_at is None:
        sign_by = await session.scalar(
            select(TicketClock.due_at)
            .where(TicketClock.ticket_id == ticket.id, TicketClock.name == "sign_by", TicketClock.met_at.is_(None))
            .order_by(TicketClock.id.desc())
            .limit(1)
        )
        notices.tell_unit_to_sign(session, ticket, heir, now, sign_by)
