"""What goes on beside a ticket's main state: events of clocks, requests, co-handling, urging, supervision, rework.

Rows with a `state` have a small state machine of their own (`tickets/life/beside.py`). Nothing here is deleted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base


class TicketClockEvent(Base):
    """Something that happened to a clock; append-only. The clock's row is reckoned from these."""

    __tablename__ = "ticket_clock_event"
    __table_args__ = (Index("ix_ticket_clock_event_clock", "ticket_id", "name", "round"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    name: Mapped[str] = mapped_column(String(16))
    round: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str] = mapped_column(String(8))
    at: Mapped[datetime]
    amount: Mapped[float] = mapped_column(default=0)
    """Length of an extension, in the unit of the clock's rule."""
    rule: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Of a start: the rule the clock runs by; empty on clocks older than these events."""
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))


class Extension(Base):
    """A request for more time. state: ASKED, SIGNED (by the unit's head), GRANTED, REFUSED, LAPSED."""

    __tablename__ = "extension"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    state: Mapped[str] = mapped_column(String(10), index=True)
    amount: Mapped[int]
    """In the unit of the ticket's close_by clock."""
    reason: Mapped[str] = mapped_column(String(500))
    basis: Mapped[str] = mapped_column(String(200), default="")
    """The law's own limit that the unit refers to."""
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime]
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    signed_at: Mapped[datetime | None]
    answer_by: Mapped[datetime | None]
    """Silence until then is a refusal."""
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(500), default="")


class ReturnRequest(Base):
    """A unit's request to take a ticket back. state: ASKED, PUT (head agreed), APPROVED, REFUSED, DESIGNATED."""

    __tablename__ = "return_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    dispatch_id: Mapped[int] = mapped_column(ForeignKey("dispatch.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    state: Mapped[str] = mapped_column(String(10), index=True)
    reason_code: Mapped[str] = mapped_column(String(16))
    basis: Mapped[str] = mapped_column(String(500))
    suggested_unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime]
    put_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    put_at: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(500), default="")


class CoHandling(Base):
    """A unit's part in a matter of several. role: LEAD, ASSIST. state: RUNNING, DONE, WAIVED.

    The lead works on the ticket itself, so that the citizen has one number; each assist has a child ticket.
    """

    __tablename__ = "co_handling"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    child_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    """The ticket on which the unit works: of the lead, the matter's own."""
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    role: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(10), index=True)
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(500), default="")


class Suspension(Base):
    """Waiting for the citizen's evidence, a court or a laboratory. state: ASKED, RUNNING, REFUSED, ENDED."""

    __tablename__ = "suspension"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    state: Mapped[str] = mapped_column(String(10), index=True)
    cause: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(500))
    asked_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    began_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(500), default="")


class TicketLink(Base):
    """Two tickets that belong together. kind: MERGE, REPEAT, EVENT. Undone rather than deleted."""

    __tablename__ = "ticket_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    master_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(500), default="")
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    undone_at: Mapped[datetime | None]


class Urge(Base):
    """An urging of the unit (level 0 of supervision). cause: RED, YELLOW, CITIZEN, CENTRE."""

    __tablename__ = "urge"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime]
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    cause: Mapped[str] = mapped_column(String(8))
    note: Mapped[str] = mapped_column(String(500), default="")


class Supervision(Base):
    """A supervision order of level 1 to 4 (domain.md 2.6). state: OPEN, ANSWERED, CLOSED, RAISED."""

    __tablename__ = "supervision"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    level: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), index=True)
    cause: Mapped[str] = mapped_column(String(500))
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    opened_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    answered_at: Mapped[datetime | None]
    answer: Mapped[str] = mapped_column(Text, default="")
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    ended_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(String(500), default="")


class Verification(Base):
    """The check of one dissatisfied or disputed rating. finding: "", UNIT_FAULT, LAWFUL."""

    __tablename__ = "verification"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    follow_up_id: Mapped[int] = mapped_column(ForeignKey("follow_up.id"))
    opened_at: Mapped[datetime]
    finding: Mapped[str] = mapped_column(String(12), default="")
    evidence: Mapped[str] = mapped_column(Text, default="")
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    decided_at: Mapped[datetime | None]


class ReworkRound(Base):
    """A second handling. cause: VERIFY (T21), REOPEN (T26)."""

    __tablename__ = "rework_round"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    number: Mapped[int]
    cause: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str] = mapped_column(String(500))
    by_user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    began_at: Mapped[datetime]
    replied_at: Mapped[datetime | None]
