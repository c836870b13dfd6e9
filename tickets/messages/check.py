"""Checking what the house made of a message by itself: the agent's fields replace what the recogniser heard.

Until then the ticket belongs to nobody (`created_by` is empty); whoever checks it has taken it in.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, Category, Ticket, Voicemail
from tickets.actor import Actor
from tickets.clocks.sla import Matter
from tickets.clocks.timing import Timing
from tickets.fields import TicketFields
from tickets.life.intake import elements, lock_ticket, procedure_for
from tickets.life.trail import record
from tickets.states import CHECK, State

CHANNEL = "VOICEMAIL"


def is_unchecked(ticket: Ticket) -> bool:
    """Whether this is such a ticket, and still nobody's."""
    return ticket.channel == CHANNEL and ticket.state == State.REGISTERED and ticket.created_by is None


async def unchecked(session: AsyncSession, call_id: str | None) -> Ticket | None:
    """The ticket that was made of this call's message and that nobody has checked yet, locked."""
    if not call_id:
        return None
    found = await session.scalar(
        select(Ticket.id).where(
            Ticket.call_id == call_id,
            Ticket.channel == CHANNEL,
            Ticket.state == State.REGISTERED,
            Ticket.created_by.is_(None),
        )
    )
    if found is None:
        return None
    ticket = await lock_ticket(session, found)
    return ticket if is_unchecked(ticket) else None  # somebody may have been quicker while we waited for the lock


async def check(
    session: AsyncSession,
    ticket: Ticket,
    fields: TicketFields,
    *,
    actor: Actor,
    call: Call | None,
    category: Category,
    timing: Timing,
    now: datetime,
) -> Ticket:
    """Put the agent's fields in place; clocks that no longer fit the matter begin anew at the same moment."""
    before = _matter(ticket)
    for name, value in elements(fields, call.caller if call else "").items():
        setattr(ticket, name, value)
    ticket.procedure = procedure_for(fields, category)
    ticket.created_by = actor.user_id
    if _matter(ticket) != before:
        await timing.stop(ticket, now)
        await timing.submitted(ticket, ticket.submitted_at or now)
    called_back = {"call_back": call.id} if call is not None and call.id != ticket.call_id else {}
    record(session, ticket, actor, now, CHECK, State.REGISTERED, **called_back)
    await session.execute(update(Voicemail).where(Voicemail.ticket_id == ticket.id).values(state="checked"))
    return ticket


def _matter(ticket: Ticket) -> Matter:
    return Matter(ticket.appeal_type, ticket.category_code, ticket.urgency, ticket.procedure)
