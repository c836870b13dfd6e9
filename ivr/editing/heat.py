"""What callers did in a script: how many took each exit, hung up or pressed wrong keys.

Also which versions live calls use. Read from the steps that every call leaves behind.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, ScriptStepRow
from runtime.clock import Clock

DAYS = 7
SHOWN = 2000
"""Rows of the count at most: nodes and exits of all versions of these days."""


@dataclass(slots=True)
class NodeHeat:
    """Callers (calls, each once) in a node: `entered` it, left by each of `exits`, `hung_up` there."""

    entered: int = 0
    hung_up: int = 0
    exits: Counter[str] = field(default_factory=Counter)

    @property
    def wrong_keys(self) -> int:
        return self.exits["wrong_key"]


async def heat(session: AsyncSession, clock: Clock, script: str, days: int = DAYS) -> dict[str, NodeHeat]:
    """Node -> what callers of the last days did there, all versions of this script together."""
    since = clock.now() - timedelta(days=days)
    before = func.lag(ScriptStepRow.node).over(partition_by=ScriptStepRow.call_id, order_by=ScriptStepRow.id)
    steps = (
        select(
            ScriptStepRow.call_id,
            ScriptStepRow.node,
            (ScriptStepRow.kind == "end").label("ended"),
            ScriptStepRow.detail,
            before.label("before"),
        )
        .where(ScriptStepRow.at >= since, ScriptStepRow.script == script)
        .subquery()
    )
    callers = func.count(steps.c.call_id.distinct())
    entered = await session.execute(
        select(steps.c.node, callers).where(steps.c.node != "").group_by(steps.c.node).limit(SHOWN)
    )
    left = await session.execute(
        select(steps.c.before, steps.c.ended, steps.c.detail, callers)
        .where(steps.c.before != "", ~steps.c.ended | (steps.c.detail == "hung_up"))
        .group_by(steps.c.before, steps.c.ended, steps.c.detail)
        .limit(SHOWN)
    )
    found: defaultdict[str, NodeHeat] = defaultdict(NodeHeat)
    for node, count in entered.all():
        found[node].entered = count
    for node, ended, exit_name, count in left.all():
        if ended:
            found[node].hung_up = count
        elif exit_name:
            found[node].exits[exit_name] = count
    return dict(found)


async def live_versions(session: AsyncSession) -> dict[tuple[str, int], int]:
    """(script, version) -> calls now on the line that began with it."""
    first = (
        select(ScriptStepRow.call_id, func.min(ScriptStepRow.id).label("id"))
        .join(Call, Call.id == ScriptStepRow.call_id)
        .where(Call.ended_at.is_(None), Call.state != "ended")
        .group_by(ScriptStepRow.call_id)
        .subquery()
    )
    rows = await session.execute(
        select(ScriptStepRow.script, ScriptStepRow.version, func.count())
        .join(first, first.c.id == ScriptStepRow.id)
        .group_by(ScriptStepRow.script, ScriptStepRow.version)
    )
    return {(script, version): count for script, version, count in rows.all()}
