"""The life of a ticket after its submission: every step of the table, through the one writer.

Each act is one transaction on a locked ticket; what the house does in consequence (a second dispatch, an assist
that is done, a supervision) is in the same transaction. Changes are announced after the commit. Errors are
`TicketError`s with Chinese messages.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from db.models import Ticket, Unit
from db.session import Sessions
from runtime.bus import Bus
from runtime.clock import Clock
from tickets.actor import Actor
from tickets.clocks.sla import DEFAULT
from tickets.clocks.timing import Timing
from tickets.errors import Conflict, NotFound
from tickets.fields import TicketFields, UnitReplyFields
from tickets.life import intake
from tickets.life.act import NOTHING, Act
from tickets.life.consequences import after
from tickets.life.steps.dispatching import Dispatched
from tickets.life.steps.ending import Merged, TakenBack, Unmerged, Withdrawn
from tickets.life.steps.following import FollowedUp, is_out_of_reach, note_attempt
from tickets.life.steps.handling import Informed, Replied, Transferred
from tickets.life.steps.judging import Found, Reopened
from tickets.life.steps.opening import Fields, SentBack
from tickets.life.steps.returning import Decided, Designated
from tickets.life.steps.reviewing import Rejected
from tickets.life.trail import check_four_eyes, note_beside
from tickets.life.writer import apply
from tickets.life.writing import announce, write
from tickets.permissions import require
from tickets.states import State

R = TypeVar("R")
STALE = "工单刚刚被他人更新，请刷新后再试。"


class Casework:
    """One per process. `version`, where given, must be the ticket's: else somebody was quicker (`Conflict`)."""

    def __init__(self, sessions: Sessions, bus: Bus, clock: Clock, *, profile: str = DEFAULT) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._profile = profile

    async def on_ticket(
        self,
        actor: Actor,
        ticket_id: int,
        work: Callable[[Act], Awaitable[R]],
        *,
        version: int | None = None,
        also: Collection[int] = (),
    ) -> tuple[Ticket, R]:
        """Run `work` on the locked ticket in one transaction, then announce the ticket.

        `also` are further tickets to be locked; always in the same order, so that nobody waits in a circle.
        """

        async def whole(session: AsyncSession) -> tuple[Ticket, R]:
            for each in sorted({ticket_id, *also}):
                await intake.lock_ticket(session, each)
            ticket = await session.get_one(Ticket, ticket_id)
            if version is not None and version != ticket.version:
                raise Conflict(STALE)
            now = self._clock.now()
            timing = await Timing.load(session, now, self._profile, actor.user_id)
            result = await work(Act(session, timing, actor, ticket, now))
            await session.flush()
            return ticket, result

        try:
            ticket, result = await write(self._sessions, whole)
        except StaleDataError:
            raise Conflict(STALE) from None
        await announce(self._bus, self._clock, ticket)
        return ticket, result

    async def step(
        self, actor: Actor, ticket_id: int, transition_id: str, data: Any = NOTHING, *, version: int | None = None
    ) -> Ticket:
        """Take any step of the table, with what follows from it."""
        work = lambda act: self.take(act, transition_id, data)  # noqa: E731
        return (await self.on_ticket(actor, ticket_id, work, version=version))[0]

    async def take(self, act: Act, transition_id: str, data: Any = NOTHING) -> None:
        """A step, with what follows from it, within an act that has begun."""
        await apply(act, transition_id, data)
        await after(act, transition_id)

    # -- the centre sends --------------------------------------------------------------------------------
    async def dispatch(self, actor: Actor, ticket_id: int, unit_id: int, note: str = "") -> Ticket:
        """T08."""

        async def work(act: Act) -> None:
            require(actor, "dispatch", act.ticket)
            await apply(act, "T08", Dispatched(await intake.check_unit(act.session, unit_id), note))

        return (await self.on_ticket(actor, ticket_id, work))[0]

    async def send_back(self, actor: Actor, ticket_id: int, missing: tuple[str, ...], note: str = "") -> Ticket:
        """T06."""
        return await self.step(actor, ticket_id, "T06", SentBack(missing, note))

    async def complete(self, actor: Actor, ticket_id: int, changes: TicketFields | Mapping[str, str]) -> Ticket:
        """T06, second half: all fields, or those that were missing."""

        async def work(act: Act) -> None:
            require(actor, "draft", act.ticket)
            fields = changes if isinstance(changes, TicketFields) else intake.changed(act.ticket, changes)
            category = await intake.check_category(act.session, fields.category_code)
            await intake.check_region(act.session, fields.region_code)
            await apply(act, "T06b", Fields(fields, category))

        return (await self.on_ticket(actor, ticket_id, work))[0]

    async def merge(self, actor: Actor, ticket_id: int, master_no: str, note: str = "") -> Ticket:
        """T07; the other ticket is named by its number."""
        require(actor, "merge")
        async with self._sessions() as session:
            master_id = (await intake.ticket_by_no(session, master_no)).id

        async def work(act: Act) -> None:
            require(actor, "merge", act.ticket)
            master = await act.session.get_one(Ticket, master_id)
            require(actor, "merge", master)
            await apply(act, "T07", Merged(master, note))

        return (await self.on_ticket(actor, ticket_id, work, also=[master_id]))[0]

    async def unmerge(self, actor: Actor, ticket_id: int, reason: str) -> Ticket:
        return await self.step(actor, ticket_id, "T07u", Unmerged(reason))

    async def take_back(self, actor: Actor, ticket_id: int, reason: str) -> Ticket:
        """T27."""
        return await self.step(actor, ticket_id, "T27", TakenBack(reason))

    # -- the unit ----------------------------------------------------------------------------------------
    async def sign(self, actor: Actor, ticket_id: int) -> Ticket:
        """T09."""
        return await self.step(actor, ticket_id, "T09")

    async def transfer(self, actor: Actor, ticket_id: int, to: str, lower_unit_id: int | None = None) -> Ticket:
        """T14."""

        async def work(act: Act) -> None:
            require(actor, "transfer", act.ticket)
            lower = await self._unit(act, lower_unit_id) if lower_unit_id is not None else None
            await apply(act, "T14", Transferred(to, lower))

        return (await self.on_ticket(actor, ticket_id, work))[0]

    async def inform(self, actor: Actor, ticket_id: int, note: str) -> Ticket:
        """T15."""
        return await self.step(actor, ticket_id, "T15", Informed(note))

    async def reply(self, actor: Actor, ticket_id: int, reply: UnitReplyFields) -> Ticket:
        """T16. A ticket that was only signed passes T14 on the way, in the unit's own name."""

        async def work(act: Act) -> None:
            require(actor, "reply", act.ticket)
            if act.ticket.state == State.SIGNED:
                await check_four_eyes(act.session, act.ticket, actor, "reply")
                # Whoever may reply may also take the matter on: small units have no office to transfer it to.
                await apply(act, "T14", Transferred("本单位直接办理"), permission="reply")
            await apply(act, "T16", Replied(reply))
            await after(act, "T16")

        return (await self.on_ticket(actor, ticket_id, work))[0]

    async def put_return(self, actor: Actor, ticket_id: int) -> Ticket:
        """T10: the unit's head agrees to the liaison's request (`beside.propose_return`)."""
        return await self.step(actor, ticket_id, "T10")

    async def approve_return(self, actor: Actor, ticket_id: int, note: str) -> Ticket:
        """T11."""
        return await self.step(actor, ticket_id, "T11", Decided(note))

    async def refuse_return(self, actor: Actor, ticket_id: int, note: str) -> Ticket:
        """T12."""
        return await self.step(actor, ticket_id, "T12", Decided(note))

    async def designate(self, actor: Actor, ticket_id: int, unit_id: int, note: str) -> Ticket:
        """T13."""

        async def work(act: Act) -> None:
            require(actor, "designate", act.ticket)
            await apply(act, "T13", Designated(await intake.check_unit(act.session, unit_id), note))

        return (await self.on_ticket(actor, ticket_id, work))[0]

    # -- review, follow-up, verification -----------------------------------------------------------------
    async def reject_reply(self, actor: Actor, ticket_id: int, fault: str, note: str) -> Ticket:
        """T17."""
        return await self.step(actor, ticket_id, "T17", Rejected(fault, note))

    async def accept_reply(self, actor: Actor, ticket_id: int) -> Ticket:
        """T18."""
        return await self.step(actor, ticket_id, "T18")

    async def follow_up(self, actor: Actor, ticket_id: int, said: FollowedUp) -> Ticket:
        """What a follow-up call brought: T19, T20, or an attempt that reached nobody and is made again."""

        async def work(act: Act) -> None:
            if said.reached or await is_out_of_reach(act):
                transition = "T20" if said.bad else "T19"
                await apply(act, transition, said)
                await after(act, transition)
                return
            await check_four_eyes(act.session, act.ticket, actor, "attempt")
            number = await note_attempt(act, said)
            note_beside(act.session, act.ticket, actor, act.now, "attempt", f"第{number}次未接通")

        return (await self.on_ticket(actor, ticket_id, work))[0]

    async def rework(self, actor: Actor, ticket_id: int, evidence: str) -> Ticket:
        """T21, and T23 by the house where the unit still exists."""
        return await self.step(actor, ticket_id, "T21", Found(evidence))

    async def explain(self, actor: Actor, ticket_id: int, evidence: str) -> Ticket:
        """T22."""
        return await self.step(actor, ticket_id, "T22", Found(evidence))

    async def reopen(self, actor: Actor, ticket_id: int, reason: str) -> Ticket:
        """T26, and T23 by the house."""
        return await self.step(actor, ticket_id, "T26", Reopened(reason))

    async def withdraw(self, actor: Actor, ticket_id: int, call_id: str | None, reason: str) -> Ticket:
        """T24; without a call id, on the citizen's last call of the past day."""

        async def work(act: Act) -> None:
            require(actor, "withdraw", act.ticket)
            on = call_id or await intake.last_call(act.session, act.ticket, act.now)
            await self.take(act, "T24", Withdrawn(on, reason))

        return (await self.on_ticket(actor, ticket_id, work))[0]

    async def archive(self, actor: Actor, ticket_id: int) -> Ticket:
        """T25."""
        return await self.step(actor, ticket_id, "T25")

    async def master_of(self, ticket_id: int) -> int:
        """The ticket of which this one is an assist. Raises `NotFound`."""
        async with self._sessions() as session:
            ticket = await session.get(Ticket, ticket_id)
        if ticket is None or ticket.nature != "ASSIST" or ticket.master_id is None:
            raise NotFound("没有找到这个协办单位。")
        return ticket.master_id

    async def _unit(self, act: Act, unit_id: int) -> Unit:
        unit = await act.session.get(Unit, unit_id)
        if unit is None:
            raise NotFound("没有找到这个单位。")
        return unit
