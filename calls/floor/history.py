"""Earlier calls of a citizen, for the caller card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models.call import Call, Recording


@dataclass(frozen=True, slots=True)
class PastCall:
    """One earlier call; `recording` is a path under the recordings folder, "" when there is none."""

    call_id: str
    direction: str
    started_at: datetime
    state: str
    outcome: str
    agent: str
    agent_user_id: int | None
    wait_s: float | None
    talk_s: float | None
    recording: str


async def calls_of_phone(
    session: AsyncSession, phone: str, limit: int = 20, *, before_call: str = ""
) -> list[PastCall]:
    """The last calls of this normalised number, newest first, without `before_call` (the one on the line)."""
    if not phone:  # anonymous callers are not one person
        return []
    query = (
        select(Call, Recording.path)
        .outerjoin(Recording, Recording.call_id == Call.id)
        .where(Call.caller == phone, Call.id != before_call)
        .order_by(Call.started_at.desc())
        .limit(limit)
    )
    return [
        PastCall(
            call_id=call.id,
            direction=call.direction,
            started_at=call.started_at,
            state=call.state,
            outcome=call.outcome,
            agent=call.agent,
            agent_user_id=call.agent_user_id,
            wait_s=call.wait_s,
            talk_s=call.talk_s,
            recording=path or "",
        )
        for call, path in (await session.execute(query)).all()
    ]
