"""Nobody is called back at night, unless life may be at stake; what would be due then waits for the morning."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calls.callbacks import tasks as callbacks
from calls.callbacks.call_hours import CallHours
from calls.callbacks.tasks import CallbackError
from db.session import Sessions
from runtime.clock import SHANGHAI
from tests.fakes.clock import FakeClock
from tests.unit.calls.callbacks.kit import PHONE, a_call, a_task, users

DAY = CallHours(8, 21)


def there(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2025 in Shanghai, as UTC."""
    return datetime(2025, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "next_open"),
    [
        (there(14, 8), there(14, 8)),
        (there(14, 20, 59), there(14, 20, 59)),
        (there(14, 21), there(15, 8)),
        (there(14, 23, 59), there(15, 8)),
        (there(15, 0), there(15, 8)),
        (there(15, 7, 59), there(15, 8)),
    ],
)
def test_the_hours_are_the_citizen_s(now: datetime, next_open: datetime) -> None:
    assert DAY.next_open(now) == next_open
    assert DAY.open(now) == (now == next_open)
    assert CallHours(0, 24).next_open(now) == now


@pytest.mark.parametrize(
    ("now", "due"),
    [(there(14, 9), there(14, 9, 30)), (there(14, 20, 45), there(15, 8)), (there(15, 2), there(15, 8))],
)
async def test_a_task_is_due_when_somebody_may_call(
    sessions: Sessions, clock: FakeClock, now: datetime, due: datetime
) -> None:
    clock.set(now)
    call_id = await a_call(sessions, clock)
    async with sessions.begin() as session:
        task = await callbacks.request(session, clock, call_id=call_id, phone=PHONE, kind="missed", hours=DAY)
        assert task.due_at == due


async def test_at_night_a_task_cannot_be_taken(sessions: Sessions, clock: FakeClock) -> None:
    clock.set(there(14, 22))
    task_id, (user,) = await a_task(sessions, clock), await users(sessions, "张三")
    async with sessions.begin() as session:
        with pytest.raises(CallbackError, match="请在8:00以后回拨"):
            await callbacks.take(session, clock, task_id, user, hours=DAY)
    clock.set(there(15, 8))
    async with sessions.begin() as session:
        assert (await callbacks.take(session, clock, task_id, user, hours=DAY)).state == "taken"


async def test_where_life_may_be_at_stake_the_hour_does_not_count(sessions: Sessions, clock: FakeClock) -> None:
    clock.set(there(14, 22))
    await a_call(sessions, clock, emergency=True)
    clock.move(minutes=1)
    task_id, (user,) = await a_task(sessions, clock), await users(sessions, "张三")
    async with sessions.begin() as session:
        assert (await callbacks.take(session, clock, task_id, user, hours=DAY)).state == "taken"
