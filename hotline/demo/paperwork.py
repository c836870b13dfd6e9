"""What becomes of a ticket: the dispatcher sends it, the unit signs, tells the citizen and replies."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Region, Ticket, Unit
from hotline.demo.agenda import Process
from hotline.demo.matters import Slots, TicketMatter
from hotline.demo.people import Place
from hotline.demo.shape import lognormal
from hotline.demo.world import World
from runtime.clock import SHANGHAI, local
from tickets.actor import Actor
from tickets.fields import UnitReplyFields
from tickets.states import State

LATE_SIGN, LATE_REPLY, UNSOLVED, PASSED_ON = 0.04, 0.04, 0.35, 0.85
"""Shares: signed too late, replied too late, not solved (where a matter may fail), passed on to an office."""

WORK_HOURS = 7.5
"""Of a working day."""

DESK_OPENS, DESK_CLOSES = time(7, 50), time(22, 0)
"""The dispatcher's hours."""


class Paperwork:
    """The units by their codes, and who acts for each."""

    def __init__(
        self, world: World, units: dict[str, int], townships: dict[str, int], staff: dict[int, Actor]
    ) -> None:
        self._world = world
        self._units = units
        self._townships = townships
        self._staff = staff

    @classmethod
    async def load(cls, session: AsyncSession, world: World, staff: dict[int, Actor]) -> Paperwork:
        units = list(await session.scalars(select(Unit).where(Unit.active)))
        codes = {region.id: region.code for region in await session.scalars(select(Region))}
        towns = {codes[unit.region_id]: unit.id for unit in units if unit.kind == "TOWNSHIP" and unit.region_id}
        return cls(world, {unit.code: unit.id for unit in units}, towns, staff)

    def unit_of(self, matter: TicketMatter, place: Place) -> int:
        """The unit that must act."""
        if matter.unit == "township":
            return next(unit for code, unit in self._townships.items() if place.code.startswith(code))
        return self._units[matter.unit]

    async def handle(
        self, ticket: Ticket, matter: TicketMatter, slots: Slots, unit_id: int, phone: str
    ) -> Process:
        """From submission to the unit's reply; what time does not allow does not happen."""
        world, desk, rng = self._world, self._world.desk, self._world.rng
        staff = self._staff[unit_id]
        if ticket.state == State.REGISTERED:
            yield self._dispatched_at()
            ticket = await desk.dispatch(world.people.dispatcher, ticket.id, unit_id)
        yield self._signed_at(urgent=ticket.urgency != "GENERAL")
        ticket = await desk.sign(staff, ticket.id)
        ordinary = ticket.procedure == "ORDINARY"
        if ordinary or rng.random() < PASSED_ON:
            yield self._worked(rng.uniform(0.2, 1.4 * WORK_HOURS))
            ticket = await desk.transfer(staff, ticket.id, matter.office)
        if ordinary:
            yield self._worked(rng.uniform(1, 2 * WORK_HOURS))
            ticket = await desk.inform(staff, ticket.id, "已电话告知诉求人受理情况和办理期限")
        mean = 6.5 if ordinary else 1.5
        if rng.random() < LATE_REPLY:
            mean *= 4
        yield self._worked(lognormal(rng, mean * WORK_HOURS, 0.6, 1, 30 * WORK_HOURS))
        await desk.reply(staff, ticket.id, self._reply(ticket, matter, slots, phone))

    def _worked(self, hours: float) -> datetime:
        """The moment at which so many hours of office time have passed."""
        return self._world.calendar.add_work_time(self._world.now, timedelta(hours=hours))

    def _dispatched_at(self) -> datetime:
        """Within the hour, by day; what comes at night waits for the morning."""
        rng = self._world.rng
        there = local(self._world.now) + timedelta(minutes=rng.uniform(2, 45))
        if there.time() > DESK_CLOSES:
            there += timedelta(days=1)
        elif there.time() >= DESK_OPENS:
            return there
        return datetime.combine(there.date(), DESK_OPENS, SHANGHAI) + timedelta(minutes=rng.uniform(1, 50))

    def _signed_at(self, *, urgent: bool) -> datetime:
        rng = self._world.rng
        minutes = rng.uniform(125, 320) if rng.random() < LATE_SIGN else min(115, rng.expovariate(1 / 35))
        if urgent:  # a duty desk signs at any hour
            return self._world.now + timedelta(minutes=minutes)
        return self._worked(minutes / 60)

    def _reply(self, ticket: Ticket, matter: TicketMatter, slots: Slots, phone: str) -> UnitReplyFields:
        rng, now = self._world.rng, self._world.now
        failed = bool(matter.unsolved) and rng.random() < UNSOLVED
        contacted = max(ticket.received_at + timedelta(minutes=1), now - timedelta(minutes=rng.uniform(15, 150)))
        return UnitReplyFields(
            is_true=True,
            contacted=True,
            contact_time=min(contacted, now),
            contact_no=phone,
            solved=not failed,
            unsolved_reason=matter.unsolved if failed else "",
            result_text=slots.fill(matter.unsolved_result if failed else matter.result),
            public_text=slots.fill(matter.unsolved_public if failed else matter.public),
        )
