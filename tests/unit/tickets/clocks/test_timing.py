"""Due times that fall in a year whose days off are not known are marked, and reckoned again when they are."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from db.models import Ticket, TicketClock
from db.seed import load_categories
from db.session import Sessions
from runtime.clock import SHANGHAI
from tickets.clocks.calendar import enter_year, seed_calendar
from tickets.clocks.sla import seed_profiles
from tickets.clocks.timing import Timing, reckon_provisional

SUBMITTED = datetime(2049, 12, 28, 10, 0, tzinfo=SHANGHAI)


def ticket() -> Ticket:
    return Ticket(
        ticket_no="XF204912280001",
        channel="PHONE",
        state="PENDING_SIGN",
        appeal_type="COMPLAINT",
        category_code="1102",
        title="违建",
        content="违建",
        urgency="NORMAL",
        procedure="ORDINARY",
        received_at=SUBMITTED,
    )


async def clocks(sessions: Sessions) -> dict[str, TicketClock]:
    async with sessions() as session:
        return {row.name: row for row in await session.scalars(select(TicketClock))}


async def test_a_due_time_in_an_unpublished_year_is_provisional_until_it_is_published(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await load_categories(session)
        await enter_year(session, 2049, {date(2049, 1, 1): (False, "元旦")})
        await seed_calendar(session, 2050, 2050)
        await seed_profiles(session)
        row = ticket()
        session.add(row)
        await session.flush()
        timing = await Timing.load(session, SUBMITTED)
        await timing.submitted(row, SUBMITTED)
    before = await clocks(sessions)
    assert before["close_by"].provisional and before["close_by"].due_at.year == 2050
    assert not before["divert_by"].provisional  # the same day
    async with sessions.begin() as session:
        assert await reckon_provisional(session) == 0  # nothing new is known
    off = {date(2050, 1, day): (False, "元旦") for day in range(3, 8)}
    async with sessions.begin() as session:
        await enter_year(session, 2050, off)
        known = await reckon_provisional(session)
    after = await clocks(sessions)
    assert known >= 1
    assert not any(clock.provisional for clock in after.values())
    assert after["divert_by"].due_at == before["divert_by"].due_at
    for clock in after.values():
        assert clock.warn_at <= clock.due_at
        assert clock.due_at.date() not in off
