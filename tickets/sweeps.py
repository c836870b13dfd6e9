"""What happens to tickets by time rather than by request: lamps, requests nobody answers, the archive.

Every sweep may run in several processes at once and after any outage: a ticket is locked, and what is to be done
is looked up again under the lock, so that nothing is done twice. One ticket is one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Extension, Supervision, Ticket
from db.session import Sessions
from runtime.bus import Bus
from runtime.clock import Clock
from tickets.actor import SYSTEM
from tickets.clocks.sla import DEFAULT
from tickets.clocks.timing import Timing
from tickets.life import extensions
from tickets.life.act import Act
from tickets.life.late import look_after
from tickets.life.writer import apply
from tickets.life.writing import announce
from tickets.states import State

log = logging.getLogger(__name__)

BATCH = 1000
"""Tickets of one round; what is left waits for the next, half a minute later."""


class TicketSweeps:
    """One in each jobs process."""

    def __init__(
        self, sessions: Sessions, clock: Clock, bus: Bus | None = None, *, profile: str = DEFAULT
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._bus = bus
        self._profile = profile

    async def lamps(self) -> int:
        """Yellow and red of every clock, and the steps against lateness, once each. Returns how many."""
        now = self._clock.now()
        due = select(Ticket.id).where(Ticket.next_lamp_at <= now).order_by(Ticket.next_lamp_at)

        async def work(act: Act) -> int:
            still = act.ticket.next_lamp_at
            return len(await look_after(act)) if still is not None and still <= act.now else 0

        return await self._each(due, work)

    async def lapse_extensions(self) -> int:
        """Requests that nobody answered in time are refused. Returns how many."""
        now = self._clock.now()
        due = select(Extension.ticket_id).where(Extension.state == "SIGNED", Extension.answer_by < now)

        async def work(act: Act) -> int:
            return int(await extensions.lapse(act))

        return await self._each(due.distinct(), work)

    async def archive(self) -> int:
        """Closed long enough and without open supervision: read-only from now on (T25). Returns how many."""
        async with self._sessions() as session:
            timing = await Timing.load(session, self._clock.now(), self._profile)
        before = self._clock.now() - timedelta(days=timing.profile.policy.archive_days)
        watched = select(Supervision.ticket_id).where(Supervision.state.in_(("OPEN", "ANSWERED")))
        due = select(Ticket.id).where(
            Ticket.state == State.CLOSED, Ticket.closed_at <= before, Ticket.id.not_in(watched)
        )

        async def work(act: Act) -> int:
            if act.ticket.state != State.CLOSED:
                return 0
            await apply(act, "T25")
            return 1

        return await self._each(due, work)

    async def _each(self, due: Select[int], work: Callable[[Act], Awaitable[int]]) -> int:
        """`work` on each of these tickets; one that fails is logged and does not keep the others waiting."""
        async with self._sessions() as session:
            ids = list(await session.scalars(due.limit(BATCH)))
        total = 0
        for ticket_id in ids:
            try:
                total += await self._one(ticket_id, work)
            except Exception:
                log.exception("ticket row %d could not be looked after; it is tried again", ticket_id)
        return total

    async def _one(self, ticket_id: int, work: Callable[[Act], Awaitable[int]]) -> int:
        now: datetime = self._clock.now()
        async with self._sessions.begin() as session:
            ticket = await self._locked(session, ticket_id)
            if ticket is None:
                return 0
            timing = await Timing.load(session, now, self._profile)
            count = await work(Act(session, timing, SYSTEM, ticket, now))
        if count and self._bus is not None:
            await announce(self._bus, self._clock, ticket)
        return count

    async def _locked(self, session: AsyncSession, ticket_id: int) -> Ticket | None:
        """The ticket, or None while another process has it: that one does what is to be done."""
        # On SQLite writing takes the lock; on PostgreSQL the row's own lock does, and nobody waits for it.
        if session.get_bind().dialect.name == "sqlite":
            same = update(Ticket).where(Ticket.id == ticket_id).values(version=Ticket.version)
            await session.execute(same.execution_options(synchronize_session=False))
            return await session.get(Ticket, ticket_id, populate_existing=True)
        found: Ticket | None = await session.scalar(
            select(Ticket).where(Ticket.id == ticket_id).with_for_update(skip_locked=True)
        )
        return found
