"""The journal: nothing waits for the database, nothing a citizen asked for is lost when it comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from db.models import Call, CallbackTask, Handoff, ScriptStepRow, SurveyAnswer, Voicemail
from db.session import Sessions
from ivr import journal as journal_module
from ivr.journal import DatabaseJournal
from runtime.bus import LocalBus
from runtime.callid import began_at
from runtime.events import ScriptStep
from tests.fakes.clock import FakeClock
from tests.waiting import until

CALL = "019a8f00-0000-7000-8000-000000000001"


@pytest.fixture
async def journal(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DatabaseJournal]:
    monkeypatch.setattr(journal_module, "RETRY_SECONDS", 0.02)
    made = DatabaseJournal(sessions, bus, clock)
    await made.start()
    yield made
    await made.close()


async def add_call(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        session.add(Call(id=CALL, caller="13912345678", started_at=clock.now()))


async def test_steps_become_events_and_rows_in_order(
    journal: DatabaseJournal, sessions: Sessions, bus: LocalBus, clock: FakeClock
) -> None:
    seen: list[str] = []

    async def note(event: ScriptStep) -> None:
        seen.append(f"{event.step}/{event.kind}/{event.detail}")

    bus.subscribe(note, ScriptStep)
    for node in ("greet", "queue", "bye"):
        journal.step(CALL, "direct", 3, node, "say", "next")
    await journal.settle()
    await bus.settle()
    assert seen == ["greet/say/next", "queue/say/next", "bye/say/next"]
    async with sessions() as session:
        rows = list(await session.scalars(select(ScriptStepRow).order_by(ScriptStepRow.id)))
    assert [(row.node, row.version, row.at) for row in rows] == [
        ("greet", 3, clock.now()),
        ("queue", 3, clock.now()),
        ("bye", 3, clock.now()),
    ]


async def test_everything_a_citizen_leaves_is_written(
    journal: DatabaseJournal, sessions: Sessions, clock: FakeClock
) -> None:
    await add_call(sessions, clock)
    began = clock.now()
    clock.move(seconds=30)
    journal.survey(CALL, "service", 2, "8001")
    journal.voicemail(CALL, "voicemail/2025/11/14/x.wav", 12.345, cut=9.0)
    journal.callback(CALL, "13800138000", "13912345678")
    journal.handoff(CALL, "110", began, answered=True)
    await journal.settle()
    async with sessions() as session:
        survey = (await session.scalars(select(SurveyAnswer))).one()
        voicemail = (await session.scalars(select(Voicemail))).one()
        callback = (await session.scalars(select(CallbackTask))).one()
        handoff = (await session.scalars(select(Handoff))).one()
    assert (survey.answer, survey.agent) == (2, "8001")
    assert (voicemail.path, voicemail.seconds) == ("voicemail/2025/11/14/x.wav", 12.35)
    assert voicemail.created_at == clock.now() - timedelta(seconds=9)
    assert (callback.phone, callback.kind, callback.state) == ("13800138000", "requested", "open")
    assert callback.due_at - callback.created_at == timedelta(minutes=30)
    assert (handoff.target, handoff.result, handoff.ended_at) == ("110", "accepted", clock.now())
    assert handoff.started_at == began


async def test_a_row_waits_for_its_call(journal: DatabaseJournal, sessions: Sessions, clock: FakeClock) -> None:
    journal.callback(CALL, "13800138000", "13912345678")
    journal.step(CALL, "direct", 1, "callback", "callback", "")

    async def steps() -> int:
        async with sessions() as session:
            return len(list(await session.scalars(select(ScriptStepRow))))

    for _ in range(500):
        if await steps():
            break
    assert await steps() == 1, "rows that need no call do not wait"
    await add_call(sessions, clock)
    await journal.settle()
    async with sessions() as session:
        assert (await session.scalars(select(CallbackTask))).one().phone == "13800138000"


async def test_without_a_tracker_the_call_row_is_made(
    journal: DatabaseJournal, sessions: Sessions, clock: FakeClock
) -> None:
    journal.callback(CALL, "13800138000", "13912345678")
    clock.move(seconds=11)
    await journal.settle()
    async with sessions() as session:
        call = await session.get(Call, CALL)
        task = (await session.scalars(select(CallbackTask))).one()
    assert call is not None
    assert (call.caller, task.call_id) == ("13912345678", CALL)


@pytest.mark.parametrize(
    ("left", "outcome"),
    [("voicemail", "voicemail"), ("callback", "callback"), ("answered", "handed_over"), ("unanswered", "unknown")],
)
async def test_a_call_row_of_ours_says_when_and_how_the_call_ended(
    journal: DatabaseJournal, sessions: Sessions, clock: FakeClock, left: str, outcome: str
) -> None:
    clock.set(began_at(CALL) + timedelta(seconds=90))
    asked = clock.now()
    match left:
        case "voicemail":
            journal.voicemail(CALL, "voicemail/a.wav", 5)
        case "callback":
            journal.callback(CALL, "13800138000", "13912345678")
        case _:
            journal.handoff(CALL, "0715110", asked, answered=left == "answered")
    clock.move(seconds=11)
    await journal.settle()
    async with sessions() as session:
        call = await session.get_one(Call, CALL)
    assert (call.state, call.outcome, call.hungup_by) == ("ended", outcome, "unknown")
    assert (call.started_at, call.ended_at) == (began_at(CALL), asked)


async def test_a_message_that_was_found_on_the_disk_first_is_not_written_twice(
    journal: DatabaseJournal, sessions: Sessions, clock: FakeClock
) -> None:
    await add_call(sessions, clock)
    async with sessions.begin() as session:
        session.add(Voicemail(call_id=CALL, path="voicemail/a.wav", seconds=5, created_at=clock.now()))
    journal.voicemail(CALL, "voicemail/a.wav", 5)
    journal.voicemail(CALL, "voicemail/b.wav", 6)
    await journal.settle()
    async with sessions() as session:
        paths = (await session.scalars(select(Voicemail.path).order_by(Voicemail.id))).all()
    assert paths == ["voicemail/a.wav", "voicemail/b.wav"]


class FlakySessions:
    """Sessions of a database that is away until told otherwise."""

    def __init__(self, inner: async_sessionmaker[AsyncSession]) -> None:
        self._inner = inner
        self.away = True
        self.tried = 0

    def begin(self) -> object:
        self.tried += 1
        if self.away:
            raise OperationalError("connect", {}, OSError("away"))
        return self._inner.begin()


async def test_while_the_database_is_away_nothing_is_lost_or_held_up(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "RETRY_SECONDS", 0.02)
    flaky = FlakySessions(sessions)
    journal = DatabaseJournal(flaky, bus, clock)  # type: ignore[arg-type]
    await journal.start()
    for number in range(300):
        journal.step(CALL, "direct", 1, f"n{number}", "say", "")
    await until(lambda: flaky.tried > 2)
    flaky.away = False
    await journal.settle()
    async with sessions() as session:
        rows = list(await session.scalars(select(ScriptStepRow).order_by(ScriptStepRow.id)))
    assert [row.node for row in rows] == [f"n{number}" for number in range(300)]
    await journal.close()


async def test_a_bounded_number_is_kept(
    sessions: Sessions,
    bus: LocalBus,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(journal_module, "KEPT", 10)
    journal = DatabaseJournal(sessions, bus, clock)
    for number in range(25):
        journal.step(CALL, "direct", 1, f"n{number}", "say", "")
    assert "given up" in caplog.text
    await journal.start()
    await journal.settle()
    async with sessions() as session:
        rows = list(await session.scalars(select(ScriptStepRow).order_by(ScriptStepRow.id)))
    assert [row.node for row in rows] == [f"n{number}" for number in range(15, 25)]
    await journal.close()


async def test_one_impossible_row_does_not_take_others_with_it(
    journal: DatabaseJournal, sessions: Sessions, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    await add_call(sessions, clock)
    journal.step(CALL, "direct", 1, "before", "say", "")
    journal.survey(CALL, "service", None, "8001")  # type: ignore[arg-type]
    journal.step(CALL, "direct", 1, "after", "say", "")
    await journal.settle()
    async with sessions() as session:
        rows = list(await session.scalars(select(ScriptStepRow).order_by(ScriptStepRow.id)))
        answers = list(await session.scalars(select(SurveyAnswer)))
    assert [row.node for row in rows] == ["before", "after"]
    assert answers == []
    assert "refused by the database" in caplog.text


async def test_closing_without_a_database_is_bounded(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    journal = DatabaseJournal(FlakySessions(sessions), bus, clock)  # type: ignore[arg-type]
    await journal.start()
    journal.step(CALL, "direct", 1, "greet", "say", "")
    await journal.close(within=0.05)
    assert "could not be written" in caplog.text


async def test_a_wish_at_night_is_due_in_the_morning(
    journal: DatabaseJournal, sessions: Sessions, clock: FakeClock
) -> None:
    await add_call(sessions, clock)
    assert journal.callback(CALL, "13800138000", "13912345678") is True
    clock.set(clock.now().replace(hour=14))  # 22:00 in Shanghai
    assert journal.callback(CALL, "13800138001", "13912345678") is False
    await journal.settle()
    async with sessions() as session:
        due = (await session.scalars(select(CallbackTask.due_at).order_by(CallbackTask.id))).all()
    assert [moment.isoformat() for moment in due] == ["2025-11-14T01:30:00+00:00", "2025-11-15T00:00:00+00:00"]
