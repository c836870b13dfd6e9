"""From where on a figure on the board is worth a look (amber) and from where it is bad (red), queue by queue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import FloorLimit


class Metric(StrEnum):
    """What may have limits. `in_time` and `ready` are worse the smaller they are, the others the greater."""

    WAITING = "waiting"
    LONGEST_S = "longest_s"
    """Wait of the first in the queue, seconds."""
    IN_TIME = "in_time"
    """Answered within 15 s in the last 30 minutes, per cent."""
    ABANDONED = "abandoned"
    """In the last 30 minutes."""
    READY = "ready"


FALLING = frozenset({Metric.IN_TIME, Metric.READY})


@dataclass(frozen=True, slots=True)
class Limit:
    """`amber` and `red` are reached by the figure itself; None is no limit."""

    amber: int | None
    red: int | None


DEFAULTS: dict[Metric, Limit] = {
    Metric.WAITING: Limit(3, 8),
    Metric.LONGEST_S: Limit(15, 60),
    Metric.IN_TIME: Limit(94, 80),
    Metric.ABANDONED: Limit(2, 5),
    Metric.READY: Limit(1, 0),
}
"""15 s and 95 % are the standard's (domain.md 4.1); the rest a supervisor sets as the centre needs it."""

Limits = dict[Metric, Limit]


async def limits(session: AsyncSession, queues: Iterable[str]) -> dict[str, Limits]:
    """The limits of these queues ("" is the whole floor): their own, else the defaults."""
    found = {queue: dict(DEFAULTS) for queue in queues}
    for row in await session.scalars(select(FloorLimit)):
        if row.queue in found and row.metric in set(Metric):
            found[row.queue][Metric(row.metric)] = Limit(row.amber, row.red)
    return found


async def set_limits(session: AsyncSession, queue: str, wanted: Limits) -> None:
    """Give this queue these limits; what is not named has its default again."""
    await session.execute(delete(FloorLimit).where(FloorLimit.queue == queue))
    session.add_all(
        FloorLimit(queue=queue, metric=metric.value, amber=limit.amber, red=limit.red)
        for metric, limit in wanted.items()
    )
