"""What the database knows of the last day, told to a floor as the events that were: a desk that has just started
knows as much as one that heard them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from calls.floor.floor import OPEN_CALLBACKS, Floor
from calls.floor.floor_calls import KEPT
from calls.state.call_states import CallState
from db.models import (
    AgentSession,
    AgentStateLog,
    Call,
    CallbackTask,
    CallEvent,
    CallLeg,
    Handoff,
    QueueEntry,
    ScriptStepRow,
)
from runtime.events import (
    AgentStateChanged,
    CallAnswered,
    CallbackChanged,
    CallEnded,
    CallQueued,
    CallRinging,
    CallStarted,
    EmergencyHeard,
    Event,
    HandoffChanged,
    LegJoined,
    QueueLeft,
    ScriptStep,
)

R = TypeVar("R", CallLeg, CallEvent, ScriptStepRow, Handoff)

ALERT = "emergency_heard"
"""Kind of the line that an alert leaves on a call's time line."""
TURN = 500
"""After so many events others have a turn: a busy day has a hundred thousand."""

Told = tuple[datetime, int, Event]
"""When, and what comes first of what happened at the same moment."""


async def remembered(session: AsyncSession, now: datetime) -> Floor:
    """A floor as the rows of the last day tell it."""
    floor, told = Floor(), await _told(session, now)
    told.sort(key=lambda each: each[:2])
    for number, (_, _, event) in enumerate(told):
        floor.take(event)
        if number % TURN == TURN - 1:
            await asyncio.sleep(0)
    await _settle(session, floor, now)
    return floor


async def _told(session: AsyncSession, now: datetime) -> list[Told]:
    told: list[Told] = []
    recent = or_(Call.started_at >= now - KEPT, Call.state != "ended")
    for call in await session.scalars(select(Call).where(recent)):
        told += _of_call(call)
    stays = select(QueueEntry).join(Call, Call.id == QueueEntry.call_id).where(recent).order_by(QueueEntry.id)
    for entry in await session.scalars(stays):
        told += _of_stay(entry)
    lines = or_(AgentStateLog.until.is_(None), AgentStateLog.until >= now - KEPT)
    for line in await session.scalars(select(AgentStateLog).where(lines).order_by(AgentStateLog.id)):
        event = AgentStateChanged(
            call_id=line.call_id or "",
            node=line.node,
            agent=line.agent,
            state=line.state,
            reason=line.reason,
            since=line.since,
            at=line.since,
            user_id=line.user_id,
        )
        told.append((line.since, 3, event))
    return told


def _of_call(call: Call) -> Iterator[Told]:
    if call.direction == "in":
        started = CallStarted(
            call_id=call.id,
            node=call.node,
            caller=call.caller,
            caller_raw=call.caller_raw,
            callee=call.callee,
            channel=call.channel,
            at=call.started_at,
        )
        yield call.started_at, 0, started
    elif call.state != CallState.ENDED:
        # It has not been answered yet, perhaps: what shows it is the number that is called.
        number = LegJoined(
            call_id=call.id, node=call.node, role="citizen", name=call.caller, channel="", at=call.started_at
        )
        yield call.started_at, 0, number
    if call.answered_at is not None:
        answered = CallAnswered(
            call_id=call.id,
            node=call.node,
            agent=call.agent,
            citizen_channel=call.channel,
            agent_channel=call.agent_channel,
            at=call.answered_at,
            origin=call.answered_at,
        )
        yield call.answered_at, 2, answered
    if call.state == CallState.ENDED:
        at = call.ended_at or call.started_at
        yield at, 5, CallEnded(call_id=call.id, node=call.node, outcome=call.outcome, at=at)


def _of_stay(entry: QueueEntry) -> Iterator[Told]:
    about = {"call_id": entry.call_id, "node": entry.node, "queue": entry.queue}
    # What ends comes before what begins: a caller may go from one queue straight to the next.
    yield entry.entered_at, 4, CallQueued(**about, position=entry.first_position, at=entry.entered_at)
    if entry.left_at is not None:
        left = QueueLeft(
            **about, entered_at=entry.entered_at, result=entry.result, agent=entry.agent, at=entry.left_at
        )
        yield entry.left_at, 1, left


async def _settle(session: AsyncSession, floor: Floor, now: datetime) -> None:
    """What is going on: seats, calls in progress, open call-backs."""
    for seat in await session.scalars(select(AgentSession)):
        known = floor.seats.seats.get(seat.agent)
        floor.take(
            AgentStateChanged(
                call_id=seat.call_id or "",
                node=seat.node,
                agent=seat.agent,
                state=seat.state,
                reason=seat.reason,
                since=seat.since,
                at=max(seat.since, known.counted_to) if known is not None and known.counted_to else seat.since,
                user_id=seat.user_id,
                queues=tuple(seat.queues),
            )
        )
    live = Call.state != "ended"
    rung = {seat.call_id: seat.agent for seat in floor.seats.seats.values() if seat.state == "ringing"}
    for leg in await session.scalars(_of_live(CallLeg, live).where(CallLeg.left_at.is_(None))):
        floor.take(
            LegJoined(
                call_id=leg.call_id,
                node=leg.node,
                role=leg.role,
                name=leg.name,
                channel=leg.channel,
                at=leg.joined_at,
            )
        )
    for step in await session.scalars(_of_live(ScriptStepRow, live)):
        floor.take(
            ScriptStep(
                call_id=step.call_id,
                script=step.script,
                version=step.version,
                step=step.node,
                kind=step.kind,
                at=step.at,
                detail=step.detail,
            )
        )
    for call in await session.scalars(select(Call).where(live)):
        if call.id in rung:
            floor.take(CallRinging(call_id=call.id, node=call.node, agent=rung[call.id], at=now))
        floor.calls.settle(call.id, CallState(call.state), call.agent)
    await _emergencies(session, floor, live)
    for task_id in await session.scalars(select(CallbackTask.id).where(CallbackTask.state.in_(OPEN_CALLBACKS))):
        floor.take(CallbackChanged(task_id=task_id, state="open", at=now))


async def _emergencies(session: AsyncSession, floor: Floor, live: ColumnElement[bool]) -> None:
    for alert in await session.scalars(_of_live(CallEvent, live).where(CallEvent.kind == ALERT)):
        floor.take(
            EmergencyHeard(
                call_id=alert.call_id,
                code=str(alert.detail.get("code", "")),
                target=str(alert.detail.get("target", "")),
                words=(),
                utterance_id="",
                speaker="citizen",
                at=alert.at,
            )
        )
    for handoff in await session.scalars(_of_live(Handoff, live)):
        floor.take(
            HandoffChanged(
                call_id=handoff.call_id,
                handoff_id=handoff.id,
                target=handoff.target,
                status=_status(handoff),
                at=handoff.started_at,
            )
        )


def _status(handoff: Handoff) -> str:
    if handoff.result == "accepted" and handoff.agent_left_at is not None:
        return "completed"
    return handoff.result or "calling"


def _of_live(model: type[R], live: ColumnElement[bool]) -> Select[R]:
    """Rows about calls in progress, in the order in which they were written."""
    about: Any = model
    query: Select[R] = select(model).join(Call, Call.id == about.call_id).where(live).order_by(about.id)
    return query
