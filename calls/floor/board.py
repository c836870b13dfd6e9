"""What a supervisor sees of the room at this moment, read from the database: any desk may ask."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from calls.asterisk.queues import QUEUES
from db.models.call import AgentSession, Call, QueueEntry
from runtime.clock import Clock


@dataclass(frozen=True, slots=True)
class QueueRow:
    queue: str
    waiting: int
    oldest_s: float
    """How long the first has waited, seconds; 0 when nobody waits."""
    ready: int
    staffed: int


@dataclass(frozen=True, slots=True)
class AgentRow:
    agent: str
    node: str
    user_id: int | None
    state: str
    reason: str
    since: datetime
    age_s: float
    call_id: str
    queues: tuple[str, ...]
    wanted: str


@dataclass(frozen=True, slots=True)
class CallRow:
    call_id: str
    node: str
    direction: str
    caller: str
    state: str
    queue: str
    agent: str
    started_at: datetime
    age_s: float
    answered_at: datetime | None
    emergency: bool


@dataclass(frozen=True, slots=True)
class Board:
    at: datetime
    queues: tuple[QueueRow, ...]
    agents: tuple[AgentRow, ...]
    calls: tuple[CallRow, ...]


async def snapshot(session: AsyncSession, clock: Clock, *, away: Collection[str] = ()) -> Board:
    """Queues, agents (who is signed in) with the age of their state, and calls in progress, oldest first.

    All nodes together; the queues do not count what is at nodes that are `away`, because nobody knows how it is.
    """
    now = clock.now()
    seats = (await session.scalars(select(AgentSession).order_by(AgentSession.agent))).all()
    live = (await session.scalars(select(Call).where(Call.state != "ended").order_by(Call.started_at))).all()
    waiting = (
        await session.execute(
            select(QueueEntry.queue, QueueEntry.entered_at)
            .join(Call, Call.id == QueueEntry.call_id)
            .where(QueueEntry.left_at.is_(None), Call.state != "ended", Call.node.not_in(away))
        )
    ).all()
    signed_in = [seat for seat in seats if seat.state != "offline"]

    def queue_row(name: str) -> QueueRow:
        entered = [moment for queue, moment in waiting if queue == name]
        staff = [seat for seat in signed_in if name in seat.queues and seat.node not in away]
        return QueueRow(
            queue=name,
            waiting=len(entered),
            oldest_s=_age(min(entered), now) if entered else 0.0,
            ready=sum(seat.state == "ready" for seat in staff),
            staffed=len(staff),
        )

    return Board(
        at=now,
        queues=tuple(queue_row(name) for name in QUEUES),
        agents=tuple(
            AgentRow(
                agent=seat.agent,
                node=seat.node,
                user_id=seat.user_id,
                state=seat.state,
                reason=seat.reason,
                since=seat.since,
                age_s=_age(seat.since, now),
                call_id=seat.call_id or "",
                queues=tuple(seat.queues),
                wanted=seat.wanted,
            )
            for seat in signed_in
        ),
        calls=tuple(
            CallRow(
                call_id=call.id,
                node=call.node,
                direction=call.direction,
                caller=call.caller,
                state=call.state,
                queue=call.queue,
                agent=call.agent,
                started_at=call.started_at,
                age_s=_age(call.started_at, now),
                answered_at=call.answered_at,
                emergency=call.emergency,
            )
            for call in live
        ),
    )


def _age(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())
