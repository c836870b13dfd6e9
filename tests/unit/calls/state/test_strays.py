"""Calls and messages that nobody watched leave a row, their recording, and somebody to call back."""

from __future__ import annotations

import os
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from calls.recordings import Recordings
from calls.state.outcomes import Outcomes
from calls.state.strays import SETTLED, Strays
from db.models import Call, CallbackTask, CallEvent, Recording, Voicemail
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.callid import began_at
from runtime.events import CallbackChanged, RecordingReady
from runtime.settings import Settings
from tests.fakes.asterisk_ami import FakeAsterisk, FakeChannel
from tests.fakes.clock import FakeClock
from tests.unit.calls.kit import CALL, CITIZEN, Room, room
from tests.waiting import until

PHONE = "13912345678"
BEGAN = began_at(CALL)
LASTED = timedelta(seconds=40)


@dataclass
class Disk:
    """The recordings folder as Asterisk leaves it, and who looks after it."""

    calls: Room
    strays: Strays
    recordings: Recordings
    folder: Path

    def recorded(self, text: str | None = None, *, ended: datetime = BEGAN + LASTED) -> None:
        """A recording, with the dialplan's note beside it when there is one."""
        live = self.folder / "live"
        live.mkdir(parents=True, exist_ok=True)
        _write(live / f"{CALL}.raw", bytes(4 * 8000), ended)
        if text is not None:
            _write(live / f"{CALL}.caller", text.encode(), ended)

    def message(self, name: str = f"{CALL}.wav", *, seconds: int = 4, ended: datetime = BEGAN + LASTED) -> str:
        path = self.folder / "voicemail" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(bytes(2 * 8000 * seconds))
        os.utime(path, (ended.timestamp(), ended.timestamp()))
        return str(path.relative_to(self.folder))

    async def look(self) -> bool:
        more = await self.strays.scan()
        await until(lambda: not self.recordings._pending, 30, "recordings to be finished")
        await self.calls.bus.settle()
        return more

    def left(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "live").glob("*"))

    async def row(self) -> Call | None:
        async with self.calls.sessions() as session:
            return await session.get(Call, CALL)

    async def tasks(self) -> list[CallbackTask]:
        async with self.calls.sessions() as session:
            return list(await session.scalars(select(CallbackTask)))


def _write(path: Path, content: bytes, at: datetime) -> None:
    path.write_bytes(content)
    os.utime(path, (at.timestamp(), at.timestamp()))


@pytest.fixture
async def disk(
    fake_asterisk: FakeAsterisk, sessions: Sessions, bus: LocalBus, clock: FakeClock, settings: Settings
) -> AsyncIterator[Disk]:
    clock.set(BEGAN + timedelta(hours=1))
    async with room(fake_asterisk, sessions, bus, clock, settings) as calls:
        recordings = Recordings(settings, sessions, bus, clock)
        outcomes = Outcomes(sessions, bus, after_s=0)
        await recordings.start()
        strays = Strays(calls.link, calls.tracker, recordings, outcomes, sessions, bus, clock, settings)
        yield Disk(calls, strays, recordings, settings.recordings_dir)
        await recordings.close()


async def test_a_note_of_nothing_but_nuls_is_taken_up_as_well(disk: Disk) -> None:
    """What a machine leaves of the newest files when it loses its power."""
    disk.recorded("\0" * 64)
    await disk.look()
    call = await disk.row()
    assert call is not None and (call.caller_raw, call.outcome) == ("", "unknown")
    assert disk.left() == []


async def test_a_call_that_nobody_watched_gets_a_row_its_recording_and_a_call_back(disk: Disk) -> None:
    disk.recorded(f"{PHONE}\nend |\n")
    assert await disk.look() is False
    call = await disk.row()
    assert call is not None
    assert (call.caller, call.state, call.outcome, call.hungup_by) == (PHONE, "ended", "abandoned", "unknown")
    assert (call.started_at, call.ended_at) == (BEGAN, BEGAN + LASTED)
    assert "系统中断" in call.note
    (task,) = await disk.tasks()
    assert (task.phone, task.kind, task.state, task.call_id) == (PHONE, "missed", "open", CALL)
    assert disk.calls.heard(CallbackChanged, task_id=task.id)
    assert disk.calls.heard(RecordingReady, call_id=CALL)
    async with disk.calls.sessions() as session:
        assert (await session.scalars(select(Recording.call_id))).all() == [CALL]
        assert (await session.scalars(select(CallEvent.kind))).all() == ["call_untracked"]
    assert disk.left() == []  # the number stands in the database alone now
    await disk.look()
    assert len(await disk.tasks()) == 1


@pytest.mark.parametrize(
    ("note", "outcome", "agent", "tasks"),
    [
        (f"{PHONE}\nend PJSIP/8001|\n", "answered", "8001", 0),
        (f"{PHONE}\nend |1\n", "ivr", "", 0),
        (f"{PHONE}\n", "unknown", "", 1),
        ("\nend |\n", "abandoned", "", 0),
        (None, "unknown", "", 0),
    ],
)
async def test_what_the_dialplan_noted_says_how_it_went(
    disk: Disk, note: str | None, outcome: str, agent: str, tasks: int
) -> None:
    disk.recorded(note)
    await disk.look()
    call = await disk.row()
    assert call is not None and (call.outcome, call.agent) == (outcome, agent)
    assert len(await disk.tasks()) == tasks


async def test_a_hostile_number_is_only_text(disk: Disk) -> None:
    disk.recorded("'; DROP TABLE call; --" + "9" * 5000 + "\nend PJSIP/8001|1\n")
    await disk.look()
    call = await disk.row()
    assert call is not None and (call.caller, len(call.caller_raw), call.outcome) == ("", 128, "unknown")


async def test_whoever_was_talked_to_since_is_not_called_back(disk: Disk) -> None:
    later = BEGAN + timedelta(minutes=5)
    async with disk.calls.sessions.begin() as session:
        session.add(
            Call(
                id="01a20049-ffff-7069-9c8d-968102d07eca",
                caller=PHONE,
                state="ended",
                outcome="answered",
                started_at=later,
                answered_at=later,
            )
        )
    disk.recorded(f"{PHONE}\nend |\n")
    await disk.look()
    assert await disk.tasks() == []


async def test_calls_that_are_going_on_are_left_alone(disk: Disk) -> None:
    disk.recorded(f"{PHONE}\n")
    disk.calls.fake.channels[CITIZEN] = FakeChannel(CITIZEN, "17.1", {"CALL_ID": CALL}, caller=PHONE)
    await disk.look()
    assert await disk.row() is None
    assert disk.left() == [f"{CALL}.caller", f"{CALL}.raw"]


async def test_what_has_just_ended_is_looked_at_again(disk: Disk) -> None:
    disk.recorded(f"{PHONE}\nend |\n", ended=disk.calls.clock.now())
    assert await disk.look() is True
    assert await disk.row() is None
    disk.calls.clock.move(seconds=SETTLED.total_seconds() + 1)
    assert await disk.look() is False
    assert await disk.row() is not None


async def test_a_message_that_the_dialplan_took_alone_is_heard_of(disk: Disk) -> None:
    disk.recorded(f"{PHONE}\nend |\n")
    path = disk.message()
    for _ in range(2):
        await disk.look()
    call = await disk.row()
    assert call is not None and call.outcome == "voicemail"
    async with disk.calls.sessions() as session:
        (message,) = (await session.scalars(select(Voicemail))).all()
    assert (message.call_id, message.path, message.seconds) == (CALL, path, 4.0)
    assert message.created_at == BEGAN + LASTED
    (task,) = await disk.tasks()
    assert (task.kind, task.phone) == ("voicemail", PHONE)


async def test_a_message_of_the_script_whose_row_was_lost_is_heard_of(disk: Disk) -> None:
    async with disk.calls.sessions.begin() as session:
        session.add(Call(id=CALL, caller=PHONE, state="ended", outcome="unknown", started_at=BEGAN))
    path = disk.message(f"2025/11/14/{CALL}-010203.wav")
    disk.message("2025/11/14/rubbish.wav")
    disk.message(f"2025/11/14/{CALL}-010204.wav", seconds=0)
    await disk.look()
    async with disk.calls.sessions() as session:
        assert (await session.scalars(select(Voicemail.path))).all() == [path]
    assert [task.kind for task in await disk.tasks()] == ["voicemail"]


async def test_a_message_that_has_its_row_is_not_taken_twice(disk: Disk) -> None:
    path = disk.message(f"2025/11/14/{CALL}-010203.wav")
    async with disk.calls.sessions.begin() as session:
        session.add(Call(id=CALL, caller=PHONE, state="ended", outcome="voicemail", started_at=BEGAN))
        await session.flush()
        session.add(Voicemail(call_id=CALL, path=path, seconds=4, created_at=BEGAN, state="checked"))
    await disk.look()
    async with disk.calls.sessions() as session:
        assert (await session.scalars(select(Voicemail.state))).all() == ["checked"]
    assert await disk.tasks() == []


async def test_it_looks_as_soon_as_asterisk_is_there(disk: Disk) -> None:
    disk.recorded(f"{PHONE}\nend |\n")
    await disk.strays.start()
    assert disk.calls.link.protocol is not None
    disk.calls.link.protocol.transport.abort()
    await until(lambda: disk.calls.heard(RecordingReady, call_id=CALL), 30, "the recording of the stray")
    await disk.strays.close()
