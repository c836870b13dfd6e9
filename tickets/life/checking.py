"""Do the books agree? Tickets against their trail, clocks against their events, rows against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    AuditEvent,
    CoHandling,
    Dispatch,
    ReturnRequest,
    ReworkRound,
    Ticket,
    TicketClock,
    TicketClockEvent,
    TicketLink,
    Verification,
)
from tickets.clocks.calendar import WorkCalendar, load_calendar
from tickets.clocks.lamps import next_change
from tickets.clocks.reckoning import Impossible
from tickets.clocks.sla import Profile, profile_of, shipped_profile
from tickets.clocks.timing import Timing, events_of
from tickets.life.trail import audit_of
from tickets.states import ALL, BESIDE, TERMINAL, State

BATCH = 200
ON_THE_CALL = frozenset({"T02", "T03", "T04"})
"""Steps that end a ticket while the citizen is on the line."""
AT_UNIT = frozenset({State.DISPATCHED, State.SIGNED, State.IN_PROGRESS, State.RETURN_REVIEW})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not agree. `kind`: balance, trail, clock, lamp, orphan."""

    kind: str
    ticket_no: str
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what was found."""

    tickets: int
    by_state: dict[str, int]
    clocks: int
    findings: list[Finding]


async def all_tickets(session: AsyncSession) -> AsyncIterator[Ticket]:
    """Every ticket by its row, read in batches."""
    last = 0
    while batch := list(
        await session.scalars(select(Ticket).where(Ticket.id > last).order_by(Ticket.id).limit(BATCH))
    ):
        for ticket in batch:
            yield ticket
        last = batch[-1].id


class Timings:
    """The calendar as it is now, with each profile that made a clock, read once."""

    def __init__(self, session: AsyncSession, calendar: WorkCalendar) -> None:
        self._session = session
        self._calendar = calendar
        self._profiles: dict[str, Profile] = {}

    @classmethod
    async def load(cls, session: AsyncSession) -> Timings:
        return cls(session, await load_calendar(session))

    async def of(self, clocks: list[TicketClock]) -> Timing:
        """By the profile of a ticket's last clock."""
        stamp = clocks[-1].profile_version if clocks else ""
        if stamp not in self._profiles:
            self._profiles[stamp] = await profile_of(self._session, stamp) or shipped_profile()
        return Timing(self._session, self._calendar, self._profiles[stamp])


async def clocks_of(session: AsyncSession, ticket: Ticket) -> list[TicketClock]:
    """Every clock of a ticket, all rounds, in the order they were started."""
    query = select(TicketClock).where(TicketClock.ticket_id == ticket.id).order_by(TicketClock.id)
    return list(await session.scalars(query))


async def check(session: AsyncSession) -> Report:
    """Look at every ticket; changes nothing."""
    timings = await Timings.load(session)
    findings: list[Finding] = []
    states: Counter[str] = Counter()
    clocks = 0
    async for ticket in all_tickets(session):
        states[ticket.state] += 1
        mine = await clocks_of(session, ticket)
        clocks += len(mine)
        said = [*await _trail(session, ticket), *await _clocks(timings, session, ticket, mine)]
        said += [*_state(ticket, mine), *await _rows(session, ticket)]
        findings += [Finding(kind, ticket.ticket_no, text) for kind, text in said]
    total = await session.scalar(select(func.count()).select_from(Ticket)) or 0
    if total != states.total():
        findings.append(Finding("balance", "", f"{states.total()} tickets in states, {total} in all"))
    findings += await _orphans(session)
    return Report(total, dict(sorted(states.items())), clocks, findings)


Told = list[tuple[str, str]]


async def _trail(session: AsyncSession, ticket: Ticket) -> Told:
    """The steps lead from nothing to the state the ticket has."""
    told: Told = []
    state = ""
    for row in await audit_of(session, ticket.id):
        if row.action in BESIDE:
            continue
        step = ALL.get(row.detail.get("transition", ""))
        if step is None:
            continue  # no step of the table: written by a part that only leaves a note
        # What an agent settles of an unchecked message stands where a draft stands.
        draft_of_message = ticket.channel == "VOICEMAIL" and row.from_state == State.REGISTERED
        if row.from_state != state:
            told.append(
                ("trail", f"{step.id} starts from {row.from_state or 'nothing'}, it was {state or 'nothing'}")
            )
        elif (State(state) if state else None) not in step.sources and not draft_of_message:
            told.append(("trail", f"{step.id} is not possible from {state or 'nothing'}"))
        if row.to_state in TERMINAL and "no_notice" not in row.detail and step.id not in ON_THE_CALL:
            told.append(("trail", f"{step.id} ended it, and nothing says whether the citizen was told"))
        state = row.to_state
    if state != ticket.state:
        told.append(("balance", f"state {ticket.state}, but its steps lead to {state or 'nothing'}"))
    return told


async def _clocks(timings: Timings, session: AsyncSession, ticket: Ticket, clocks: list[TicketClock]) -> Told:
    told: Told = []
    timing = await timings.of(clocks)
    for clock in clocks:
        where = f"{clock.name} round {clock.round}"
        if not await events_of(session, clock):
            told.append(("orphan", f"{where} has no events"))
            continue
        try:
            shows = await timing.reckoned(ticket, clock)
        except Impossible as error:
            told.append(("clock", f"{where}: {error}"))
            continue
        if shows is None:
            told.append(("clock", f"{where}: nobody knows profile {clock.profile_version} any longer"))
            continue
        for name in ("started_at", "warn_at", "due_at", "met_at", "stopped_at", "paused_at"):
            if getattr(shows, name) != getattr(clock, name):
                told.append(
                    ("clock", f"{where}: {name} is {getattr(clock, name)}, its events say {getattr(shows, name)}")
                )
    wanted = next_change(clocks, timing.calendar, timing.profile.policy.late)
    if ticket.next_lamp_at != wanted:
        told.append(("lamp", f"next_lamp_at is {ticket.next_lamp_at}, its clocks say {wanted}"))
    return told


def _state(ticket: Ticket, clocks: list[TicketClock]) -> Told:
    told: Told = []
    state = State(ticket.state)
    if (ticket.closed_at is not None) != (state in TERMINAL):
        told.append(("balance", f"closed_at is {ticket.closed_at} in {state}"))
    if bool(ticket.close_reason) != (state in (State.CLOSED, State.ARCHIVED)):
        told.append(("balance", f"close_reason is {ticket.close_reason!r} in {state}"))
    running = [clock.name for clock in clocks if clock.met_at is None and clock.stopped_at is None]
    if state in TERMINAL and running:
        told.append(("clock", f"{', '.join(running)} run in {state}"))
    return told


async def _rows(session: AsyncSession, ticket: Ticket) -> Told:
    """Requests, links and rounds beside the ticket agree with it."""
    told: Told = []
    state = State(ticket.state)

    async def count(table: type, *where: object) -> int:
        query = select(func.count()).select_from(table).where(table.ticket_id == ticket.id, *where)  # type: ignore[attr-defined, arg-type]
        return await session.scalar(query) or 0

    if state in AT_UNIT and not await count(Dispatch, Dispatch.returned_at.is_(None)):
        told.append(("orphan", f"{state} without a dispatch"))
    if state is State.RETURN_REVIEW and await count(ReturnRequest, ReturnRequest.state == "PUT") != 1:
        told.append(("orphan", "in review of a return that nobody asked for"))
    if state is State.VERIFY and await count(Verification, Verification.decided_at.is_(None)) != 1:
        told.append(("orphan", "in verification without what is to be verified"))
    if (number := await count(ReturnRequest, ReturnRequest.state == "APPROVED")) != ticket.returns:
        told.append(("balance", f"{ticket.returns} returns, {number} of them agreed to"))
    if (number := await count(ReworkRound, ReworkRound.cause == "VERIFY")) != ticket.reworks:
        told.append(("balance", f"{ticket.reworks} second handlings, {number} rounds"))
    merged = await count(TicketLink, TicketLink.kind == "MERGE", TicketLink.undone_at.is_(None))
    if merged != (ticket.close_reason == "MERGED"):
        told.append(("orphan", f"close_reason {ticket.close_reason!r} with {merged} merge links"))
    if ticket.nature == "ASSIST":
        part = select(func.count()).select_from(CoHandling).where(CoHandling.child_id == ticket.id)
        if await session.scalar(part) != 1:
            told.append(("orphan", "an assist that belongs to no matter"))
    return told


async def _orphans(session: AsyncSession) -> list[Finding]:
    """Events without their clock, steps without their ticket."""
    found: list[Finding] = []
    lost = (
        select(func.count())
        .select_from(TicketClockEvent)
        .outerjoin(
            TicketClock,
            (TicketClock.ticket_id == TicketClockEvent.ticket_id)
            & (TicketClock.name == TicketClockEvent.name)
            & (TicketClock.round == TicketClockEvent.round),
        )
        .where(TicketClock.id.is_(None))
    )
    if number := await session.scalar(lost):
        found.append(Finding("orphan", "", f"{number} events of clocks that are not there"))
    known = select(Ticket.id)
    named = select(AuditEvent.object_id).where(AuditEvent.object_kind == "ticket").distinct()
    steps = {int(row) for row in await session.scalars(named) if row.isdecimal()}
    if missing := steps - set(await session.scalars(known)):
        found.append(Finding("orphan", "", f"{len(missing)} tickets in the trail that are not there"))
    return found


async def recompute(session: AsyncSession, *, ended: bool = False) -> tuple[int, int]:
    """Reckon clocks anew from their events and today's calendar; of ended ones only where told.

    Returns how many were looked at and how many changed. Clocks whose rule nobody knows stay as they are.
    """
    timings = await Timings.load(session)
    looked = changed = 0
    async for ticket in all_tickets(session):
        clocks = await clocks_of(session, ticket)
        timing = await timings.of(clocks)
        for clock in clocks:
            if not ended and (clock.met_at is not None or clock.stopped_at is not None):
                continue
            before = (clock.warn_at, clock.due_at, clock.met_at, clock.stopped_at, clock.paused_at)
            if not await events_of(session, clock) or await timing.recompute(ticket, clock) is None:
                continue
            looked += 1
            changed += before != (clock.warn_at, clock.due_at, clock.met_at, clock.stopped_at, clock.paused_at)
        await session.flush()
        await timing.look(ticket)
    return looked, changed
