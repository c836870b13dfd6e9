"""Sending a ticket to a unit (T08)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Dispatch, Ticket, Unit
from tickets.actor import Actor
from tickets.clocks.timing import Timing
from tickets.errors import NotFound
from tickets.life import notices
from tickets.life.trail import record
from tickets.states import State, step


async def dispatch(
    session: AsyncSession, timing: Timing, ticket: Ticket, unit: Unit, actor: Actor, now: datetime, note: str
) -> Ticket:
    """Dispatch row, clocks, trail and the liaison's notice; the ticket moves to DISPATCHED."""
    came_from = State(ticket.state)
    row = step("T08", came_from)
    session.add(
        Dispatch(
            ticket_id=ticket.id,
            unit_id=unit.id,
            nature=ticket.nature or "LEAD",
            by_user_id=actor.user_id,
            note=note[:200],
            dispatched_at=now,
        )
    )
    record(session, ticket, actor, now, row, came_from, note, unit_id=unit.id, unit=unit.name)
    ticket.state, ticket.unit_id, ticket.dispatched_at = row.target, unit.id, now
    await timing.meet(ticket, "divert_by", now)
    sign_by = await timing.start(ticket, "sign_by", now)
    notices.tell_unit(session, ticket, unit, now, sign_by.due_at if sign_by else None)
    return ticket


async def running_dispatch(session: AsyncSession, ticket: Ticket) -> Dispatch:
    """The dispatch that waits to be signed; raises `NotFound`."""
    sent = await session.scalar(
        select(Dispatch)
        .where(Dispatch.ticket_id == ticket.id, Dispatch.signed_at.is_(None), Dispatch.returned_at.is_(None))
        .order_by(Dispatch.id.desc())
        .limit(1)
    )
    if sent is None:
        raise NotFound("没有找到待签收的派单记录。")
    return sent
