"""Reading tickets: a caller's tickets and their progress; pages of tickets are in `lists.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Category, Ticket, TicketClock, Unit
from tickets.actor import NOBODY, Actor
from tickets.clocks.lamps import lamp_of
from tickets.clocks.rules import Lamp, worst
from tickets.fields import APPEAL_TYPES, URGENCIES
from tickets.life.numbers import is_ticket_no
from tickets.life.trail import audit_of
from tickets.reading.masking import listed_title
from tickets.reading.progress import Progress, tell
from tickets.reading.view import ClockView, TicketView, ticket_view
from tickets.states import STATE_NAMES, State

__all__ = [
    "ClockView",
    "Progress",
    "TicketBrief",
    "TicketView",
    "audit_of",
    "progress",
    "ticket_view",
    "tickets_of_phone",
    "tickets_read_ahead",
]


@dataclass(frozen=True, slots=True)
class TicketBrief:
    """A ticket in a list. `lamp` and `due_at` are of the running clock that matters most; no identity here."""

    id: int
    ticket_no: str
    state: State
    state_label: str
    appeal_type: str
    type_label: str
    title: str
    category_code: str
    category_name: str
    unit_id: int | None
    unit_name: str
    place_text: str
    urgency: str
    urgency_label: str
    received_at: datetime
    due_at: datetime | None
    lamp: Lamp | None
    is_open: bool


def _briefs(
    rows: Iterable[Any], clocks: dict[int, list[TicketClock]], now: datetime | None, actor: Actor
) -> list[TicketBrief]:
    out: list[TicketBrief] = []
    for ticket, category_name, unit_name in rows:
        running = [c for c in clocks.get(ticket.id, []) if c.met_at is None and c.stopped_at is None]
        state = State(ticket.state)
        out.append(
            TicketBrief(
                id=ticket.id,
                ticket_no=ticket.ticket_no,
                state=state,
                state_label=STATE_NAMES[state],
                appeal_type=ticket.appeal_type,
                type_label=APPEAL_TYPES.get(ticket.appeal_type, ticket.appeal_type),
                title=listed_title(actor, ticket),
                category_code=ticket.category_code,
                category_name=category_name or "",
                unit_id=ticket.unit_id,
                unit_name=unit_name or "",
                place_text=ticket.place_text,
                urgency=ticket.urgency,
                urgency_label=URGENCIES.get(ticket.urgency, ""),
                received_at=ticket.received_at,
                due_at=min((c.due_at for c in running), default=None),
                lamp=worst([lamp_of(c, now) for c in running]) if now else None,
                is_open=not ticket.closed_at,
            )
        )
    return out


async def _load(
    session: AsyncSession, query: Select[Ticket, str, str], now: datetime | None
) -> Callable[[Actor], list[TicketBrief]]:
    rows: Sequence[Any] = (await session.execute(query)).all()
    clocks: dict[int, list[TicketClock]] = {}
    for clock in await session.scalars(
        select(TicketClock).where(TicketClock.ticket_id.in_([row[0].id for row in rows]))
    ):
        clocks.setdefault(clock.ticket_id, []).append(clock)
    return lambda actor: _briefs(rows, clocks, now, actor)


def _listing() -> Select[Ticket, str, str]:
    query: Select[Ticket, str, str] = (
        select(Ticket, Category.name, Unit.short_name)
        .outerjoin(Category, Category.code == Ticket.category_code)
        .outerjoin(Unit, Unit.id == Ticket.unit_id)
    )
    return query


async def tickets_of_phone(
    session: AsyncSession, phone: str, limit: int = 10, *, now: datetime | None = None, actor: Actor = NOBODY
) -> list[TicketBrief]:
    """A caller's tickets, newest first, titles masked for `actor`; `phone` is normalised digits, "" has none."""
    return (await tickets_read_ahead(session, phone, limit, now=now))(actor)


async def tickets_read_ahead(
    session: AsyncSession, phone: str, limit: int = 10, *, now: datetime | None = None
) -> Callable[[Actor], list[TicketBrief]]:
    """The same before it is known who will look: gives each actor the list with the titles they may read."""
    if not phone:
        return lambda _: []
    mine = or_(Ticket.phone == phone, Ticket.phone_alt == phone, Ticket.caller_id == phone)
    query = (
        _listing()
        .where(mine, Ticket.nature != "ASSIST")
        .order_by(Ticket.received_at.desc(), Ticket.id.desc())
        .limit(limit)
    )
    return await _load(session, query, now)


async def progress(
    session: AsyncSession, ticket_no: str | None = None, phone: str | None = None, limit: int = 3
) -> list[Progress]:
    """How a citizen's tickets stand, for the telephone: short and speakable, newest first.

    By number anybody may ask, and hears the state; unit and date are told only when `phone` (the caller id) is
    the ticket's own. Without a number, the caller's latest tickets.
    """
    query = _listing().order_by(Ticket.received_at.desc(), Ticket.id.desc()).limit(limit)
    if ticket_no is not None:
        if not is_ticket_no(ticket_no):
            return []
        query = query.where(Ticket.ticket_no == ticket_no)
    elif phone:
        mine = or_(Ticket.phone == phone, Ticket.phone_alt == phone, Ticket.caller_id == phone)
        query = query.where(mine, Ticket.nature != "ASSIST")
    else:
        return []
    out: list[Progress] = []
    for ticket, _category, unit_name in (await session.execute(query)).all():
        due = await session.scalar(
            select(TicketClock.due_at)
            .where(TicketClock.ticket_id == ticket.id, TicketClock.name == "close_by")
            .order_by(TicketClock.round.desc())
            .limit(1)
        )
        own = bool(phone) and phone in (ticket.phone, ticket.phone_alt, ticket.caller_id)
        out.append(tell(ticket, unit_name or "", due, own=own))
    return out
