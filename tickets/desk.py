"""The ticket desk: what an agent does with a draft, and what a unit does with a ticket it was sent.

Each act is one transaction: the ticket, its clocks, its audit rows and its notices stand or fall together.
What changed is announced on the bus after the commit. Submitting the same call twice gives the same ticket.

A call of ours that answers a message is submitted with `message_call`, the call that left the message: the
message's own ticket is completed instead of a second one being made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from db.models import Call, Category, Ticket
from db.session import Sessions
from runtime.bus import Bus
from runtime.clock import Clock
from tickets.actor import Actor
from tickets.casework import STALE, Casework
from tickets.clocks.sla import DEFAULT
from tickets.clocks.timing import Timing
from tickets.drafting.draft_row import lock_draft
from tickets.errors import Conflict
from tickets.fields import TicketFields, UnitReplyFields, check_answer, check_decline, check_open
from tickets.life import intake, notices
from tickets.life.act import Act
from tickets.life.steps.dispatching import Dispatched
from tickets.life.steps.opening import Declined, Opened, Settled, Submitted
from tickets.life.writer import apply
from tickets.life.writing import announce, write
from tickets.messages.check import check, unchecked
from tickets.permissions import require
from tickets.sidework import Sidework
from tickets.states import State

Work = Callable[[AsyncSession], Awaitable[Ticket]]
Make = Callable[[AsyncSession, int | None], Awaitable[Ticket]]


class TicketDesk:
    """All acts on tickets that this release knows. Errors are `TicketError`s with Chinese messages."""

    def __init__(self, sessions: Sessions, bus: Bus, clock: Clock, *, profile: str = DEFAULT) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._profile = profile
        self.cases = Casework(sessions, bus, clock, profile=profile)
        self.beside = Sidework(self.cases)

    # -- an agent and a draft --------------------------------------------------------------------------
    async def open_ticket(
        self,
        actor: Actor,
        fields: TicketFields,
        call_id: str | None = None,
        unit_id: int | None = None,
        *,
        message_call: str | None = None,
    ) -> Ticket:
        """Submit (T05); with a unit the ticket is dispatched at once (T08). Returns the ticket as committed."""
        require(actor, "draft")
        now = self._clock.now()

        async def make(session: AsyncSession, holder: int | None) -> Ticket:
            call = await intake.find_call(session, actor, call_id, holder)
            check_open(fields, call.caller if call else "")
            category = await intake.check_category(session, fields.category_code)
            await intake.check_region(session, fields.region_code)
            unit = await intake.check_unit(session, unit_id) if unit_id is not None else None
            timing = await Timing.load(session, now, self._profile, actor.user_id)
            ticket = await _of_message(session, call_id, message_call)
            if ticket is not None:
                act = Act(session, timing, actor, ticket, now)
                await check(act, fields, category, call)
                notices.tell_citizen(session, ticket, now, notices.opened(ticket), "opened")
            else:
                place = await intake.jurisdiction_of(session, actor, unit)
                act = await self._draft(timing, session, actor, fields, category, call, place, call_id)
                await apply(act, "T05", Submitted())
            if unit is not None:
                # The agent only names the unit; the house dispatches by it, so that the trail stays honest.
                await apply(act.of_house(), "T08", Dispatched(unit, f"{actor.name}提交时选定承办单位"))
            return act.ticket

        return await self._submit(actor, call_id, make, message_call)

    async def answer_on_line(
        self,
        actor: Actor,
        fields: TicketFields,
        call_id: str | None,
        article_id: str | None = None,
        answer_text: str = "",
        *,
        message_call: str | None = None,
    ) -> Ticket:
        """Close on the call (T02) with the article or the words that answered it."""
        require(actor, "answer")
        check_answer(fields, article_id, answer_text)

        async def finish(act: Act) -> str:
            act.ticket.article_id = await intake.check_article(act.session, article_id)
            act.ticket.answer_text = answer_text.strip()
            act.ticket.procedure = "IMMEDIATE"
            return "已在通话中口头答复"

        return await self._settle(actor, fields, call_id, "T02", Settled(finish), message_call)

    async def decline(
        self,
        actor: Actor,
        fields: TicketFields,
        call_id: str | None,
        code: str,
        told: str,
        *,
        message_call: str | None = None,
    ) -> Ticket:
        """Not accepted (T04): reason code of domain.md 2.8 and what the citizen was told."""
        require(actor, "decline")
        check_decline(fields, code, told)

        return await self._settle(actor, fields, call_id, "T04", Declined(code, told), message_call)

    async def hand_over(
        self,
        actor: Actor,
        fields: TicketFields,
        call_id: str | None,
        handoff_id: int,
        *,
        message_call: str | None = None,
    ) -> Ticket:
        """Given to 110, 119, 120, 122 or another city's 12345 (T03). No element is demanded: it is theirs now."""
        require(actor, "hand_over")
        async with self._sessions() as session:
            elsewhere = (await intake.check_handoff(session, handoff_id, call_id)).target_kind == "hotline"

        async def finish(act: Act) -> str:
            ticket = act.ticket
            handoff = await intake.check_handoff(act.session, handoff_id, call_id)
            what = "外地事项" if elsewhere else "紧急事项"
            ticket.title = ticket.title or f"{what}移交{handoff.target}"
            ticket.content = ticket.content or handoff.summary or f"通话中发现{what}，已移交。"
            ticket.place_text = ticket.place_text or handoff.place
            if not elsewhere:
                ticket.urgency = "MOST_URGENT"
            return f"移交{handoff.target}，移交记录{handoff.id}"

        blanks = {
            "appeal_type": fields.appeal_type or "HELP",
            "category_code": fields.category_code
            or (intake.ELSEWHERE_CATEGORY if elsewhere else intake.EMERGENCY_CATEGORY),
        }
        fields = fields.model_copy(update=blanks)
        return await self._settle(actor, fields, call_id, "T03", Settled(finish), message_call)

    # -- the centre and the unit -----------------------------------------------------------------------
    async def dispatch(self, actor: Actor, ticket_id: int, unit_id: int, note: str = "") -> Ticket:
        """Send a registered ticket to a unit (T08)."""
        return await self.cases.dispatch(actor, ticket_id, unit_id, note)

    async def sign(self, actor: Actor, ticket_id: int) -> Ticket:
        """The unit signs for the ticket (T09)."""
        return await self.cases.sign(actor, ticket_id)

    async def transfer(self, actor: Actor, ticket_id: int, to: str) -> Ticket:
        """The unit accepts and names the office or person who handles it (T14)."""
        return await self.cases.transfer(actor, ticket_id, to)

    async def inform(self, actor: Actor, ticket_id: int, note: str) -> Ticket:
        """The unit has told the citizen that it is handling the matter (T15, ordinary procedure)."""
        return await self.cases.inform(actor, ticket_id, note)

    async def reply(self, actor: Actor, ticket_id: int, reply: UnitReplyFields) -> Ticket:
        """The unit's result (T16). A ticket that was only signed passes T14 on the way, in the unit's own name."""
        return await self.cases.reply(actor, ticket_id, reply)

    # -- how every act is carried out ------------------------------------------------------------------
    async def _settle(
        self,
        actor: Actor,
        fields: TicketFields,
        call_id: str | None,
        transition_id: str,
        data: Settled | Declined,
        message_call: str | None,
    ) -> Ticket:
        """A draft that ends at once, without clocks."""
        now = self._clock.now()

        async def make(session: AsyncSession, holder: int | None) -> Ticket:
            call = await intake.find_call(session, actor, call_id, holder)
            category = await intake.check_category(session, fields.category_code)
            await intake.check_region(session, fields.region_code)
            timing = await Timing.load(session, now, self._profile, actor.user_id)
            ticket = await _of_message(session, call_id, message_call)
            if ticket is not None:
                act = Act(session, timing, actor, ticket, now)
                await check(act, fields, category, call)
                # Nobody had looked at it: for whoever checks it, it stands where a draft stands.
                await apply(act, transition_id, data, standing=State.DRAFT)
                return ticket
            place = await intake.jurisdiction_of(session, actor, None)
            act = await self._draft(timing, session, actor, fields, category, call, place, call_id)
            await apply(act, transition_id, data)
            return act.ticket

        return await self._submit(actor, call_id, make, message_call)

    async def _draft(
        self,
        timing: Timing,
        session: AsyncSession,
        actor: Actor,
        fields: TicketFields,
        category: Category,
        call: Call | None,
        place: int | None,
        call_id: str | None,
    ) -> Act:
        """A new row with these fields, and its first step (T01)."""
        now = self._clock.now()
        ticket = await intake.add_ticket(
            session,
            fields,
            category=category,
            actor=actor,
            call=call,
            now=now,
            profile=timing.profile,
            jurisdiction_id=place,
        )
        act = Act(session, timing, actor, ticket, now)
        await apply(act, "T01", Opened(call_id or ""))
        return act

    async def _submit(self, actor: Actor, call_id: str | None, make: Make, message_call: str | None) -> Ticket:
        """Run `make` under the lock of the call's draft, or return the ticket the call already has."""
        known = False

        async def work(session: AsyncSession) -> Ticket:
            nonlocal known
            if call_id is None:
                return await make(session, None)
            draft = await lock_draft(session, call_id, self._clock.now())
            if draft.submitted_ticket_id is not None:
                known = True
                return await session.get_one(Ticket, draft.submitted_ticket_id)
            drafts = [draft]
            if message_call is not None:
                drafts.append(await lock_draft(session, message_call, self._clock.now()))
            ticket = await make(session, draft.agent_user_id)
            for each in drafts:
                each.submitted_ticket_id, each.updated_at = ticket.id, self._clock.now()
            return ticket

        ticket = await self._write(work)
        if not known:
            await self._announce(ticket)
        return ticket

    async def _write(self, work: Work) -> Ticket:
        try:
            return await write(self._sessions, work)
        except StaleDataError:
            raise Conflict(STALE) from None

    async def _announce(self, ticket: Ticket) -> None:
        await announce(self._bus, self._clock, ticket)


async def _of_message(session: AsyncSession, call_id: str | None, message_call: str | None) -> Ticket | None:
    """The message's ticket that this submission completes. Raises `Conflict` when it is no longer to be had."""
    ticket = await unchecked(session, message_call or call_id)
    if ticket is None and message_call is not None:
        raise Conflict("本次回拨对应的工单刚刚已由他人核对，没有重复提交；如确有新诉求，请另建工单。")
    return ticket
