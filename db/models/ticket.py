"""Tickets, drafts, dispatches, replies, clocks, follow-ups, the audit trail and the outbox (domain.md 2)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class TicketDraft(Base):
    """The draft of a live call: what the agent typed and what was suggested, kept apart."""

    __tablename__ = "ticket_draft"

    call_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agent_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Field name -> value, as typed or accepted by the agent."""
    touched: Mapped[list[str]] = mapped_column(default=list)
    """Fields the agent typed in: never overwritten by suggestions."""
    suggestions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int] = mapped_column(default=0)
    updated_at: Mapped[datetime]
    submitted_ticket_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))


class Ticket(Base):
    """A ticket (工单), fields of domain.md 2.9, states of 2.2."""

    __tablename__ = "ticket"
    __table_args__ = (Index("ix_ticket_phone_received_at", "phone", "received_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_no: Mapped[str] = mapped_column(String(18), unique=True)
    state: Mapped[str] = mapped_column(String(16), index=True)
    close_reason: Mapped[str] = mapped_column(String(20), default="")
    decline_code: Mapped[str] = mapped_column(String(8), default="")
    channel: Mapped[str] = mapped_column(String(16), default="PHONE")
    appeal_type: Mapped[str] = mapped_column(String(12))
    appellant_name: Mapped[str] = mapped_column(String(64), default="")
    gender: Mapped[str] = mapped_column(String(8), default="")
    is_enterprise: Mapped[bool] = mapped_column(default=False)
    company: Mapped[str] = mapped_column(String(120), default="")
    phone: Mapped[str] = mapped_column(String(32), default="")
    phone_alt: Mapped[str] = mapped_column(String(32), default="")
    caller_id: Mapped[str] = mapped_column(String(32), default="")
    confidential: Mapped[str] = mapped_column(String(16), default="NONE")
    occurred_at: Mapped[datetime | None]
    occurred_text: Mapped[str] = mapped_column(String(120), default="")
    place_text: Mapped[str] = mapped_column(String(200), default="")
    region_code: Mapped[str] = mapped_column(String(16), default="", index=True)
    lat: Mapped[float | None]
    lng: Mapped[float | None]
    subject: Mapped[str] = mapped_column(String(200), default="")
    title: Mapped[str] = mapped_column(String(120))
    content: Mapped[str] = mapped_column(Text)
    demand: Mapped[str] = mapped_column(Text, default="")
    category_code: Mapped[str] = mapped_column(ForeignKey("category.code"), index=True)
    procedure: Mapped[str] = mapped_column(String(12), default="SIMPLE")
    urgency: Mapped[str] = mapped_column(String(12), default="GENERAL")
    tags: Mapped[list[str]] = mapped_column(default=list)
    is_public: Mapped[bool] = mapped_column(default=True)
    call_id: Mapped[str | None] = mapped_column(ForeignKey("call.id"), index=True)
    article_id: Mapped[str | None] = mapped_column(ForeignKey("article.id"))
    answer_text: Mapped[str] = mapped_column(Text, default="")
    """What the citizen was told on the line."""
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    jurisdiction_id: Mapped[int | None] = mapped_column(ForeignKey("jurisdiction.id"))
    master_id: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))
    nature: Mapped[str] = mapped_column(String(8), default="LEAD")
    sla_profile_id: Mapped[int | None] = mapped_column(ForeignKey("sla_profile.id"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"), index=True)
    received_at: Mapped[datetime] = mapped_column(index=True)
    submitted_at: Mapped[datetime | None]
    dispatched_at: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    replied_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    returns: Mapped[int] = mapped_column(default=0)
    reworks: Mapped[int] = mapped_column(default=0)
    lamp: Mapped[str] = mapped_column(String(10), default="", server_default="")
    """The worst lamp of its clocks when it was last looked at; "" for none."""
    next_lamp_at: Mapped[datetime | None] = mapped_column(index=True)
    """When a lamp of one of its clocks changes next, or a step against lateness is due."""
    version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 (SQLAlchemy reads it so)


class Dispatch(Base):
    """One dispatch of a ticket to a unit."""

    __tablename__ = "dispatch"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    nature: Mapped[str] = mapped_column(String(8), default="LEAD")
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    note: Mapped[str] = mapped_column(String(200), default="")
    dispatched_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    returned_at: Mapped[datetime | None]


class UnitReply(Base):
    """A unit's result feedback (domain.md 2.9, last row). Internal and public text are separate fields."""

    __tablename__ = "unit_reply"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    is_true: Mapped[bool | None]
    contacted: Mapped[bool] = mapped_column(default=False)
    contact_time: Mapped[datetime | None]
    contact_no: Mapped[str] = mapped_column(String(32), default="")
    solved: Mapped[bool | None]
    unsolved_reason: Mapped[str] = mapped_column(String(64), default="")
    result_text: Mapped[str] = mapped_column(Text)
    public_text: Mapped[str] = mapped_column(Text, default="")
    fault: Mapped[str] = mapped_column(String(16), default="", server_default="")
    """Why the centre did not take it (T17); "" when it did, or has not looked yet."""


class TicketClock(Base):
    """A clock of a ticket (domain.md 2.4): absolute due time with the profile version that made it."""

    __tablename__ = "ticket_clock"
    __table_args__ = (UniqueConstraint("ticket_id", "name", "round"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    name: Mapped[str] = mapped_column(String(16))
    round: Mapped[int] = mapped_column(default=1)
    started_at: Mapped[datetime]
    warn_at: Mapped[datetime]
    due_at: Mapped[datetime] = mapped_column(index=True)
    met_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    suspended_s: Mapped[int] = mapped_column(default=0, server_default="0")
    """Seconds of wall time in pauses that have ended."""
    yellow_at: Mapped[datetime | None]
    """When its turning yellow was noticed; likewise the three that follow. Each is told once."""
    red_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    supervised_at: Mapped[datetime | None]
    profile_version: Mapped[str] = mapped_column(String(32), default="")
    provisional: Mapped[bool] = mapped_column(default=False, server_default=false())
    """It falls in a year whose days off are not published: it is reckoned again when they are."""


class SlaProfile(Base):
    """A versioned deadline set of a jurisdiction (domain.md 2.5)."""

    __tablename__ = "sla_profile"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    valid_from: Mapped[date]
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict)


class CalendarDay(Base):
    """The working-day calendar where it differs from Monday–Friday; the master that offline sites edit."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_workday: Mapped[bool]
    name: Mapped[str] = mapped_column(String(32), default="")
    provisional: Mapped[bool] = mapped_column(default=False, server_default=false())


class FollowUp(Base):
    __tablename__ = "follow_up"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    reached: Mapped[bool]
    solved: Mapped[bool | None]
    satisfaction: Mapped[int | None]
    note: Mapped[str] = mapped_column(Text, default="")


class Attachment(Base):
    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(120))
    path: Mapped[str] = mapped_column(String(200))
    bytes: Mapped[int]
    at: Mapped[datetime]
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class AuditEvent(Base):
    """Append-only trail of every state change of a ticket, script, article or account."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_object", "object_kind", "object_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    object_kind: Mapped[str] = mapped_column(String(16))
    object_id: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    actor_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    actor_name: Mapped[str] = mapped_column(String(64), default="")
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    from_state: Mapped[str] = mapped_column(String(20), default="")
    to_state: Mapped[str] = mapped_column(String(20), default="")
    reason: Mapped[str] = mapped_column(String(500), default="")
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class OutboxMessage(Base):
    """A notice to send (SMS, another system), written in the transaction that caused it."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(24))
    recipient: Mapped[str] = mapped_column(String(64))
    body: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    sent_at: Mapped[datetime | None] = mapped_column(index=True)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(200), default="")
