from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from db.models import AuditEvent, Call, CallbackTask, Recording, User, WebSession
from db.session import Sessions
from hotline.jobs import RETENTION, Jobs
from tests.fakes.clock import FakeClock


async def test_a_callback_task_is_given_up_after_two_days_and_leaves_a_trace(
    sessions: Sessions, clock: FakeClock
) -> None:
    async with sessions.begin() as session:
        session.add(Call(id="c1", started_at=clock.now()))
        await session.flush()
        for age in (1, 3):
            at = clock.now() - timedelta(days=age)
            session.add(CallbackTask(call_id="c1", phone="13900000000", kind="missed", created_at=at, due_at=at))
    await Jobs(sessions, clock).give_up_callbacks()
    async with sessions() as session:
        states = list(await session.scalars(select(CallbackTask.state).order_by(CallbackTask.created_at)))
        assert states == ["given_up", "open"]
        trail = list(await session.scalars(select(AuditEvent)))
        assert [(row.action, row.to_state) for row in trail] == [("give_up", "given_up")]


async def test_recordings_get_a_retention_date_unless_held(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        session.add(Call(id="c1", started_at=clock.now()))
        await session.flush()
        for held in (False, True):
            row = Recording(
                call_id="c1", path="x.wav", seconds=1, bytes=1, started_at=clock.now(), legal_hold=held
            )
            session.add(row)
    await Jobs(sessions, clock).mark_recordings()
    async with sessions() as session:
        dates = {row.legal_hold: row.delete_after for row in await session.scalars(select(Recording))}
    assert dates == {False: clock.now() + RETENTION, True: None}


async def test_sessions_that_ran_out_are_forgotten(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        user = User(login="a", name="甲", password_hash="x", created_at=clock.now())
        session.add(user)
        await session.flush()
        for name, minutes in (("old", -1), ("live", 1)):
            ends = clock.now() + timedelta(minutes=minutes)
            row = WebSession(
                token_hash=name,
                user_id=user.id,
                csrf="x",
                created_at=clock.now(),
                seen_at=clock.now(),
                expires_at=ends,
            )
            session.add(row)
    await Jobs(sessions, clock).end_sessions()
    async with sessions() as session:
        assert list(await session.scalars(select(WebSession.token_hash))) == ["live"]
