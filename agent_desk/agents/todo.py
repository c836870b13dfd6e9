"""What waits for an agent between calls: call-backs, messages, own unfinished tickets, and the day's figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from agent_desk.agents.callback_list import waiting
from agent_desk.agents.unwatched import own_unwatched
from agent_desk.web.services import DeskServices
from agent_desk.web.web_sessions import Identity
from calls.callbacks.call_hours import CallHours
from db.models import Call, Ticket, TicketDraft
from language.phone import normalise
from runtime.clock import local
from tickets.clocks.calendar import unpublished_next_year

SHOWN = 20
DRAFTS_FOR = timedelta(days=7)


async def desk_todo(desk: DeskServices, who: Identity) -> dict[str, Any]:
    """What `/api/desk/todo` answers."""
    now = desk.clock.now()
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    async with desk.sessions() as session:
        drafts = await session.execute(
            select(TicketDraft, Call)
            .join(Call, Call.id == TicketDraft.call_id)
            .where(
                TicketDraft.agent_user_id == who.user_id,
                TicketDraft.submitted_ticket_id.is_(None),
                TicketDraft.updated_at >= now - DRAFTS_FOR,
                Call.state == "ended",
            )
            .order_by(TicketDraft.updated_at.desc())
            .limit(SHOWN)
        )
        answered, talk = (
            await session.execute(
                select(func.count(), func.avg(Call.talk_s)).where(
                    Call.agent_user_id == who.user_id, Call.answered_at >= midnight, Call.direction == "in"
                )
            )
        ).one()
        tickets, on_line = (
            await session.execute(
                select(func.count(), func.count().filter(Ticket.close_reason == "ANSWERED_ON_LINE")).where(
                    Ticket.created_by == who.user_id, Ticket.received_at >= midnight
                )
            )
        ).one()
        return {
            "today": {
                "answered": answered,
                "talk": f"{int(talk // 60)}:{int(talk % 60):02d}" if talk else "—",
                "tickets": tickets,
                "on_line": on_line,
            },
            "drafts": [
                {
                    "call_id": call.id,
                    "at": call.started_at.isoformat(),
                    "display": normalise(call.caller).display,
                    "title": str(draft.fields.get("title") or "")[:60],
                }
                for draft, call in drafts
            ],
            "calendar_missing": await unpublished_next_year(session, local(now).date()),
            "unwatched": await own_unwatched(session, who, now),
            **await waiting(session, who, now, CallHours.of(desk.settings)),
        }
