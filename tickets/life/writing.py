"""Writing a ticket: in one transaction, with a number nobody else has, and told to whoever looks at lists."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Ticket
from db.session import Sessions
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import TicketChanged
from tickets.life.numbers import ATTEMPTS

T = TypeVar("T")


async def write(sessions: Sessions, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Run `work` in a transaction; once more when the ticket number was taken in this very second."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            async with sessions.begin() as session:
                return await work(session)
        except IntegrityError as error:
            if "ticket_no" not in str(error.orig) or attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


async def announce(bus: Bus, clock: Clock, ticket: Ticket) -> None:
    """Tell that the ticket is new or has changed."""
    await bus.publish(
        TicketChanged(
            call_id=ticket.call_id or "",
            ticket_id=ticket.id,
            ticket_no=ticket.ticket_no,
            state=ticket.state,
            unit_id=ticket.unit_id,
            at=clock.now(),
        )
    )
