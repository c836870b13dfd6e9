"""Clock rows of a ticket: started and met as its steps happen (domain.md 2.4)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Ticket, TicketClock
from runtime.clock import local
from tickets.clocks.calendar import WorkCalendar, load_calendar
from tickets.clocks.rules import due
from tickets.clocks.sla import DEFAULT, Matter, Profile, load_profile, profile_of

ON_SUBMIT = ("transfer_by", "inform_by", "close_by")


class Timing:
    """The calendar and the profile in force for one transaction."""

    def __init__(self, session: AsyncSession, calendar: WorkCalendar, profile: Profile) -> None:
        self._session = session
        self._calendar = calendar
        self.profile = profile

    @classmethod
    async def load(cls, session: AsyncSession, now: datetime, profile_code: str = DEFAULT) -> Timing:
        return cls(
            session,
            await load_calendar(session),
            await load_profile(session, local(now).date(), profile_code),
        )

    async def start(self, ticket: Ticket, name: str, at: datetime) -> TicketClock | None:
        """Start a clock of this ticket, if its profile has it; a second start is a new round."""
        rule = self.profile.clocks(_matter(ticket)).get(name)
        if rule is None:
            return None
        rounds = await self._session.scalar(
            select(func.max(TicketClock.round)).where(TicketClock.ticket_id == ticket.id, TicketClock.name == name)
        )
        moments = due(rule, at, self._calendar)
        clock = TicketClock(
            ticket_id=ticket.id,
            name=name,
            round=(rounds or 0) + 1,
            started_at=at,
            warn_at=moments.warn_at,
            due_at=moments.due_at,
            profile_version=self.profile.stamp,
            provisional=moments.provisional,
        )
        self._session.add(clock)
        return clock

    async def submitted(self, ticket: Ticket, at: datetime) -> None:
        """All clocks that a submission starts; the diversion clock counts from the call."""
        await self.start(ticket, "divert_by", ticket.received_at)
        for name in ON_SUBMIT:
            await self.start(ticket, name, at)

    async def meet(self, ticket: Ticket, name: str, at: datetime) -> None:
        """The running clock of this name has got what it waited for."""
        running = await self._session.scalars(
            select(TicketClock).where(
                TicketClock.ticket_id == ticket.id,
                TicketClock.name == name,
                TicketClock.met_at.is_(None),
                TicketClock.stopped_at.is_(None),
            )
        )
        for clock in running:
            clock.met_at = at

    async def stop(self, ticket: Ticket, at: datetime) -> None:
        """Nothing of this ticket runs any longer."""
        await self._session.execute(
            update(TicketClock)
            .where(
                TicketClock.ticket_id == ticket.id, TicketClock.met_at.is_(None), TicketClock.stopped_at.is_(None)
            )
            .values(stopped_at=at)
        )


def _matter(ticket: Ticket) -> Matter:
    return Matter(ticket.appeal_type, ticket.category_code, ticket.urgency, ticket.procedure)


async def reckon_provisional(session: AsyncSession) -> int:
    """Reckon the running clocks anew whose due time was provisional, by the calendar as it is now.

    Each keeps the profile it began with. Returns how many are known now.
    """
    calendar = await load_calendar(session)
    rows = await session.execute(
        select(TicketClock, Ticket)
        .join(Ticket, Ticket.id == TicketClock.ticket_id)
        .where(TicketClock.provisional, TicketClock.met_at.is_(None), TicketClock.stopped_at.is_(None))
    )
    profiles: dict[str, Profile | None] = {}
    known = 0
    for clock, ticket in rows.all():
        stamp = clock.profile_version
        if stamp not in profiles:
            profiles[stamp] = await profile_of(session, stamp)
        profile = profiles[stamp]
        rule = profile.clocks(_matter(ticket)).get(clock.name) if profile else None
        if rule is None:
            continue
        moments = due(rule, clock.started_at, calendar)
        clock.warn_at, clock.due_at, clock.provisional = moments.warn_at, moments.due_at, moments.provisional
        known += not moments.provisional
    return known
