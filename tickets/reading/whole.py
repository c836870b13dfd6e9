"""All that the books say of one ticket, for the terminal: the identity of who complained stays masked."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    CoHandling,
    Dispatch,
    Extension,
    FollowUp,
    ReturnRequest,
    ReworkRound,
    Supervision,
    Suspension,
    Ticket,
    TicketClock,
    TicketClockEvent,
    TicketLink,
    Urge,
    Verification,
)
from tickets.actor import Actor
from tickets.clocks.lamps import lamp_of
from tickets.clocks.rules import NAMES
from tickets.reading.view import ticket_view

READER = Actor(None, "终端", frozenset({"ADMIN"}))
BESIDE: dict[str, Any] = {
    "dispatches": Dispatch,
    "returns": ReturnRequest,
    "extensions": Extension,
    "suspensions": Suspension,
    "co_handling": CoHandling,
    "links": TicketLink,
    "urges": Urge,
    "supervisions": Supervision,
    "follow_ups": FollowUp,
    "verifications": Verification,
    "reworks": ReworkRound,
}
SAID = frozenset({"note", "evidence", "answer", "reason", "basis", "cause"})
"""Free text may name the citizen: it is left out."""


async def whole_ticket(session: AsyncSession, ticket_no: str, now: datetime) -> dict[str, Any] | None:
    """The ticket as plain values, moments as datetimes; None when there is none of this number."""
    ticket = await session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
    if ticket is None:
        return None
    view = await ticket_view(session, READER, ticket.id, now=now)
    rows = await session.scalars(
        select(TicketClock).where(TicketClock.ticket_id == ticket.id).order_by(TicketClock.id)
    )
    events = list(
        await session.scalars(
            select(TicketClockEvent).where(TicketClockEvent.ticket_id == ticket.id).order_by(TicketClockEvent.id)
        )
    )
    shown = {name: value for name, value in asdict(view).items() if name not in ("clocks", "id", "replies")}
    return shown | {
        "lamp": view.lamp,
        "next_lamp_at": ticket.next_lamp_at,
        "nature": ticket.nature,
        "returns": ticket.returns,
        "rework_rounds": ticket.reworks,
        "version": ticket.version,
        "replies": len(view.replies),
        "clocks": [_clock(clock, events, now) for clock in rows],
        "beside": {name: await _beside(session, table, ticket.id) for name, table in BESIDE.items()},
    }


def _clock(clock: TicketClock, events: list[TicketClockEvent], now: datetime) -> dict[str, Any]:
    mine = [e for e in events if (e.name, e.round) == (clock.name, clock.round)]
    return _values(clock, without=frozenset({"id", "ticket_id"})) | {
        "label": NAMES.get(clock.name, clock.name),
        "lamp": lamp_of(clock, now).value,
        "events": [{"kind": e.kind, "at": e.at, "amount": e.amount} for e in mine],
    }


async def _beside(session: AsyncSession, table: Any, ticket_id: int) -> list[dict[str, Any]]:
    rows = await session.scalars(select(table).where(table.ticket_id == ticket_id).order_by(table.id))
    return [_values(row, without=SAID | {"ticket_id"}) for row in rows]


def _values(row: Any, *, without: frozenset[str]) -> dict[str, Any]:
    names = [column.key for column in inspect(type(row)).column_attrs]
    return {name: getattr(row, name) for name in names if name not in without}
