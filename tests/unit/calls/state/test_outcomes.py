"""A message left or a call-back asked for is the call's outcome, although no agent was reached."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from calls.callbacks import tasks as callbacks
from calls.state.outcomes import Outcomes
from db.models import Call, CallbackTask, Voicemail
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.callid import new_call_id
from runtime.events import CallbackChanged, CallEnded, Event, MessageLeft, MessageTranscribed
from sound import wav
from tests.fakes.clock import FakeClock
from tests.unit.calls.callbacks.kit import PHONE, a_call
from tests.waiting import until


@pytest.mark.parametrize("left", ["voicemail", "callback", "missed", "nothing"])
async def test_what_the_call_left_is_its_outcome(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, left: str
) -> None:
    room = Outcomes(sessions, bus, after_s=0)
    await room.start()
    told: list[int] = []

    async def hear(event: MessageLeft) -> None:
        told.append(event.message_id)

    bus.subscribe(hear, MessageLeft)
    call_id, now = new_call_id(), clock.now()
    async with sessions.begin() as session:
        session.add(Call(id=call_id, state="ended", outcome="abandoned", started_at=now))
        await session.flush()
        if left == "voicemail":
            session.add(Voicemail(call_id=call_id, path="x.wav", seconds=3, created_at=now))
        elif left in ("callback", "missed"):
            kind = "requested" if left == "callback" else "missed"
            session.add(CallbackTask(call_id=call_id, phone="13912345678", kind=kind, created_at=now, due_at=now))
    await bus.publish(CallEnded(call_id=call_id, outcome="abandoned", at=now))
    await bus.settle()
    await until(lambda: not room._background)
    async with sessions() as session:
        outcome = await session.scalar(select(Call.outcome).where(Call.id == call_id))
    assert outcome == (left if left in ("voicemail", "callback") else "abandoned")
    await bus.settle()
    assert len(told) == (left == "voicemail"), "the recogniser is told of messages"
    await room.close()


@pytest.fixture
async def told(bus: LocalBus) -> list[Event]:
    """What was told of messages and call-backs."""
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    bus.subscribe(hear, MessageLeft, MessageTranscribed, CallbackChanged)
    return heard


async def test_a_message_that_the_dialplan_took_alone_is_found(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, told: list[Event], tmp_path: Path
) -> None:
    call_id = await a_call(sessions, clock, state="ended", outcome="voicemail")
    wav.write(tmp_path / f"voicemail/{call_id}.wav", np.zeros(3 * 8000))
    room = Outcomes(sessions, bus, clock=clock, recordings=tmp_path)
    await room.correct(call_id)
    await room.correct(call_id)
    await bus.settle()
    async with sessions() as session:
        (row,) = await session.scalars(select(Voicemail))
        (task,) = await session.scalars(select(CallbackTask))
    assert (row.path, row.seconds, row.state) == (f"voicemail/{call_id}.wav", 3.0, "new")
    assert (task.kind, task.phone) == ("voicemail", PHONE)
    assert MessageLeft(call_id=call_id, message_id=row.id) in told


@pytest.mark.parametrize("content", [b"", b"no sound"])
async def test_a_file_without_sound_is_no_message(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, tmp_path: Path, content: bytes
) -> None:
    call_id = await a_call(sessions, clock, state="ended", outcome="voicemail")
    (tmp_path / "voicemail").mkdir()
    (tmp_path / f"voicemail/{call_id}.wav").write_bytes(content)
    await Outcomes(sessions, bus, clock=clock, recordings=tmp_path).correct(call_id)
    async with sessions() as session:
        assert (await session.scalars(select(Voicemail))).all() == []


async def test_what_waits_is_told_again_and_somebody_is_asked_to_call_back(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, told: list[Event]
) -> None:
    ids: dict[str, int] = {}
    for state in ("new", "transcribed", "ticketed", "empty"):
        call_id = await a_call(sessions, clock, phone=f"1391234{len(ids):04}", state="ended")
        async with sessions.begin() as session:
            message = Voicemail(call_id=call_id, path="x", seconds=3, created_at=clock.now(), state=state)
            session.add(message)
        ids[state] = message.id
    room = Outcomes(sessions, bus, clock=clock)
    await room.sweep()
    await bus.settle()
    assert told == [], "it is being done this very moment"
    clock.move(seconds=30)
    await room.sweep()
    async with sessions.begin() as session:
        tasks = list(await session.scalars(select(CallbackTask).order_by(CallbackTask.id)))
        assert [task.phone for task in tasks] == ["13912340000", "13912340001"]
        await callbacks.finish(session, clock, tasks[0].id, None, reached=True)
    await room.sweep()
    await bus.settle()
    kinds = [(type(e), e.message_id) for e in told if not isinstance(e, CallbackChanged)]  # type: ignore[attr-defined]
    assert kinds == 2 * [(MessageLeft, ids["new"]), (MessageTranscribed, ids["transcribed"])]
    async with sessions() as session:
        assert len((await session.scalars(select(CallbackTask))).all()) == 2, "called back once is enough"
