"""Clock rows of a ticket: what happens to them is appended as events, what they show is reckoned from those."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Ticket, TicketClock, TicketClockEvent
from runtime.clock import local
from tickets.clocks.calendar import WorkCalendar, load_calendar
from tickets.clocks.lamps import next_change, shown
from tickets.clocks.reckoning import ClockEvent, Kind, Reckoned, reckon
from tickets.clocks.rules import ClockRule
from tickets.clocks.sla import DEFAULT, Matter, Profile, load_profile, profile_of

ON_SUBMIT = ("transfer_by", "inform_by", "close_by")


class Timing:
    """The calendar and the profile in force for one transaction."""

    def __init__(
        self, session: AsyncSession, calendar: WorkCalendar, profile: Profile, by_user_id: int | None = None
    ) -> None:
        self._session = session
        self.calendar = calendar
        self.profile = profile
        self.by_user_id = by_user_id

    @classmethod
    async def load(
        cls, session: AsyncSession, now: datetime, profile_code: str = DEFAULT, by_user_id: int | None = None
    ) -> Timing:
        return cls(
            session,
            await load_calendar(session),
            await load_profile(session, local(now).date(), profile_code),
            by_user_id,
        )

    async def start(
        self, ticket: Ticket, name: str, at: datetime, rule: ClockRule | None = None
    ) -> TicketClock | None:
        """Start a clock of this ticket, by this rule or by its profile's if it has one; again is a new round."""
        rule = rule or self.rule(ticket, name)
        if rule is None:
            return None
        rounds = await self._session.scalar(
            select(func.max(TicketClock.round)).where(TicketClock.ticket_id == ticket.id, TicketClock.name == name)
        )
        kind = Kind.RESTART if rounds else Kind.START
        number = (rounds or 0) + 1
        shows = reckon(rule, [ClockEvent(kind, at)], self.calendar)
        clock = TicketClock(
            ticket_id=ticket.id,
            name=name,
            round=number,
            started_at=at,
            warn_at=shows.warn_at,
            due_at=shows.due_at,
            profile_version=self.profile.stamp,
            provisional=shows.provisional,
        )
        self._session.add(clock)
        self._append(ticket, name, number, kind, at, rule=rule)
        await self._session.flush()
        await self.look(ticket, at)
        return clock

    async def submitted(self, ticket: Ticket, at: datetime, close_rule: ClockRule | None = None) -> None:
        """All clocks that a submission starts; the diversion clock counts from the call."""
        await self.start(ticket, "divert_by", ticket.received_at)
        for name in ON_SUBMIT:
            await self.start(ticket, name, at, close_rule if name == "close_by" else None)

    def rule(self, ticket: Ticket, name: str) -> ClockRule | None:
        """By what rule such a clock of this ticket would run now; None when its profile has none."""
        return self.profile.clocks(matter_of(ticket)).get(name)

    async def running(self, ticket: Ticket, name: str | None = None) -> list[TicketClock]:
        """Clocks that are neither met nor stopped, paused ones too."""
        query = select(TicketClock).where(
            TicketClock.ticket_id == ticket.id, TicketClock.met_at.is_(None), TicketClock.stopped_at.is_(None)
        )
        if name is not None:
            query = query.where(TicketClock.name == name)
        return list(await self._session.scalars(query.order_by(TicketClock.id)))

    async def happen(self, ticket: Ticket, name: str, kind: Kind, at: datetime, amount: float = 0) -> bool:
        """Tell the running clock of this name (for UNMEET: the last one); False when there is none to be told."""
        if kind is Kind.UNMEET:
            last = await self._session.scalar(
                select(TicketClock)
                .where(TicketClock.ticket_id == ticket.id, TicketClock.name == name)
                .order_by(TicketClock.round.desc())
                .limit(1)
            )
            clocks = [last] if last is not None and last.met_at is not None else []
        else:
            clocks = await self.running(ticket, name)
            if kind in (Kind.RESUME, Kind.ANNUL):
                clocks = [clock for clock in clocks if clock.paused_at is not None]
            elif kind is Kind.PAUSE:
                clocks = [clock for clock in clocks if clock.paused_at is None]
        for clock in clocks:
            self._append(ticket, name, clock.round, kind, at, amount)
            await self._session.flush()
            await self.recompute(ticket, clock)
        await self.look(ticket, at)
        return bool(clocks)

    async def meet(self, ticket: Ticket, name: str, at: datetime) -> None:
        """The running clock of this name has got what it waited for."""
        await self.happen(ticket, name, Kind.MEET, at)

    async def stop(self, ticket: Ticket, at: datetime) -> None:
        """Nothing of this ticket runs any longer."""
        for name in sorted({clock.name for clock in await self.running(ticket)}):
            await self.happen(ticket, name, Kind.STOP, at)
        await self.look(ticket, at)

    async def recompute(self, ticket: Ticket, clock: TicketClock) -> Reckoned | None:
        """Write into the row what its events say; None when nobody knows its rule any longer."""
        found = await self.reckoned(ticket, clock)
        if found is not None:
            store(clock, found)
        return found

    async def reckoned(self, ticket: Ticket, clock: TicketClock) -> Reckoned | None:
        """What this clock's events say, by the rule it was started with. Raises `Impossible`."""
        events = await events_of(self._session, clock)
        rule = await self._rule_of(ticket, clock, events)
        if rule is None:
            return None
        return reckon(rule, [ClockEvent(Kind(e.kind), e.at, e.amount) for e in events], self.calendar)

    async def _rule_of(
        self, ticket: Ticket, clock: TicketClock, events: Sequence[TicketClockEvent]
    ) -> ClockRule | None:
        if events and events[0].rule:
            return ClockRule.model_validate(events[0].rule)
        profile = await profile_of(self._session, clock.profile_version)
        return profile.clocks(matter_of(ticket)).get(clock.name) if profile else None

    async def look(self, ticket: Ticket, now: datetime | None = None) -> None:
        """Set when one of the ticket's lamps changes next and, if it is told what time it is, its lamp."""
        clocks = list(
            await self._session.scalars(
                select(TicketClock).where(TicketClock.ticket_id == ticket.id).order_by(TicketClock.id)
            )
        )
        if now is not None:
            ticket.lamp = shown(clocks, now)
        ticket.next_lamp_at = next_change(clocks, self.calendar, self.profile.policy.late)

    def _append(
        self,
        ticket: Ticket,
        name: str,
        number: int,
        kind: Kind,
        at: datetime,
        amount: float = 0,
        rule: ClockRule | None = None,
    ) -> None:
        self._session.add(
            TicketClockEvent(
                ticket_id=ticket.id,
                name=name,
                round=number,
                kind=kind,
                at=at,
                amount=amount,
                rule=rule.model_dump(mode="json") if rule else {},
                by_user_id=self.by_user_id,
            )
        )


async def events_of(session: AsyncSession, clock: TicketClock) -> list[TicketClockEvent]:
    """What happened to this clock, oldest first."""
    return list(
        await session.scalars(
            select(TicketClockEvent)
            .where(
                TicketClockEvent.ticket_id == clock.ticket_id,
                TicketClockEvent.name == clock.name,
                TicketClockEvent.round == clock.round,
            )
            .order_by(TicketClockEvent.id)
        )
    )


def store(clock: TicketClock, found: Reckoned) -> None:
    """Write what was reckoned into the row. A limit that has moved is warned of anew."""
    if found.due_at > clock.due_at and clock.red_at is None:
        clock.yellow_at = None
    clock.started_at, clock.warn_at, clock.due_at = found.started_at, found.warn_at, found.due_at
    clock.met_at, clock.stopped_at, clock.paused_at = found.met_at, found.stopped_at, found.paused_at
    clock.suspended_s, clock.provisional = round(found.suspended.total_seconds()), found.provisional


def matter_of(ticket: Ticket) -> Matter:
    return Matter(ticket.appeal_type, ticket.category_code, ticket.urgency, ticket.procedure)


async def reckon_provisional(session: AsyncSession) -> int:
    """Reckon the running clocks anew whose due time was provisional, by the calendar as it is now.

    Each keeps the rule it began with. Returns how many are known now.
    """
    calendar = await load_calendar(session)
    rows = await session.execute(
        select(TicketClock, Ticket)
        .join(Ticket, Ticket.id == TicketClock.ticket_id)
        .where(TicketClock.provisional, TicketClock.met_at.is_(None), TicketClock.stopped_at.is_(None))
    )
    known = 0
    timings: dict[str, Timing] = {}
    for clock, ticket in rows.all():
        stamp = clock.profile_version
        if stamp not in timings:
            profile = await profile_of(session, stamp)
            if profile is None:
                continue
            timings[stamp] = Timing(session, calendar, profile)
        found = await timings[stamp].recompute(ticket, clock)
        await timings[stamp].look(ticket)
        known += found is not None and not found.provisional
    return known
