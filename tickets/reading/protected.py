"""Whose identity is open to whom, asked of the database: the same rules as `masking`, for lists and recordings."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, case, false, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Ticket, TicketDraft
from tickets.actor import Actor
from tickets.permissions import MATRIX, Scope
from tickets.reading.masking import may_hear_recording, without_unit_roles


def _granted(actor: Actor, permission: str) -> ColumnElement[bool]:
    """`permissions.may` as a condition on `Ticket`."""
    conditions: list[ColumnElement[bool]] = [false()]
    for scope in {scope for role, scope in MATRIX[permission].items() if role in actor.roles}:
        if scope is Scope.OWN:
            conditions.append(or_(Ticket.created_by.is_(None), Ticket.created_by == actor.user_id))
        elif scope is Scope.UNIT:
            conditions.append(Ticket.unit_id == actor.unit_id if actor.unit_id is not None else false())
        elif actor.jurisdictions is None:
            conditions.append(true())
        else:
            conditions.append(
                or_(Ticket.jurisdiction_id.is_(None), Ticket.jurisdiction_id.in_(actor.jurisdictions))
            )
    return or_(*conditions)


def title_open(actor: Actor) -> ColumnElement[bool]:
    """Tickets whose title this actor sees as it was written: unprotected ones, and those with an open identity."""
    hidden_from_unit = _granted(without_unit_roles(actor), "see_identity")
    return case(
        (Ticket.confidential == "NONE", true()),
        (Ticket.confidential == "REPORTER", _granted(actor, "see_reporter")),
        (Ticket.confidential == "HIDE_FROM_UNIT", hidden_from_unit),
        else_=_granted(actor, "see_identity"),
    )


LedTo = list[tuple[str, Ticket]]
"""Calls and the tickets they led to."""


async def led_to(session: AsyncSession, call_ids: Collection[str]) -> LedTo:
    """The tickets of these calls: a ticket's own call and the call-backs that were submitted into it."""
    if not call_ids:
        return []
    made_of = select(Ticket.call_id, Ticket).where(Ticket.call_id.in_(call_ids))
    called_back = (
        select(TicketDraft.call_id, Ticket)
        .join(Ticket, Ticket.id == TicketDraft.submitted_ticket_id)
        .where(TicketDraft.call_id.in_(call_ids))
    )
    found = [*(await session.execute(made_of)).all(), *(await session.execute(called_back)).all()]
    return [(call_id, ticket) for call_id, ticket in found if call_id]


def barred(actor: Actor, tickets: LedTo) -> set[str]:
    """Calls among these that led to a protected ticket whose recording the actor may not hear."""
    return {
        call_id
        for call_id, ticket in tickets
        if ticket.confidential != "NONE" and not may_hear_recording(actor, ticket)
    }


async def barred_calls(session: AsyncSession, actor: Actor, call_ids: Collection[str]) -> set[str]:
    """`barred`, asked of the database."""
    return barred(actor, await led_to(session, call_ids))
