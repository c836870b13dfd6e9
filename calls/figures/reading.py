"""Reads a period's rows, one statement for each kind, streamed: a year needs no more memory than a day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from calls.callbacks.call_hours import CallHours
from calls.callbacks.tasks import DUE, SHORT_S
from calls.figures.call_facts import CallFacts, CallRow, Stay, facts
from calls.figures.other_kpis import HandedOver, Missed
from calls.figures.period import Scope
from db.models import (
    AgentStateLog,
    Call,
    CallEvent,
    CallLeg,
    Handoff,
    QueueEntry,
    ScriptStepRow,
    SurveyAnswer,
    User,
)

BATCH = 2000
"""Rows fetched at once; between two batches others have their turn."""
LATE_CALL_BACK = timedelta(days=3)
"""A call to the same number later than this is about something else."""
LONGEST_STATE = timedelta(days=7)
"""No state of a seat that is signed in lasts so long: who is gone is signed out."""
MISSED = ("abandoned", "unknown")


@dataclass(frozen=True, slots=True)
class Step:
    """A node that a script entered; `detail` is the exit of the node before by which it came."""

    node: str
    kind: str
    at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class CallSteps:
    """A call's way through its script; without steps when the script was away. `outcome` as in `call`."""

    call_id: str
    started_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    outcome: str
    script: str
    version: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class SeatState:
    """A stretch of a seat's history, cut to the period. `outbound`: the call in it was one of ours."""

    agent: str
    user_id: int | None
    state: str
    reason: str
    call_id: str
    outbound: bool
    since: datetime
    until: datetime
    begins_here: bool
    """It began in the period; else it was only cut at its beginning."""


def _calls_of(scope: Scope, start: datetime) -> ColumnElement[bool]:
    """The incoming calls of the scope, from another moment on if need be."""
    found = [Call.direction == "in", Call.started_at >= start, Call.started_at < scope.end]
    if scope.queue:
        stay = aliased(QueueEntry)
        found.append(exists().where(stay.call_id == Call.id, stay.queue == scope.queue).correlate(Call))
    if scope.unit_id is not None:
        found.append(Call.agent_user_id.in_(select(User.id).where(User.unit_id == scope.unit_id)))
    return and_(*found)


async def _rows(
    session: AsyncSession, statement: Select[*tuple[Any, ...]]
) -> AsyncIterator[Sequence[Row[*tuple[Any, ...]]]]:
    """The statement's rows, batch by batch."""
    result = await session.stream(statement, execution_options={"yield_per": BATCH})
    try:
        async for batch in result.partitions(BATCH):
            yield batch
    finally:
        await result.close()


async def _groups(
    session: AsyncSession, statement: Select[*tuple[Any, ...]]
) -> AsyncIterator[list[Row[*tuple[Any, ...]]]]:
    """Rows that follow each other with the same `id`, together."""
    kept: list[Row[*tuple[Any, ...]]] = []
    async for batch in _rows(session, statement):
        for _, group in groupby(batch, key=lambda row: row.id):
            rows = list(group)
            if kept and kept[0].id != rows[0].id:
                yield kept
                kept = []
            kept += rows
    if kept:
        yield kept


async def read_calls(
    session: AsyncSession, scope: Scope, *, before: timedelta = timedelta(0)
) -> AsyncIterator[CallFacts]:
    """The scope's incoming calls in the order in which they came; also those that came so long before."""
    agents = (
        select(func.count(CallLeg.name.distinct()))
        .where(CallLeg.call_id == Call.id, CallLeg.role == "agent")
        .scalar_subquery()
    )
    third = exists().where(CallLeg.call_id == Call.id, CallLeg.role.in_(("unit", "emergency")))
    statement = (
        select(
            *(Call.id, Call.started_at, Call.queued_at, Call.answered_at, Call.ended_at, Call.outcome),
            *(Call.talk_s, Call.hold_s, Call.wrapup_s, agents.label("seats"), third.label("third")),
            *(QueueEntry.queue, QueueEntry.entered_at, QueueEntry.left_at, QueueEntry.result),
        )
        .outerjoin(QueueEntry, QueueEntry.call_id == Call.id)
        .where(_calls_of(scope, scope.start - before))
        .order_by(Call.started_at, Call.id, QueueEntry.entered_at, QueueEntry.id)
    )
    async for rows in _groups(session, statement):
        first = rows[0]
        call = CallRow(
            id=first.id,
            started_at=first.started_at,
            queued_at=first.queued_at,
            answered_at=first.answered_at,
            ended_at=first.ended_at,
            outcome=first.outcome,
            talk_s=first.talk_s or 0.0,
            hold_s=first.hold_s or 0.0,
            wrapup_s=first.wrapup_s or 0.0,
            seats=first.seats,
            third=bool(first.third),
        )
        stays = [Stay(row.queue, row.entered_at, row.left_at, row.result) for row in rows if row.entered_at]
        yield facts(call, stays, scope.queue)


async def read_missed(session: AsyncSession, scope: Scope, hours: CallHours) -> AsyncIterator[Missed]:
    """Missed calls with a number, and what became of them; the numbers stay in the database."""
    other = aliased(Call)

    def first(moment: Any, direction: str) -> Any:
        found = select(func.min(moment)).where(
            other.caller == Call.caller, other.direction == direction, other.started_at > Call.started_at
        )
        return found.where(other.channel != "") if direction == "out" else found

    statement = (
        select(
            *(Call.id, Call.started_at, Call.queued_at, Call.ended_at),
            first(other.started_at, "out").scalar_subquery().label("tried_at"),
            first(other.answered_at, "out").scalar_subquery().label("reached_at"),
            first(other.answered_at, "in").scalar_subquery().label("again_at"),
        )
        .where(
            _calls_of(scope, scope.start),
            Call.answered_at.is_(None),
            Call.queued_at.is_not(None),
            Call.ended_at.is_not(None),
            Call.caller != "",
            Call.outcome.in_(MISSED),
        )
        .order_by(Call.started_at, Call.id)
    )
    async for batch in _rows(session, statement):
        for row in batch:
            if (row.ended_at - row.queued_at).total_seconds() < SHORT_S:
                continue
            late = row.ended_at + LATE_CALL_BACK
            yield Missed(
                started_at=row.started_at,
                due_at=call_back_by(row.ended_at, hours),
                tried_at=_by(row.tried_at, late),
                reached_at=_by(row.reached_at, late),
                again_at=row.again_at,
            )


def call_back_by(ended_at: datetime, hours: CallHours) -> datetime:
    """Until when a missed call should be called back: 30 minutes in which citizens may be rung.

    What would end at night has its 30 minutes in the morning: before the hours begin nobody may call.
    """
    due = hours.next_open(ended_at) + DUE
    return due if hours.open(due) else hours.next_open(due) + DUE


def _by(moment: datetime | None, limit: datetime) -> datetime | None:
    return moment if moment is not None and moment <= limit else None


async def read_handoffs(session: AsyncSession, scope: Scope) -> AsyncIterator[HandedOver]:
    """Hand-offs of the scope's calls to emergency numbers and other hotlines, by agents or by the script."""
    statement = (
        select(
            *(Handoff.id, Handoff.result, Handoff.detected_at, Handoff.started_at, Handoff.accepted_at),
            Handoff.returned_at,
        )
        .join(Call, Call.id == Handoff.call_id)
        .where(_calls_of(scope, scope.start), Handoff.target_kind == "emergency")
        .order_by(Handoff.id)
    )
    async for batch in _rows(session, statement):
        for row in batch:
            took = row.accepted_at - (row.detected_at or row.started_at) if row.accepted_at else None
            yield HandedOver(
                accepted=row.accepted_at is not None or row.result in ("accepted", "returned"),
                returned=row.returned_at is not None,
                took_s=max(0.0, took.total_seconds()) if took is not None else None,
            )


async def read_ratings(session: AsyncSession, scope: Scope) -> dict[int, int]:
    """How often each answer was given in the survey."""
    rows = await session.execute(
        select(SurveyAnswer.answer, func.count())
        .join(Call, Call.id == SurveyAnswer.call_id)
        .where(_calls_of(scope, scope.start))
        .group_by(SurveyAnswer.answer)
    )
    return {answer: count for answer, count in rows.all()}


async def read_steps(session: AsyncSession, scope: Scope) -> AsyncIterator[CallSteps]:
    """Each call's way through its script."""
    statement = (
        select(
            *(Call.id, Call.started_at, Call.queued_at, Call.answered_at, Call.outcome),
            *(ScriptStepRow.script, ScriptStepRow.version, ScriptStepRow.node, ScriptStepRow.kind),
            *(ScriptStepRow.at, ScriptStepRow.detail),
        )
        .outerjoin(ScriptStepRow, ScriptStepRow.call_id == Call.id)
        .where(_calls_of(scope, scope.start))
        .order_by(Call.started_at, Call.id, ScriptStepRow.at, ScriptStepRow.id)
    )
    async for rows in _groups(session, statement):
        first = rows[0]
        yield CallSteps(
            call_id=first.id,
            started_at=first.started_at,
            queued_at=first.queued_at,
            answered_at=first.answered_at,
            outcome=first.outcome,
            script=first.script or "",
            version=first.version or 0,
            steps=tuple(Step(row.node, row.kind, row.at, row.detail) for row in rows if row.at is not None),
        )


async def read_fallbacks(session: AsyncSession, scope: Scope) -> set[str]:
    """Calls that the dialplan led by itself because the script was away; it says the notice, too."""
    rows = await session.scalars(
        select(CallEvent.call_id)
        .join(Call, Call.id == CallEvent.call_id)
        .where(_calls_of(scope, scope.start), CallEvent.kind == "fallback")
    )
    return set(rows)


async def read_seats(session: AsyncSession, scope: Scope, now: datetime) -> AsyncIterator[SeatState]:
    """What seats did while signed in, by seat and in order; a state that still lasts ends now."""
    statement = (
        select(
            *(AgentStateLog.agent, AgentStateLog.user_id, AgentStateLog.state, AgentStateLog.reason),
            *(AgentStateLog.call_id, AgentStateLog.since, AgentStateLog.until, Call.direction),
        )
        .outerjoin(Call, Call.id == AgentStateLog.call_id)
        .where(
            AgentStateLog.state != "offline",
            AgentStateLog.since >= scope.start - LONGEST_STATE,
            AgentStateLog.since < scope.end,
            or_(AgentStateLog.until.is_(None), AgentStateLog.until > scope.start),
        )
        .order_by(AgentStateLog.agent, AgentStateLog.since, AgentStateLog.id)
    )
    if scope.unit_id is not None:
        statement = statement.where(
            AgentStateLog.user_id.in_(select(User.id).where(User.unit_id == scope.unit_id))
        )
    end = min(scope.end, now)
    async for batch in _rows(session, statement):
        for log in batch:
            since, until = max(log.since, scope.start), min(log.until or now, end)
            if until < since:
                continue
            yield SeatState(
                agent=log.agent,
                user_id=log.user_id,
                state=log.state,
                reason=log.reason,
                call_id=log.call_id or "",
                outbound=log.direction == "out",
                since=since,
                until=until,
                begins_here=log.since >= scope.start,
            )
