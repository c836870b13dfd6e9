"""What a unit does with a ticket it was sent: sign, transfer, inform, reply (T09, T14, T15, T16)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Ticket, UnitReply
from tickets.actor import Actor
from tickets.clocks.timing import Timing
from tickets.errors import NotAllowed
from tickets.fields import ANONYMOUS, FieldErrors, UnitReplyFields, check_reply
from tickets.life.dispatch import running_dispatch
from tickets.life.trail import check_four_eyes, record
from tickets.permissions import require
from tickets.states import TRANSITIONS, State, Transition, step


class Handling:
    """One actor's act on one locked ticket, within one transaction."""

    def __init__(self, session: AsyncSession, timing: Timing, actor: Actor, ticket: Ticket, now: datetime) -> None:
        self._session = session
        self._timing = timing
        self._actor = actor
        self._ticket = ticket
        self._now = now

    async def sign(self) -> None:
        row = self._allowed("T09")
        sent = await running_dispatch(self._session, self._ticket)
        sent.signed_at, sent.signed_by = self._now, self._actor.user_id
        self._move(row)
        self._ticket.signed_at = self._now
        await self._timing.meet(self._ticket, "sign_by", self._now)

    async def transfer(self, to: str) -> None:
        row = self._allowed("T14")
        if not to.strip():
            raise FieldErrors({"to": "请写明办理科室或人员。"})
        self._move(row, to.strip())
        await self._timing.meet(self._ticket, "transfer_by", self._now)

    async def inform(self, note: str) -> None:
        self._move(self._allowed("T15"), note)
        await self._timing.meet(self._ticket, "inform_by", self._now)

    async def reply(self, reply: UnitReplyFields) -> None:
        ticket = self._ticket
        require(self._actor, "reply", ticket)
        if State(ticket.state) is State.SIGNED:
            # Whoever may reply may also take the matter on: small units have no office to transfer it to.
            self._move(step("T14", State.SIGNED), "本单位直接办理")
            await self._timing.meet(ticket, "transfer_by", self._now)
        row = self._allowed("T16")
        await check_four_eyes(self._session, ticket, self._actor, row)
        private = {ticket.appellant_name, ticket.phone, ticket.phone_alt, ticket.caller_id} - {"", ANONYMOUS}
        check_reply(reply, since=ticket.received_at, now=self._now, private=tuple(private))
        if ticket.unit_id is None:
            raise NotAllowed("这张工单还没有承办单位。")
        self._session.add(
            UnitReply(
                ticket_id=ticket.id,
                unit_id=ticket.unit_id,
                by_user_id=self._actor.user_id,
                at=self._now,
                **reply.model_dump(),
            )
        )
        self._move(row, solved=reply.solved)
        ticket.replied_at = self._now
        await self._timing.meet(ticket, "close_by", self._now)
        if reply.contact_time is not None:
            await self._timing.meet(ticket, "inform_by", reply.contact_time)
        await self._timing.start(ticket, "review_by", self._now)

    def _allowed(self, transition_id: str) -> Transition:
        """The transition, if permission and state allow it: strangers do not even learn the state."""
        require(self._actor, TRANSITIONS[transition_id].permission, self._ticket)
        return step(transition_id, State(self._ticket.state))

    def _move(self, row: Transition, reason: str = "", **detail: bool | None) -> None:
        record(
            self._session, self._ticket, self._actor, self._now, row, State(self._ticket.state), reason, **detail
        )
        self._ticket.state = row.target
