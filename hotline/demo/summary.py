"""The figures of what was invented, for whoever filled it."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, QueueEntry, Ticket
from hotline.demo.clear import TICKETS
from hotline.demo.marks import NODE
from tickets.states import STATE_NAMES, State


async def summary(session: AsyncSession) -> list[tuple[str, str]]:
    """Rows of a table: what, and how much."""
    ours = Call.node == NODE, Call.direction == "in"
    calls = await session.scalar(select(func.count()).select_from(Call).where(*ours)) or 0
    waits = [
        ((left - entered).total_seconds() if left else 0.0, result)
        for entered, left, result in await session.execute(
            select(QueueEntry.entered_at, QueueEntry.left_at, QueueEntry.result).where(
                QueueEntry.node == NODE, QueueEntry.left_at.is_not(None)
            )
        )
    ]
    answered = [wait for wait, result in waits if result == "answered"]
    talk, wrap_up = (
        await session.execute(
            select(func.avg(Call.talk_s), func.avg(Call.wrapup_s)).where(*ours, Call.answered_at.is_not(None))
        )
    ).one()
    soon = sum(wait <= 15 for wait in answered)
    rows = [
        ("calls", str(calls)),
        ("answered, of those in the queue", _share(len(answered), len(waits))),
        ("within 15 s in the queue", _share(soon, len(waits))),
        ("mean talk, after-call work", f"{talk or 0:.0f} s, {wrap_up or 0:.0f} s"),
    ]
    states = select(Ticket.state, func.count()).where(Ticket.id.in_(TICKETS)).group_by(Ticket.state)
    by_state = {state: count for state, count in (await session.execute(states)).all()}
    rows.append(("tickets", str(sum(by_state.values()))))
    rows += [(f"  {STATE_NAMES[state]}", str(by_state[state])) for state in State if state in by_state]
    return rows


def _share(part: int, whole: int) -> str:
    return f"{part} ({part / whole:.1%})" if whole else "0"
