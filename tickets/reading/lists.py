"""Pages of tickets: filtered by state, searched, nearest due first; and how many there are by state.

`scope` says whose tickets: a condition on `Ticket`, such as `Ticket.unit_id == 7`, or `true()` for all.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Category, Ticket, TicketClock, Unit
from tickets.actor import NOBODY, Actor
from tickets.clocks.lamps import lamp_of
from tickets.clocks.rules import NAMES as CLOCK_NAMES
from tickets.clocks.rules import Lamp
from tickets.fields import APPEAL_TYPES
from tickets.messages.check import is_unchecked
from tickets.reading.masking import listed_title
from tickets.reading.protected import title_open

PAGE = 20
"""Rows of a page."""


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket in a list; nothing of the appellant's identity. `clock`, `due_at` and `lamp` are of the running
    clock that is due next ("" and None when none runs).
    """

    ticket_no: str
    state: str
    title: str
    type_label: str
    category: str
    unit: str
    place: str
    urgency: str
    received_at: datetime
    clock: str
    due_at: datetime | None
    provisional: bool
    lamp: Lamp | None
    unchecked: bool
    """Made of a message by the house; no agent has looked at it yet."""


def _like(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _where(
    scope: ColumnElement[bool], states: Sequence[str], text: str, actor: Actor
) -> list[ColumnElement[bool]]:
    where = [scope]
    if states:
        where.append(Ticket.state.in_(states))
    if text:
        # Numbers are copied from letters and chats: full width, with blanks.
        number = "".join(unicodedata.normalize("NFKC", text).split())
        where.append(
            or_(
                Ticket.ticket_no.ilike(_like(number), escape="\\"),
                # A title that is masked for the reader is not searched: a hit would tell what is hidden.
                and_(Ticket.title.ilike(_like(text), escape="\\"), title_open(actor)),
                Ticket.place_text.ilike(_like(text), escape="\\"),
                Category.name.ilike(_like(text), escape="\\"),
            )
        )
    return where


async def list_tickets(
    session: AsyncSession,
    scope: ColumnElement[bool],
    *,
    actor: Actor = NOBODY,
    states: Sequence[str] = (),
    text: str = "",
    page: int = 1,
    now: datetime,
) -> tuple[list[TicketLine], int]:
    """A page (from 1) of tickets in these states (all when none are given), and how many there are in all.

    `text` is looked for in number, title, place and category, capitals or not. Titles are masked for `actor`.
    """
    where = _where(scope, states, text, actor)
    running = (
        select(TicketClock.ticket_id, func.min(TicketClock.due_at).label("due"))
        .where(TicketClock.met_at.is_(None), TicketClock.stopped_at.is_(None))
        .group_by(TicketClock.ticket_id)
        .subquery()
    )
    total = await session.scalar(
        select(func.count())
        .select_from(Ticket)
        .outerjoin(Category, Category.code == Ticket.category_code)
        .where(*where)
    )
    found = (
        await session.execute(
            select(Ticket, Category.name, Unit.short_name)
            .outerjoin(Category, Category.code == Ticket.category_code)
            .outerjoin(Unit, Unit.id == Ticket.unit_id)
            .outerjoin(running, running.c.ticket_id == Ticket.id)
            .where(*where)
            .order_by(running.c.due.is_(None), running.c.due, Ticket.received_at.desc(), Ticket.id.desc())
            .limit(PAGE)
            .offset((page - 1) * PAGE)
        )
    ).all()
    clocks: dict[int, TicketClock] = {}
    for clock in await session.scalars(
        select(TicketClock)
        .where(
            TicketClock.ticket_id.in_([ticket.id for ticket, *_ in found]),
            TicketClock.met_at.is_(None),
            TicketClock.stopped_at.is_(None),
        )
        .order_by(TicketClock.due_at.desc())
    ):
        clocks[clock.ticket_id] = clock  # the nearest due comes last and stays
    return [_line(actor, *columns, clocks.get(columns[0].id), now) for columns in found], total or 0


def _line(
    actor: Actor, ticket: Ticket, category: str | None, unit: str | None, clock: TicketClock | None, now: datetime
) -> TicketLine:
    return TicketLine(
        ticket_no=ticket.ticket_no,
        state=ticket.state,
        title=listed_title(actor, ticket),
        type_label=APPEAL_TYPES.get(ticket.appeal_type, ""),
        category=category or "",
        unit=unit or "",
        place=ticket.place_text,
        urgency=ticket.urgency,
        received_at=ticket.received_at,
        clock=CLOCK_NAMES.get(clock.name, "") if clock else "",
        due_at=clock.due_at if clock else None,
        provisional=bool(clock and clock.provisional),
        lamp=lamp_of(clock, now) if clock else None,
        unchecked=is_unchecked(ticket),
    )


async def counts(session: AsyncSession, scope: ColumnElement[bool]) -> dict[str, int]:
    """Tickets by state."""
    rows = await session.execute(select(Ticket.state, func.count()).where(scope).group_by(Ticket.state))
    return {state: number for state, number in rows.all()}
