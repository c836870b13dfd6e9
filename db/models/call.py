"""Calls, their legs and queue entries, agents' states, recordings, hand-offs, call-back tasks, voicemail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class Call(Base):
    """One citizen's call; `id` is the UUIDv7 `CALL_ID`. Durations are seconds.

    state: ivr, queued, ringing, talking, held, conference, ended.
    outcome (when ended): answered, abandoned, ivr, voicemail, callback, handed_over, failed, unknown (it ended
    while nobody of ours watched).
    """

    __tablename__ = "call"
    __table_args__ = (Index("ix_call_caller_started_at", "caller", "started_at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    node: Mapped[str] = mapped_column(String(32), default="", server_default="", index=True)
    """The node whose Asterisk has or had the call; "" for old rows until a node takes them."""
    direction: Mapped[str] = mapped_column(String(8), default="in")
    caller: Mapped[str] = mapped_column(String(32), default="")
    caller_raw: Mapped[str] = mapped_column(String(128), default="")
    callee: Mapped[str] = mapped_column(String(32), default="")
    uniqueid: Mapped[str] = mapped_column(String(64), default="", index=True)
    linkedid: Mapped[str] = mapped_column(String(64), default="")
    channel: Mapped[str] = mapped_column(String(128), default="")
    state: Mapped[str] = mapped_column(String(12), default="ivr", index=True)
    outcome: Mapped[str] = mapped_column(String(16), default="")
    hungup_by: Mapped[str] = mapped_column(String(16), default="")
    queue: Mapped[str] = mapped_column(String(32), default="")
    agent: Mapped[str] = mapped_column(String(8), default="", index=True)
    """Seat extension of the agent who has or last had the call."""
    agent_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    agent_channel: Mapped[str] = mapped_column(String(128), default="")
    started_at: Mapped[datetime] = mapped_column(index=True)
    queued_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    wait_s: Mapped[float | None]
    ring_s: Mapped[float | None]
    talk_s: Mapped[float | None]
    hold_s: Mapped[float | None]
    wrapup_s: Mapped[float | None]
    script: Mapped[str] = mapped_column(String(64), default="")
    script_version: Mapped[int | None]
    emergency: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")


class CallEvent(Base):
    """Append-only time line of a call, for people and for reports (kind = event name in snake case)."""

    __tablename__ = "call_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(32))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class CallLeg(Base):
    """Somebody's part in a call. role: citizen, agent, supervisor, emergency, unit."""

    __tablename__ = "call_leg"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    role: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(128))
    uniqueid: Mapped[str] = mapped_column(String(64), default="", index=True)
    node: Mapped[str] = mapped_column(String(32), default="", server_default="")
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]


class QueueEntry(Base):
    """One stay in a queue. result: answered, abandoned, timeout, key, failed."""

    __tablename__ = "queue_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    queue: Mapped[str] = mapped_column(String(32))
    node: Mapped[str] = mapped_column(String(32), default="", server_default="")
    entered_at: Mapped[datetime] = mapped_column(index=True)
    left_at: Mapped[datetime | None]
    first_position: Mapped[int] = mapped_column(default=0)
    result: Mapped[str] = mapped_column(String(12), default="")
    agent: Mapped[str] = mapped_column(String(8), default="")
    rings: Mapped[int] = mapped_column(default=0)
    missed: Mapped[int] = mapped_column(default=0)


class AgentSession(Base):
    """The live state of a seat (extension). One row per seat; history is in `agent_state_log`.

    state: offline, ready, ringing, talking, held, wrap_up, not_ready.
    """

    __tablename__ = "agent_session"

    agent: Mapped[str] = mapped_column(String(8), primary_key=True)
    node: Mapped[str] = mapped_column(String(32), default="", server_default="")
    """The node at which the agent is, or last was, signed in."""
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    state: Mapped[str] = mapped_column(String(12), default="offline")
    reason: Mapped[str] = mapped_column(String(32), default="")
    since: Mapped[datetime]
    call_id: Mapped[str | None] = mapped_column(ForeignKey("call.id"))
    queues: Mapped[list[str]] = mapped_column(default=list)
    heartbeat_at: Mapped[datetime | None]
    wanted: Mapped[str] = mapped_column(String(12), default="")
    """What the agent asked for while busy (ready, not_ready or offline), taken up after wrap-up."""
    wanted_reason: Mapped[str] = mapped_column(String(32), default="")


class AgentStateLog(Base):
    __tablename__ = "agent_state_log"
    __table_args__ = (Index("ix_agent_state_log_agent_since", "agent", "since"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    agent: Mapped[str] = mapped_column(String(8))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    state: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(32), default="")
    call_id: Mapped[str | None] = mapped_column(String(36))
    node: Mapped[str] = mapped_column(String(32), default="", server_default="")
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class Recording(Base):
    """A recording under `var/recordings`; left citizen, right agent and whoever else is on the line."""

    __tablename__ = "recording"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    node: Mapped[str] = mapped_column(String(32), default="", server_default="")
    """The file lies with this node."""
    path: Mapped[str] = mapped_column(String(200))
    channels: Mapped[int] = mapped_column(default=2)
    seconds: Mapped[float]
    bytes: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), default="")
    started_at: Mapped[datetime]
    legal_hold: Mapped[bool] = mapped_column(default=False)
    delete_after: Mapped[datetime | None]


class Handoff(Base):
    """A hand-off (domain.md 3.4). target: 110, 119, 120, 122, another 12345, a unit or a seat.

    mode: conference, transfer, push, guided. result: "", accepted, no_answer, failed, cancelled, returned.
    """

    __tablename__ = "handoff"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    target: Mapped[str] = mapped_column(String(32))
    target_kind: Mapped[str] = mapped_column(String(12), default="emergency")
    reason_code: Mapped[str] = mapped_column(String(16), default="")
    summary: Mapped[str] = mapped_column(String(200), default="")
    place: Mapped[str] = mapped_column(String(200), default="")
    mode: Mapped[str] = mapped_column(String(12), default="conference")
    started_by: Mapped[str] = mapped_column(String(8), default="")
    detected_at: Mapped[datetime | None]
    started_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by: Mapped[str] = mapped_column(String(64), default="")
    agent_left_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=1)
    result: Mapped[str] = mapped_column(String(16), default="")


class CallbackTask(Base):
    """A citizen to be called back. kind: missed, requested, voicemail. state: open, taken, done, given_up."""

    __tablename__ = "callback_task"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    phone: Mapped[str] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12), default="open", index=True)
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    taken_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    done_at: Mapped[datetime | None]
    result: Mapped[str] = mapped_column(String(64), default="")


class Voicemail(Base):
    __tablename__ = "voicemail"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("call.id"), index=True)
    node: Mapped[str] = mapped_column(String(32), default="", server_default="")
    path: Mapped[str] = mapped_column(String(200))
    seconds: Mapped[float]
    text: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), default="new")
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
