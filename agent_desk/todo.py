"""What waits for an agent between calls: call-backs, own unfinished tickets, and the day's figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from agent_desk.services import DeskServices
from agent_desk.web_sessions import Identity
from calls.callbacks import list_open
from db.models import Call, Ticket, TicketDraft
from hotline.clock import local
from hotline.phone import normalise

SHOWN = 20
DRAFTS_FOR = timedelta(days=7)
KINDS = {"missed": "漏接", "requested": "预约", "voicemail": "留言"}


async def desk_todo(desk: DeskServices, who: Identity) -> dict[str, Any]:
    """What `/api/desk/todo` answers."""
    now = desk.clock.now()
    midnight = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
    async with desk.sessions() as session:
        tasks = await list_open(session, limit=SHOWN)
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
                    Call.agent_user_id == who.user_id, Call.answered_at >= midnight
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
            "callbacks": [
                {
                    "id": task.id,
                    "phone": task.phone,
                    "display": normalise(task.phone).display,
                    "kind_label": KINDS.get(task.kind, task.kind),
                    "created_at": task.created_at.isoformat(),
                    "due_at": task.due_at.isoformat(),
                    "late": task.due_at < now,
                    "attempts": task.attempts,
                }
                for task in tasks
                if task.state == "open" or task.taken_by == who.user_id
            ],
        }
