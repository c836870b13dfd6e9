"""One ticket as a certain person may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Category, Region, Ticket, TicketClock, Unit, UnitReply
from tickets.actor import Actor
from tickets.clocks.lamps import lamp_of
from tickets.clocks.rules import NAMES as CLOCK_NAMES
from tickets.clocks.rules import Lamp, worst
from tickets.errors import NotFound
from tickets.fields import APPEAL_TYPES, CONFIDENTIAL, PROCEDURES, URGENCIES
from tickets.life import succession
from tickets.life.trail import audit_of
from tickets.messages.check import is_unchecked
from tickets.permissions import UNIT_ROLES, may, require
from tickets.reading.masking import HIDDEN, mask_text, masked, may_hear_recording, may_see_identity
from tickets.states import BESIDE, CLOSE_REASON_NAMES, LABELS, STATE_NAMES, CloseReason, State, possible


@dataclass(frozen=True, slots=True)
class ClockView:
    name: str
    label: str
    started_at: datetime
    due_at: datetime
    met_at: datetime | None
    lamp: Lamp | None
    provisional: bool
    """Reckoned without knowing that year's days off."""
    suspended_s: int = 0
    """Seconds of wall time that did not count, in pauses that have ended."""


@dataclass(frozen=True, slots=True)
class ReplyView:
    """A unit's result; texts and the number called are masked like the ticket."""

    at: datetime
    unit_name: str
    is_true: bool | None
    contacted: bool
    contact_time: datetime | None
    contact_no: str
    solved: bool | None
    unsolved_reason: str
    result_text: str
    public_text: str


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of the trail, in words."""

    at: datetime
    label: str
    actor_name: str
    to_label: str
    reason: str


@dataclass(frozen=True, slots=True)
class TicketView:
    """One ticket as this actor may see it. `fields` are domain.md 2.9 by code, `labels` the same for people."""

    id: int
    ticket_no: str
    state: State
    state_label: str
    fields: dict[str, Any]
    labels: dict[str, str]
    masked: bool
    may_hear: bool
    call_id: str | None
    """None when hidden from this actor: through the call one would find number and recording."""
    clocks: list[ClockView]
    lamp: Lamp | None
    replies: list[ReplyView]
    steps: list[StepView]
    unchecked: bool
    """Made of a message by the house; no agent has looked at it yet."""
    actions: list[str]
    """What this actor may do now (keys of `states.ACTIONS`)."""


_SHOWN = (
    "appeal_type", "appellant_name", "gender", "is_enterprise", "company", "phone", "phone_alt", "caller_id",
    "confidential", "occurred_at", "occurred_text", "place_text", "region_code", "lat", "lng", "subject", "title",
    "content", "demand", "category_code", "procedure", "urgency", "tags", "is_public", "channel", "unit_id",
    "answer_text", "article_id", "decline_code", "close_reason", "received_at", "submitted_at", "dispatched_at",
    "signed_at", "replied_at", "closed_at",
)  # fmt: skip


async def ticket_view(
    session: AsyncSession, actor: Actor, ticket_id: int, *, now: datetime | None = None
) -> TicketView:
    """The ticket as the actor may see it; raises `NotFound`, `NotAllowed`."""
    ticket = await session.get(Ticket, ticket_id)
    if ticket is None:
        raise NotFound("没有找到这张工单。")
    require(actor, "read", ticket)
    values = {name: getattr(ticket, name) for name in _SHOWN}
    open_identity = may_see_identity(actor, ticket)
    if not open_identity:
        values = masked(ticket, values, strictly=ticket.confidential != "NONE")
    rows = list(
        await session.scalars(
            select(TicketClock)
            .where(TicketClock.ticket_id == ticket.id, TicketClock.stopped_at.is_(None))
            .order_by(TicketClock.id)
        )
    )
    clocks = [
        ClockView(
            c.name,
            CLOCK_NAMES.get(c.name, c.name),
            c.started_at,
            c.due_at,
            c.met_at,
            lamp_of(c, now) if now else None,
            c.provisional and c.met_at is None,
            c.suspended_s,
        )
        for c in rows
    ]
    state = State(ticket.state)
    return TicketView(
        id=ticket.id,
        ticket_no=ticket.ticket_no,
        state=state,
        state_label=STATE_NAMES[state],
        fields=values,
        labels=await _labels(session, ticket),
        masked=not open_identity,
        may_hear=may_hear_recording(actor, ticket),
        call_id=ticket.call_id if open_identity and not actor.roles & UNIT_ROLES else None,
        clocks=clocks,
        lamp=worst([c.lamp for c in clocks if c.lamp is not None]) if now else None,
        replies=await _replies(session, ticket, hidden=not open_identity),
        steps=[_step(row, ticket, hidden=not open_identity) for row in await audit_of(session, ticket.id)],
        unchecked=is_unchecked(ticket),
        actions=[row.action for row in possible(state) if may(actor, row.permission, ticket)],
    )


async def _labels(session: AsyncSession, ticket: Ticket) -> dict[str, str]:
    category = await session.get(Category, ticket.category_code)
    unit = await session.get(Unit, ticket.unit_id) if ticket.unit_id else None
    region = await session.scalar(select(Region.full_name).where(Region.code == ticket.region_code))
    reason = ticket.close_reason
    return {
        "appeal_type": APPEAL_TYPES.get(ticket.appeal_type, ""),
        "category_code": category.name if category else "",
        "unit_id": unit.name if unit else "",
        "region_code": region or "",
        "urgency": URGENCIES.get(ticket.urgency, ""),
        "procedure": PROCEDURES.get(ticket.procedure, ""),
        "confidential": CONFIDENTIAL.get(ticket.confidential, ""),
        "close_reason": CLOSE_REASON_NAMES[CloseReason(reason)] if reason else "",
    }


async def _replies(session: AsyncSession, ticket: Ticket, *, hidden: bool) -> list[ReplyView]:
    rows = await session.execute(
        select(UnitReply, Unit.name)
        .join(Unit, Unit.id == UnitReply.unit_id)
        .where(UnitReply.ticket_id == ticket.id)
        .order_by(UnitReply.id)
    )
    return [
        ReplyView(
            at=reply.at,
            unit_name=unit_name,
            is_true=reply.is_true,
            contacted=reply.contacted,
            contact_time=reply.contact_time,
            contact_no=(HIDDEN if reply.contact_no else "") if hidden else reply.contact_no,
            solved=reply.solved,
            unsolved_reason=reply.unsolved_reason,
            result_text=mask_text(reply.result_text, ticket) if hidden else reply.result_text,
            public_text=mask_text(reply.public_text, ticket) if hidden else reply.public_text,
        )
        for reply, unit_name in rows
    ]


def _step(row: AuditEvent, ticket: Ticket, *, hidden: bool) -> StepView:
    return StepView(
        at=row.at,
        label=succession.LABEL if row.action == succession.ACTION else LABELS.get(row.action, row.action),
        actor_name=row.actor_name,
        to_label=STATE_NAMES[State(row.to_state)] if row.to_state and row.action not in BESIDE else "",
        reason=mask_text(row.reason, ticket) if hidden else row.reason,
    )
