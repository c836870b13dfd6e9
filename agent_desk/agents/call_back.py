"""What a call of ours is about: the task it was made for, its messages, and the tickets they have already."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.agents.callback_list import KINDS, TOGETHER, message_row, protect
from agent_desk.web.web_sessions import Identity
from calls.callbacks.callback_claims import task_of
from db.models import Call, CallbackTask, Ticket, Unit, Voicemail
from tickets.drafting.drafts import load_draft
from tickets.messages.check import is_unchecked
from tickets.reading.masking import listed_title
from tickets.states import STATE_NAMES, State


@dataclass(frozen=True, slots=True)
class CallBack:
    """A call-back and what is known of its matter."""

    task: CallbackTask
    messages: list[tuple[Voicemail, Call]] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    """Of the task's own call first, then the newest."""

    @property
    def to_complete(self) -> Ticket | None:
        """The ticket that was made of the message and that nobody has checked: this call is to complete it."""
        return next((ticket for ticket in self.tickets if is_unchecked(ticket)), None)


async def call_back_of(session: AsyncSession, call: Call) -> CallBack | None:
    """What `call` was made for; None when it is no call-back."""
    task = await task_of(session, call)
    if task is None:
        return None
    rows = await session.execute(
        select(Voicemail, Call)
        .join(Call, Call.id == Voicemail.call_id)
        .where(
            Call.caller == task.phone,
            Voicemail.created_at <= call.started_at,
            or_(
                Call.id == task.call_id,
                Voicemail.created_at >= task.created_at,
                # What an earlier agent was done with is another matter.
                and_(
                    Voicemail.created_at >= task.created_at - TOGETHER,
                    Voicemail.state.not_in(("checked", "heard")),
                ),
            ),
        )
        .order_by(Voicemail.id)
    )
    messages = [(message, left) for message, left in rows]
    found = await session.scalars(
        select(Ticket).where(
            or_(
                Ticket.call_id == task.call_id,
                Ticket.id.in_([message.ticket_id for message, _ in messages if message.ticket_id is not None]),
            )
        )
    )
    tickets = sorted(found, key=lambda ticket: (ticket.call_id != task.call_id, -ticket.id))
    return CallBack(task, messages, tickets)


async def call_back_view(session: AsyncSession, who: Identity, call: Call, now: datetime) -> dict[str, Any] | None:
    """The call-back as the draft's pane shows it; `suggestions` are what was heard in the message."""
    back = await call_back_of(session, call)
    if back is None:
        return None
    numbers = {ticket.id: ticket.ticket_no for ticket in back.tickets}
    messages = [
        (message_row(message, left, numbers.get(message.ticket_id or 0)), message)
        for message, left in back.messages
    ]
    await protect(session, who, messages, now)
    origin = await session.get(Call, back.task.call_id)
    complete = back.to_complete
    heard = await load_draft(session, complete.call_id) if complete is not None and complete.call_id else None
    return {
        "kind_label": KINDS.get(back.task.kind, back.task.kind),
        "called_at": (origin.started_at if origin else back.task.created_at).isoformat(),
        "messages": [row for row, _ in messages],
        "tickets": [await _ticket(session, who, ticket) for ticket in back.tickets],
        "completes": complete.ticket_no if complete is not None else "",
        "suggestions": {
            name: [asdict(option) for option in options]
            for name, options in (heard.suggestions if heard else {}).items()
        },
    }


async def _ticket(session: AsyncSession, who: Identity, ticket: Ticket) -> dict[str, Any]:
    unit = await session.get(Unit, ticket.unit_id) if ticket.unit_id is not None else None
    return {
        "no": ticket.ticket_no,
        "state_label": "已登记，待核对" if is_unchecked(ticket) else STATE_NAMES[State(ticket.state)],
        "unit": unit.short_name if unit else "",
        "title": listed_title(who.actor, ticket),
    }
