"""Checking what the house made of a message by itself: the agent's fields replace what the recogniser heard.

Until then the ticket belongs to nobody (`created_by` is empty); whoever checks it has taken it in.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, Category, Ticket
from tickets.fields import TicketFields
from tickets.life.act import Act
from tickets.life.intake import lock_ticket
from tickets.life.steps.opening import Fields
from tickets.life.writer import apply
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


async def check(act: Act, fields: TicketFields, category: Category, call: Call | None) -> None:
    """Put the agent's fields in place; clocks that no longer fit the matter begin anew at the same moment."""
    await apply(act, CHECK.id, Fields(fields, category, call))
