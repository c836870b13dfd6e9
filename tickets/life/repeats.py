"""Has this been reported before? (domain.md 2.7: same caller, or same place and class, within 90 days)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from enum import StrEnum

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Ticket
from tickets.states import OPEN, State

WINDOW = timedelta(days=90)
LIMIT = 200
"""Candidates compared by text; the newest win."""


class RepeatKind(StrEnum):
    SAME_CALLER_OPEN = "SAME_CALLER_OPEN"
    SAME_CALLER_CLOSED = "SAME_CALLER_CLOSED"
    MANY_CALLERS_ONE_EVENT = "MANY_CALLERS_ONE_EVENT"


@dataclass(frozen=True, slots=True)
class Repeat:
    """An earlier ticket that this matter may repeat; `similarity` (0..1) compares title and content."""

    ticket_id: int
    ticket_no: str
    state: State
    title: str
    received_at: datetime
    kind: RepeatKind
    similarity: float


async def find_repeats(
    session: AsyncSession,
    now: datetime,
    *,
    phone: str = "",
    category_code: str = "",
    region_code: str = "",
    place_text: str = "",
    text: str = "",
    limit: int = 5,
) -> list[Repeat]:
    """The caller's earlier tickets, and others' open ones of the same class and place; likeliest first."""
    ways = []
    if phone:
        ways.append(or_(Ticket.phone == phone, Ticket.phone_alt == phone, Ticket.caller_id == phone))
    if category_code and (region_code or place_text):
        here = []
        if region_code:
            here.append(Ticket.region_code == region_code)
        if place_text:
            here.append(Ticket.place_text == place_text)
        ways.append(and_(Ticket.category_code == category_code, or_(*here), Ticket.state.in_(OPEN)))
    if not ways:
        return []
    rows = await session.scalars(
        select(Ticket)
        .where(or_(*ways), Ticket.received_at >= now - WINDOW, Ticket.nature != "ASSIST")
        .order_by(Ticket.received_at.desc())
        .limit(LIMIT)
    )
    found: list[tuple[tuple[bool, bool, float], Repeat]] = []
    for ticket in rows:
        mine = bool(phone) and phone in (ticket.phone, ticket.phone_alt, ticket.caller_id)
        same_class = ticket.category_code == category_code
        likeness = _likeness(text, f"{ticket.title}{ticket.content}")
        state = State(ticket.state)
        if not mine:
            kind = RepeatKind.MANY_CALLERS_ONE_EVENT
        else:
            kind = RepeatKind.SAME_CALLER_OPEN if state in OPEN else RepeatKind.SAME_CALLER_CLOSED
            if state not in OPEN and not same_class:
                continue  # another matter, long done: history, not a repeat
        repeat = Repeat(ticket.id, ticket.ticket_no, state, ticket.title, ticket.received_at, kind, likeness)
        found.append(((mine and state in OPEN, same_class, likeness), repeat))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [repeat for _key, repeat in found[:limit]]


def _likeness(a: str, b: str) -> float:
    return round(SequenceMatcher(None, a[:500], b[:500], autojunk=False).ratio(), 3) if a and b else 0.0
