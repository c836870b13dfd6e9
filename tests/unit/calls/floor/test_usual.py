from __future__ import annotations

from datetime import timedelta

from calls.floor.usual import HALVES, usual
from db.models import Call, QueueEntry
from db.session import Sessions
from runtime.callid import new_call_id
from runtime.clock import midnight
from tests.fakes.clock import FakeClock


async def test_the_mean_of_the_same_weekday_on_which_anybody_called(sessions: Sessions, clock: FakeClock) -> None:
    today = midnight(clock.now())
    moments = (
        today - timedelta(days=7) + timedelta(hours=9, minutes=10),
        today - timedelta(days=7) + timedelta(hours=9, minutes=29),
        today - timedelta(days=21) + timedelta(hours=9, minutes=5),
        today - timedelta(days=21) + timedelta(hours=23, minutes=59),
        today - timedelta(days=6) + timedelta(hours=9),  # another weekday
        today - timedelta(days=35) + timedelta(hours=9),  # too long ago
    )
    async with sessions.begin() as session:
        ids = [new_call_id() for _ in moments]
        for call_id, at in zip(ids, moments, strict=True):
            session.add(Call(id=call_id, state="ended", started_at=at))
        await session.flush()
        for call_id, at in zip(ids, moments, strict=True):
            session.add(QueueEntry(call_id=call_id, queue="common", entered_at=at))
            # Sent on to another queue: still one call.
            session.add(QueueEntry(call_id=call_id, queue="enterprise", entered_at=at + timedelta(minutes=40)))
    async with sessions() as session:
        found = await usual(session, clock.now())
    assert (found.days, found.day, len(found.queued)) == (2, today, HALVES)
    assert {half: mean for half, mean in enumerate(found.queued) if mean} == {18: 1.5, 47: 0.5}


async def test_without_a_past_nothing_is_usual(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions() as session:
        found = await usual(session, clock.now())
    assert (found.days, set(found.queued)) == (0, {0.0})
