"""A ticket of each message that says something: registered by the house, for an agent to check and send on.

Made once, however often one is told of the message. What is too short or says nothing makes no ticket; that is
written down too, and the call-back stays.
"""

from __future__ import annotations

import logging
import re
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Call, Category, Ticket, TicketDraft, TranscriptUtterance, Voicemail
from db.session import Sessions
from runtime.bus import Bus, Unsubscribe
from runtime.clock import Clock
from runtime.events import MessageTranscribed
from tickets.actor import SYSTEM
from tickets.clocks.sla import DEFAULT
from tickets.clocks.timing import Timing
from tickets.drafting.draft_row import lock_draft
from tickets.drafting.drafter import Drafter
from tickets.drafting.drafts import event_of, view_of
from tickets.drafting.lexicon import Lexicon
from tickets.fields import FieldErrors, TicketFields
from tickets.life import intake
from tickets.life.act import Act
from tickets.life.steps.opening import Opened, Submitted
from tickets.life.writer import apply
from tickets.life.writing import announce, write
from tickets.messages.check import CHANNEL, unchecked

log = logging.getLogger(__name__)

SHORTEST = 6
"""Characters below which a message says nothing that anybody could handle ("喂，你好")."""
OTHER = "99"
"""Category until an agent has chosen one."""
LATER = "待坐席核对后再告知"
MADE = "由电话留言的转写自动登记，待坐席核对"


class MessageTickets:
    """One per node, beside `Drafts`. `make` may be called by anybody at any time."""

    def __init__(
        self, sessions: Sessions, bus: Bus, clock: Clock, lexicon: Lexicon, *, profile: str = DEFAULT
    ) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._drafter = Drafter(lexicon)
        self._profile = profile
        self._unsubscribe: Unsubscribe | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._transcribed, MessageTranscribed)

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None

    async def _transcribed(self, event: MessageTranscribed) -> None:
        await self.make(event.message_id)

    async def make(self, message_id: int) -> Ticket | None:
        """The ticket of this message, made now; None when it has one already or is not worth one."""
        ticket = await write(self._sessions, lambda session: self._make(session, message_id))
        if ticket is not None:
            await announce(self._bus, self._clock, ticket)
        return ticket

    async def _make(self, session: AsyncSession, message_id: int) -> Ticket | None:
        call_id = await session.scalar(select(Voicemail.call_id).where(Voicemail.id == message_id))
        if call_id is None:
            return None
        # Whoever else makes or checks this ticket waits here.
        draft = await lock_draft(session, call_id, self._clock.now())
        message = await session.get_one(Voicemail, message_id, populate_existing=True)
        if message.state != "transcribed":
            return None
        if len(re.sub(r"\W", "", message.text)) < SHORTEST:
            message.state = "empty"
            self._trace(session, message, "no_ticket", "留言过短或没有听出内容，未建工单")
            return None
        call = await session.get_one(Call, call_id)
        await self._fill(session, draft, call)
        ticket = await unchecked(session, call_id)
        if ticket is not None:  # a second message of the same call
            ticket.content = f"{ticket.content}\n{message.text}"[:8000]
        elif draft.submitted_ticket_id is not None:
            ticket = await session.get_one(Ticket, draft.submitted_ticket_id)
        else:
            ticket = await self._register(session, draft, call, message)
        message.ticket_id = ticket.id
        message.state = "ticketed" if ticket.created_by is None else "checked"
        self._trace(session, message, "ticket", MADE, ticket_no=ticket.ticket_no)
        return ticket

    async def _fill(self, session: AsyncSession, draft: TicketDraft, call: Call) -> None:
        """The suggestions from all that was said, whether or not anybody followed it as it was heard."""
        rows = await session.scalars(
            select(TranscriptUtterance)
            .where(TranscriptUtterance.call_id == call.id)
            .order_by(TranscriptUtterance.start_ms, TranscriptUtterance.id)
        )
        found = self._drafter.update([event_of(row) for row in rows], caller=call.caller, now=self._clock.now())
        draft.suggestions = {name: [asdict(option) for option in options] for name, options in found.items()}

    async def _register(self, session: AsyncSession, draft: TicketDraft, call: Call, message: Voicemail) -> Ticket:
        now = self._clock.now()
        fields = await self._fields(session, draft, message.text)
        category = await session.get_one(Category, fields.category_code)
        timing = await Timing.load(session, now, self._profile)
        ticket = await intake.add_ticket(
            session,
            fields,
            category=category,
            actor=SYSTEM,
            call=call,
            now=now,
            profile=timing.profile,
            jurisdiction_id=await intake.jurisdiction_of(session, SYSTEM, None),
            channel=CHANNEL,
        )
        act = Act(session, timing, SYSTEM, ticket, now)
        await apply(act, "T01", Opened(call.id, message.id))
        about = (("call_id", call.id), ("message_id", message.id))
        await apply(act, "T05", Submitted(MADE, silent=LATER, detail=about))
        return ticket

    async def _fields(self, session: AsyncSession, draft: TicketDraft, text: str) -> TicketFields:
        """What was heard, as far as it can stand in a ticket; an agent puts the rest right."""
        view = view_of(draft)
        values: dict[str, Any] = dict(view.values)
        for name in ("category_code", "appeal_type"):
            if not values.get(name) and view.suggestions.get(name):
                values[name] = view.suggestions[name][0].value
        values["title"] = values.get("title") or f"电话留言：{text[:24]}"
        values["content"] = text
        try:
            fields = TicketFields.parse(values)
        except FieldErrors as error:
            fields = TicketFields.parse({k: v for k, v in values.items() if k not in error.errors})
        try:
            await intake.check_category(session, fields.category_code)
        except FieldErrors:
            fields = fields.model_copy(update={"category_code": OTHER})
        try:
            await intake.check_region(session, fields.region_code)
        except FieldErrors:
            fields = fields.model_copy(update={"region_code": ""})
        return fields.model_copy(update={"appeal_type": fields.appeal_type or "OTHER"})

    def _trace(self, session: AsyncSession, message: Voicemail, action: str, reason: str, **detail: Any) -> None:
        session.add(
            AuditEvent(
                at=self._clock.now(),
                object_kind="voicemail",
                object_id=str(message.id),
                action=action,
                actor_name=SYSTEM.name,
                reason=reason,
                detail={"call_id": message.call_id, **detail},
            )
        )
