"""Seats: each belongs to one account, and none is taken away during a call."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from accounts.errors import Fault, Refusal
from db.models import AgentSession, User

FIRST = 8000
"""Seats are numbered from the next number on (see `Settings.seats`)."""
IN_CALL = frozenset({"ringing", "talking", "held", "wrap_up"})
"""States of a seat that somebody's call depends on; after-call work is the ticket of that call."""

_NUMBER = re.compile(r"[1-9]\d{3}")


def every_seat(seats: int) -> list[str]:
    """The extensions that Asterisk knows, in order."""
    return [str(FIRST + number) for number in range(1, seats + 1)]


async def free_seats(session: AsyncSession, seats: int) -> list[str]:
    """Seats that no account has, in order; also an account that is locked keeps its own."""
    taken = set(await session.scalars(select(User.extension).where(User.extension.is_not(None))))
    return [seat for seat in every_seat(seats) if seat not in taken]


async def next_seat(session: AsyncSession, seats: int) -> str:
    """The first free seat. Raises Refusal (SEATS_FULL)."""
    free = await free_seats(session, seats)
    if not free:
        raise Refusal(Fault.SEATS_FULL, f"全部 {seats} 个分机都已分配，请先收回不用的分机。", "seat")
    return free[0]


async def check_free(session: AsyncSession, seat: str, seats: int, *, user_id: int | None) -> None:
    """The seat exists and is nobody else's. Raises Refusal (SEAT, SEAT_TAKEN)."""
    if not _NUMBER.fullmatch(seat) or not FIRST < int(seat) <= FIRST + seats:
        raise Refusal(Fault.SEAT, f"没有这个分机，可用的是 {FIRST + 1} 至 {FIRST + seats}。", "seat")
    holder = await session.scalar(select(User).where(User.extension == seat))
    if holder is not None and holder.id != user_id:
        raise Refusal(Fault.SEAT_TAKEN, f"分机 {seat} 已分配给账号 {holder.login}，不能再给别人。", "seat")


async def in_call(session: AsyncSession, seat: str | None) -> bool:
    """Whether somebody's call is at this seat now."""
    if not seat:
        return False
    row = await session.get(AgentSession, seat, populate_existing=True)
    return row is not None and (row.state in IN_CALL or row.call_id is not None)
