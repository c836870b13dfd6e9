"""What one step of the tracker changes: rows to write and events to publish, gathered and then done together."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from calls.state.ledger import Op
from calls.state.live import LiveAgent, LiveCall, LiveEntry, LiveLeg
from db.models.call import AgentSession, AgentStateLog, Call, CallEvent, CallLeg, Handoff, QueueEntry
from runtime.events import Event


@dataclass(slots=True)
class Changes:
    """Rows first, then events, in the order they were added."""

    node: str = ""
    """The node whose calls and seats these are."""
    rows: list[Op] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.rows or self.events)

    def publish(self, event: Event) -> None:
        self.events.append(event)

    def save_call(self, call: LiveCall, at: datetime, **more: Any) -> None:
        """Write the call's row as it stands now; columns that other rooms own are left alone."""
        values: dict[str, Any] = {
            "node": self.node,
            "direction": call.direction,
            "caller": call.caller,
            "caller_raw": call.caller_raw,
            "callee": call.callee,
            "uniqueid": call.uniqueid,
            "linkedid": call.linkedid,
            "channel": call.channel,
            "state": str(call.state),
            "hungup_by": call.hungup_by,
            "queue": call.queue,
            "agent": call.agent,
            "agent_user_id": call.agent_user_id,
            "agent_channel": call.agent_channel,
            "started_at": call.started_at,
            "queued_at": call.queued_at,
            "answered_at": call.answered_at,
            "wait_s": (call.answered_at - call.started_at).total_seconds() if call.answered_at else None,
            "ring_s": call.ring.read(at),
            "talk_s": call.talk.read(at),
            "hold_s": call.hold.read(at),
            **more,
        }
        call_id = call.id

        async def op(session: AsyncSession) -> None:
            await session.merge(Call(id=call_id, **values))

        self.rows.append(op)

    def add_wrap_up(self, call_id: str, seconds: float) -> None:
        async def op(session: AsyncSession) -> None:
            await session.execute(update(Call).where(Call.id == call_id).values(wrapup_s=seconds))

        self.rows.append(op)

    def log_event(self, call: LiveCall, at: datetime, kind: str, **detail: Any) -> None:
        """A line on the call's time line."""
        call_id = call.id

        async def op(session: AsyncSession) -> None:
            session.add(CallEvent(call_id=call_id, at=at, kind=kind, detail=detail))

        self.rows.append(op)

    def leg_joined(self, call: LiveCall, leg: LiveLeg, at: datetime) -> None:
        row = {
            "call_id": call.id,
            "role": leg.role,
            "name": leg.name,
            "channel": leg.channel,
            "uniqueid": leg.uniqueid,
            "node": self.node,
            "joined_at": at,
        }

        async def op(session: AsyncSession) -> None:
            session.add(CallLeg(**row))

        self.rows.append(op)

    def leg_left(self, call: LiveCall, leg: LiveLeg, at: datetime) -> None:
        call_id, channel = call.id, leg.channel

        async def op(session: AsyncSession) -> None:
            await session.execute(
                update(CallLeg)
                .where(CallLeg.call_id == call_id, CallLeg.channel == channel, CallLeg.left_at.is_(None))
                .values(left_at=at)
            )

        self.rows.append(op)

    def queue_entered(self, call: LiveCall, entry: LiveEntry) -> None:
        row = {
            "call_id": call.id,
            "queue": entry.queue,
            "node": self.node,
            "entered_at": entry.entered_at,
            "first_position": entry.position,
        }

        async def op(session: AsyncSession) -> None:
            session.add(QueueEntry(**row))

        self.rows.append(op)

    def queue_updated(self, call: LiveCall, entry: LiveEntry, **values: Any) -> None:
        """Update the open stay: rings and misses, and how it ended when `left_at` and `result` are given."""
        call_id = call.id
        values = {"rings": entry.rings, "missed": entry.missed, **values}

        async def op(session: AsyncSession) -> None:
            await session.execute(
                update(QueueEntry)
                .where(QueueEntry.call_id == call_id, QueueEntry.left_at.is_(None))
                .values(**values)
            )

        self.rows.append(op)

    def take_seat(self, agent: LiveAgent) -> None:
        """The seat is at this node from now on, wherever it was: its agent has signed in here."""
        seat, node = agent.agent, self.node

        async def op(session: AsyncSession) -> None:
            await session.execute(update(AgentSession).where(AgentSession.agent == seat).values(node=node))

        self.rows.append(op)

    def save_agent(self, agent: LiveAgent) -> None:
        """Write how the seat stands, unless its agent has signed in at another node since."""
        values: dict[str, Any] = {
            "node": self.node,
            "user_id": agent.user_id,
            "state": str(agent.state),
            "reason": agent.reason,
            "since": agent.since,
            "call_id": agent.call_id or None,
            "queues": list(agent.queues),
            "heartbeat_at": agent.heartbeat_at,
            "wanted": agent.wanted,
            "wanted_reason": agent.wanted_reason,
        }
        seat, node = agent.agent, self.node

        async def op(session: AsyncSession) -> None:
            held = await session.scalar(select(AgentSession.node).where(AgentSession.agent == seat))
            if held in (None, "", node):
                await session.merge(AgentSession(agent=seat, **values))

        self.rows.append(op)

    def log_state(self, agent: LiveAgent, at: datetime) -> None:
        """Close the agent's open line of history and begin the next; a new reason is a line of its own."""
        seat, user_id = agent.agent, agent.user_id
        row = {
            "state": str(agent.state),
            "reason": agent.reason,
            "call_id": agent.call_id or None,
            "node": self.node,
        }

        async def op(session: AsyncSession) -> None:
            await session.execute(
                update(AgentStateLog)
                .where(AgentStateLog.agent == seat, AgentStateLog.until.is_(None))
                .values(until=at)
            )
            session.add(AgentStateLog(agent=seat, user_id=user_id, since=at, **row))

        self.rows.append(op)

    def save_handoff(self, handoff_id: int, **values: Any) -> None:
        async def op(session: AsyncSession) -> None:
            row = (await session.execute(select(Handoff).where(Handoff.id == handoff_id))).scalar_one_or_none()
            if row is not None:
                for key, value in values.items():
                    setattr(row, key, value)

        if handoff_id:
            self.rows.append(op)
