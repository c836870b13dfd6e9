"""Lists of tickets with filters, search and paging: a unit's own, and an agent's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk import words
from db.models import Category, Ticket, TicketClock, Unit
from tickets.clocks import Lamp, lamp

PAGE = 20

DONE = ("CLOSED", "ARCHIVED", "NOT_ACCEPTED", "HANDED_OVER")
UNIT_FILTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sign": ("待签收", ("DISPATCHED",)),
    "doing": ("办理中", ("SIGNED", "IN_PROGRESS", "REWORK", "RETURN_REVIEW")),
    "replied": ("已反馈", ("REPLIED", "FOLLOW_UP", "VERIFY")),
    "done": ("已办结", DONE),
    "all": ("全部", ()),
}
AGENT_FILTERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "open": ("在办", tuple(sorted(words.OPEN_TICKET_STATES))),
    "done": ("已办结", DONE),
    "all": ("全部", ()),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket in a list; nothing of the appellant's identity."""

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
    lamp: Lamp | None

    def left(self, now: datetime) -> str:
        """Time left until the nearest due moment, in words; "" when no clock runs."""
        if self.due_at is None:
            return ""
        return f"{self.clock}{time_left(self.due_at - now)}"


def time_left(left: timedelta) -> str:
    """ "剩 3 天 4 小时", "剩 25 分钟", "超期 2 小时"."""
    minutes = int(abs(left.total_seconds()) // 60)
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        span = f"{days} 天 {hours} 小时" if hours and days < 10 else f"{days} 天"
    elif hours:
        span = f"{hours} 小时 {minutes % 60} 分" if hours < 5 else f"{hours} 小时"
    else:
        span = f"{minutes} 分钟"
    return ("超期 " if left.total_seconds() < 0 else "剩 ") + span


def _like(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _where(scope: ColumnElement[bool], states: Sequence[str], text: str) -> list[ColumnElement[bool]]:
    where = [scope]
    if states:
        where.append(Ticket.state.in_(states))
    if text:
        where.append(
            or_(
                Ticket.ticket_no.like(_like(text), escape="\\"),
                Ticket.title.like(_like(text), escape="\\"),
                Ticket.place_text.like(_like(text), escape="\\"),
                Category.name.like(_like(text), escape="\\"),
            )
        )
    return where


async def list_tickets(
    session: AsyncSession,
    scope: ColumnElement[bool],
    *,
    states: Sequence[str] = (),
    text: str = "",
    page: int = 1,
    now: datetime,
) -> tuple[list[Row], int]:
    """A page of tickets, nearest due first, and how many there are in all."""
    where = _where(scope, states, text)
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
        clocks[clock.ticket_id] = clock
    return [_row(*columns, clocks.get(columns[0].id), now) for columns in found], total or 0


def _row(ticket: Ticket, category: str | None, unit: str | None, clock: TicketClock | None, now: datetime) -> Row:
    return Row(
        ticket_no=ticket.ticket_no,
        state=ticket.state,
        title=ticket.title,
        type_label=words.APPEAL_TYPES.get(ticket.appeal_type, ""),
        category=category or "",
        unit=unit or "",
        place=ticket.place_text,
        urgency=ticket.urgency,
        received_at=ticket.received_at,
        clock=words.CLOCKS.get(clock.name, "") if clock else "",
        due_at=clock.due_at if clock else None,
        lamp=lamp(clock.warn_at, clock.due_at, None, now) if clock else None,
    )


async def counts(session: AsyncSession, scope: ColumnElement[bool]) -> dict[str, int]:
    """Tickets by state."""
    rows = await session.execute(select(Ticket.state, func.count()).where(scope).group_by(Ticket.state))
    return {state: number for state, number in rows.all()}
