"""What is read out of the rows by more than a look: until when to call back, and states cut to the period."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from calls.callbacks.call_hours import CallHours
from calls.callbacks.tasks import ALWAYS, DAY
from calls.figures.period import Scope
from calls.figures.reading import SeatState, call_back_by, read_seats
from db.models import AgentStateLog
from db.session import Sessions
from runtime.clock import SHANGHAI
from tests.unit.calls.figures.hour import NINE, TEN


def at(hour: int, minute: int = 0, *, day: int = 6) -> datetime:
    return datetime(2025, 5, day, hour, minute, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("ended", "by", "hours"),
    [
        (at(9), at(9, 30), DAY),
        (at(20, 29), at(20, 59), DAY),
        (at(20, 45), at(8, 30, day=7), DAY),
        (at(23), at(8, 30, day=7), DAY),
        (at(7, 40), at(8, 30), DAY),
        (at(23), at(23, 30), ALWAYS),
    ],
)
def test_a_missed_call_has_30_minutes_of_the_hours(ended: datetime, by: datetime, hours: CallHours) -> None:
    assert call_back_by(ended, hours) == by


async def test_states_are_cut_to_the_period_and_to_now(sessions: Sessions) -> None:
    minute = timedelta(minutes=1)
    rows = [
        ("8001", "offline", NINE - 30 * minute, None),
        ("8002", "ready", NINE - 10 * minute, NINE + 5 * minute),
        ("8002", "talking", NINE + 5 * minute, None),
        ("8003", "ready", NINE - 10 * minute, NINE),
        ("8004", "ready", TEN, None),
        ("8005", "ready", NINE - timedelta(days=9), None),
    ]
    async with sessions.begin() as session:
        for agent, state, since, until in rows:
            session.add(AgentStateLog(agent=agent, state=state, since=since, until=until))
    async with sessions() as session:
        found: list[SeatState] = [
            state async for state in read_seats(session, Scope(NINE, TEN), NINE + 20 * minute)
        ]
    assert [(s.agent, s.state, s.since, s.until, s.begins_here) for s in found] == [
        ("8002", "ready", NINE, NINE + 5 * minute, False),
        ("8002", "talking", NINE + 5 * minute, NINE + 20 * minute, True),
    ], "an open line of nine days ago is a fault of the past, nobody's working time"
