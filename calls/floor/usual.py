"""What is usual at this hour: the mean of the same weekday in the last four weeks, by half hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from calls.floor.figures import HALF_HOUR
from db.models import Call, QueueEntry
from runtime.clock import midnight

WEEKS = 4
HALVES = 24 * 60 // HALF_HOUR


@dataclass(frozen=True, slots=True)
class Usual:
    """`queued`: mean number of calls that entered a queue in each half hour from midnight. `days`: of how many."""

    day: datetime
    days: int
    queued: tuple[float, ...]


async def usual(session: AsyncSession, now: datetime) -> Usual:
    """The mean of the last four same weekdays (Shanghai) on which any call was queued."""
    today = midnight(now)
    counts, days = [0] * HALVES, 0
    for week in range(1, WEEKS + 1):
        began = today - timedelta(weeks=week)
        first = (
            select(func.min(QueueEntry.entered_at).label("entered"))
            .join(Call, Call.id == QueueEntry.call_id)
            .where(QueueEntry.entered_at >= began, QueueEntry.entered_at < began + timedelta(days=1))
            .group_by(QueueEntry.call_id)
        )
        moments = (await session.scalars(first)).all()
        days += bool(moments)
        for moment in moments:
            counts[int((moment - began).total_seconds() // 60 // HALF_HOUR)] += 1
    return Usual(today, days, tuple(count / days if days else 0.0 for count in counts))
