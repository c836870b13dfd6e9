"""Messages: transcribed once, by the calls' own recogniser; what cannot be done now is done later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from db.models import Call, TranscriptUtterance, Voicemail
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.callid import new_call_id
from runtime.clock import SystemClock
from runtime.events import MessageLeft, MessageTranscribed
from sound import wav
from speech.messages import MessageTranscriber
from speech.transcriber import Transcriber
from speech.transcript import TranscriptKeeper
from tests.fakes.recogniser import QUIET, VOICE, FakeEngine, LoudIsVoice
from tests.waiting import until


@dataclass
class Room:
    sessions: Sessions
    bus: LocalBus
    transcriber: Transcriber
    messages: MessageTranscriber
    recordings: Path
    told: list[int]

    async def left(self, path: str = "voicemail/m.wav", *, after_s: float = 40.0, seconds: float = 3.0) -> int:
        """A message of two sentences whose row says that it ended `after_s` after the call began."""
        began = SystemClock().now()
        call_id = new_call_id()
        async with self.sessions.begin() as session:
            session.add(Call(id=call_id, started_at=began, state="ended"))
            await session.flush()
            message = Voicemail(
                call_id=call_id, path=path, seconds=seconds, created_at=began + timedelta(seconds=after_s)
            )
            session.add(message)
        return message.id

    def sound(self, pcm: bytes) -> None:
        wav.write(self.recordings / "voicemail/m.wav", np.frombuffer(pcm, "<i2") / 32768)

    async def row(self, message_id: int) -> Voicemail:
        async with self.sessions() as session:
            return await session.get_one(Voicemail, message_id)

    async def utterances(self) -> list[TranscriptUtterance]:
        async with self.sessions() as session:
            return list(await session.scalars(select(TranscriptUtterance).order_by(TranscriptUtterance.start_ms)))


SOUND = VOICE * 50 + QUIET * 30 + VOICE * 50 + QUIET * 20


@pytest.fixture
async def room(sessions: Sessions, bus: LocalBus, tmp_path: Path) -> AsyncIterator[Room]:
    clock = SystemClock()
    keeper = TranscriptKeeper(sessions, clock)
    keeper.start()
    transcriber = Transcriber(bus, clock, keeper, spool=tmp_path / "spool", threads=1, detector=LoudIsVoice)
    transcriber.start(lambda call_id: False)
    messages = MessageTranscriber(tmp_path, sessions, bus, transcriber, keeper)
    messages.start()
    told: list[int] = []

    async def hear(event: MessageTranscribed) -> None:
        told.append(event.message_id)

    bus.subscribe(hear, MessageTranscribed)
    made = Room(sessions, bus, transcriber, messages, tmp_path, told)
    made.sound(SOUND)
    yield made
    await messages.close()
    await transcriber.close()
    await keeper.close()


async def test_a_message_is_written_down_and_then_told(room: Room) -> None:
    room.transcriber.use(FakeEngine(["路灯 坏 了", "请 来 修"]))
    message_id = await room.left()
    for _ in range(3):
        await room.bus.publish(MessageLeft(message_id=message_id))
    await until(lambda: room.told)
    row = await room.row(message_id)
    assert (row.state, row.text) == ("transcribed", "路灯坏了，请来修")
    kept = await room.utterances()
    assert [(u.call_id, u.speaker, u.text) for u in kept] == [
        (row.call_id, "citizen", "路灯坏了"),
        (row.call_id, "citizen", "请来修"),
    ]
    assert 36_900 <= kept[0].start_ms <= 37_100, "on the time line of the call's recording"
    await room.bus.settle()
    assert room.told == [message_id], "told three times, done once"


async def test_without_a_model_it_waits_and_is_done_when_told_again(room: Room) -> None:
    message_id = await room.left()
    assert not await room.messages.transcribe(message_id)
    assert (await room.row(message_id)).state == "new"
    room.transcriber.use(FakeEngine(["路灯 坏 了", "请 来 修"]))
    await room.bus.publish(MessageLeft(message_id=message_id))
    await until(lambda: room.told == [message_id])


async def test_what_was_half_written_when_it_died_is_not_written_twice(room: Room) -> None:
    engine = FakeEngine(["路灯 坏 了", "请 来 修"])
    room.transcriber.use(engine)
    message_id = await room.left()
    await room.messages.transcribe(message_id)
    async with room.sessions.begin() as session:  # as if the process had died before it was marked
        (await session.get_one(Voicemail, message_id)).state = "new"
    engine.said = 0
    assert await room.messages.transcribe(message_id)
    assert len(await room.utterances()) == 2


async def test_silence_has_no_text_but_is_done(room: Room) -> None:
    room.transcriber.use(FakeEngine(["路灯"]))
    room.sound(QUIET * 150)
    message_id = await room.left()
    assert await room.messages.transcribe(message_id)
    row = await room.row(message_id)
    assert (row.state, row.text) == ("transcribed", "")


@pytest.mark.parametrize(
    ("path", "content", "state"),
    [
        ("voicemail/m.wav", b"RIFF no sound at all", "unreadable"),
        ("voicemail/m.wav", b"", "unreadable"),
        ("voicemail/other.wav", None, "new"),
        ("../../etc/passwd", None, "new"),
    ],
)
async def test_what_is_no_message_harms_nothing(room: Room, path: str, content: bytes | None, state: str) -> None:
    room.transcriber.use(FakeEngine(["路灯"]))
    if content is not None:
        (room.recordings / path).write_bytes(content)
    message_id = await room.left(path)
    await room.messages.transcribe(message_id)
    assert (await room.row(message_id)).state == state
    assert room.told == []
