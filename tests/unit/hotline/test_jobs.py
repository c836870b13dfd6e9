from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from agent_desk.web.web_sessions import OVERTIME
from db.models import Article, AuditEvent, Call, CallbackTask, Recording, User, Voicemail, WebSession
from db.session import Sessions
from hotline.jobs import RETENTION, Jobs
from runtime.bus import LocalBus
from runtime.events import CallbackChanged, Event
from tests.fakes.clock import FakeClock
from tests.unit.tickets.conftest import CALL, build_centre, lamp_fields
from tests.waiting import until


async def test_a_callback_task_is_given_up_after_two_days_and_leaves_a_trace(
    sessions: Sessions, clock: FakeClock, bus: LocalBus
) -> None:
    told: list[CallbackChanged] = []

    async def hear(event: CallbackChanged) -> None:
        told.append(event)

    bus.subscribe(hear, CallbackChanged)
    async with sessions.begin() as session:
        session.add(Call(id="c1", started_at=clock.now()))
        await session.flush()
        for age in (1, 3):
            at = clock.now() - timedelta(days=age)
            session.add(CallbackTask(call_id="c1", phone="13900000000", kind="missed", created_at=at, due_at=at))
    await Jobs(sessions, clock, bus=bus).give_up_callbacks()
    await bus.settle()
    assert [event.state for event in told] == ["given_up"], "desks take it off their lists"
    async with sessions() as session:
        states = list(await session.scalars(select(CallbackTask.state).order_by(CallbackTask.created_at)))
        assert states == ["given_up", "open"]
        trail = list(await session.scalars(select(AuditEvent)))
        assert [(row.action, row.to_state) for row in trail] == [("give_up", "given_up")]


async def test_claims_and_messages_that_wait_are_looked_after(
    sessions: Sessions, clock: FakeClock, bus: LocalBus
) -> None:
    told: list[Event] = []

    async def hear(event: Event) -> None:
        told.append(event)

    bus.subscribe(hear)
    at = clock.now() - timedelta(hours=1)
    async with sessions.begin() as session:
        session.add(Call(id="c1", started_at=at))
        await session.flush()
        session.add(CallbackTask(call_id="c1", phone="1", kind="missed", state="taken", created_at=at, due_at=at))
        session.add(Voicemail(call_id="c1", path="x.wav", seconds=3, created_at=at))
    jobs = Jobs(sessions, clock, bus=bus)
    await jobs.release_callbacks()
    await jobs.tell_of_messages()
    await bus.settle()
    assert [(type(event).__name__) for event in told] == ["CallbackChanged", "MessageLeft"]
    async with sessions() as session:
        assert (await session.scalars(select(CallbackTask.state))).all() == ["open"]


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
        # An agent in a talk keeps the log-in for a while after its end: no clock cuts a call.
        for name, ends in (
            ("old", clock.now() - OVERTIME - timedelta(minutes=1)),
            ("in a talk", clock.now() - timedelta(minutes=1)),
            ("live", clock.now() + timedelta(minutes=1)),
        ):
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
        assert set(await session.scalars(select(WebSession.token_hash))) == {"in a talk", "live"}


class Index:
    """Counts how often it is built; fails when told to."""

    def __init__(self) -> None:
        self.built = 0
        self.fails = False

    async def build(self) -> int:
        if self.fails:
            raise RuntimeError("broken on purpose")
        self.built += 1
        return 0


async def test_articles_change_validity_at_midnight_in_shanghai_once_a_day(
    sessions: Sessions, clock: FakeClock
) -> None:
    index = Index()
    jobs = Jobs(sessions, clock, index)
    clock.set(datetime(2025, 11, 14, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai
    async with sessions.begin() as session:
        session.add(article("a", date(2025, 11, 14), clock.now()))
        session.add(article("b", None, clock.now()))

    async def states() -> dict[str, str]:
        async with sessions() as session:
            return {row.id: row.state for row in await session.scalars(select(Article))}

    await jobs.move_validity()
    await jobs.move_validity()
    assert await states() == {"a": "published", "b": "published"}
    assert index.built == 1
    clock.move(minutes=2)
    index.fails = True
    with pytest.raises(RuntimeError):
        await jobs.move_validity()
    index.fails = False
    await jobs.move_validity()  # the index was not refreshed: once more
    await jobs.move_validity()
    assert await states() == {"a": "expired", "b": "published"}
    assert index.built == 2
    async with sessions() as session:
        trail = list(await session.scalars(select(AuditEvent)))
    assert [(row.object_id, row.from_state, row.to_state) for row in trail] == [("a", "published", "expired")]


def article(name: str, until: date | None, at: datetime) -> Article:
    return Article(
        id=name,
        title="路灯报修",
        questions=[],
        keywords=[],
        category_code="1106",
        owner="城管局",
        short_answer="请拨打",
        body="正文",
        basis=[],
        valid_until=until,
        version=1,
        state="published",
        source="x",
        sha256="x",
        updated_at=at,
    )


async def test_a_failing_job_stops_no_other(
    sessions: Sessions, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    index = Index()
    jobs = Jobs(sessions, clock, index)

    async def fail() -> None:
        raise RuntimeError("broken on purpose")

    fail.__name__ = "end_sessions"
    jobs.end_sessions = fail  # type: ignore[method-assign]
    await jobs.start()
    await until(lambda: index.built == 1, 30, "the last job")
    await jobs.close()
    assert "job end_sessions failed" in caplog.text


async def test_tickets_are_tended_by_time(sessions: Sessions, clock: FakeClock, bus: LocalBus) -> None:
    centre = await build_centre(sessions, clock, bus)
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    jobs = Jobs(sessions, clock, bus=bus)
    clock.move(hours=2, seconds=1)
    await jobs.tend_tickets()
    await jobs.tend_tickets()
    async with sessions() as session:
        trail = await session.scalars(select(AuditEvent.action).where(AuditEvent.object_id == str(ticket.id)))
        assert [action for action in trail if action.startswith("lamp_")] == ["lamp_yellow", "lamp_red"]
