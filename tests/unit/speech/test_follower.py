from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.bus import LocalBus
from runtime.callid import new_call_id
from runtime.events import CallEnded, Speaker, TapOpened, TapsEnded
from runtime.settings import Settings
from speech import follower as follower_module
from speech.follower import RecordingFollower, one_channel
from tests.waiting import until

NOW = datetime(2025, 11, 14, tzinfo=UTC)


class FakeLeg:
    def __init__(self, speaker: str) -> None:
        self.speaker = speaker
        self.began_ms = -1
        self.heard = b""
        self.closed = False

    def start_at(self, at_ms: int) -> None:
        self.began_ms = at_ms

    def audio(self, pcm: bytes, arrived: float) -> None:
        self.heard += pcm


class FakeRoom:
    def __init__(self) -> None:
        self.legs: list[FakeLeg] = []

    def open_leg(self, tap: TapOpened, connection: None) -> FakeLeg:
        self.legs.append(FakeLeg(tap.speaker))
        return self.legs[-1]

    def close_leg(self, leg: object) -> None:
        assert isinstance(leg, FakeLeg)
        leg.closed = True


def moments(left: int, right: int, count: int) -> bytes:
    return (left.to_bytes(2, "little") + right.to_bytes(2, "little")) * count


class Recording:
    def __init__(self, settings: Settings, bus: LocalBus) -> None:
        self.call_id = new_call_id()
        self.bus = bus
        self.path = settings.recordings_dir / "live" / f"{self.call_id}.raw"
        self.path.parent.mkdir(parents=True)
        self.room = FakeRoom()
        self.follower = RecordingFollower(settings, bus, self.room)

    async def tap(self, speaker: Speaker, call_id: str = "") -> None:
        await self.bus.publish(TapOpened(call_id=call_id or self.call_id, tap_id="t", speaker=speaker, origin=NOW))

    def write(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    def heard(self, speaker: str) -> bytes:
        return b"".join(leg.heard for leg in self.room.legs if leg.speaker == speaker)


@pytest.fixture
async def recording(
    settings: Settings, bus: LocalBus, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Recording]:
    monkeypatch.setattr(follower_module, "POLL_S", 0.01)
    monkeypatch.setattr(follower_module, "LAST_S", 0.05)
    recording = Recording(settings, bus)
    yield recording
    await recording.follower.close()


def test_one_channel_of_two() -> None:
    assert one_channel(moments(1, 2, 3), 0) == b"\x01\x00" * 3
    assert one_channel(moments(1, 2, 3), 1) == b"\x02\x00" * 3


async def test_each_speaker_is_followed_from_where_the_file_stands(recording: Recording) -> None:
    recording.write(moments(9, 9, 8000))
    await recording.tap("citizen")
    await recording.tap("agent")
    await until(lambda: len(recording.room.legs) == 2)
    assert {leg.began_ms for leg in recording.room.legs} == {1000}
    recording.write(moments(1, 2, 800) + b"\x01")  # half a moment: Asterisk writes in blocks
    recording.write(b"\x00\x02\x00" + moments(1, 2, 100))
    await until(lambda: len(recording.heard("citizen")) == 901 * 2 and len(recording.heard("agent")) == 901 * 2)
    assert recording.heard("citizen") == b"\x01\x00" * 901
    assert recording.heard("agent") == b"\x02\x00" * 901


async def test_the_last_words_are_read_after_the_call_ended(recording: Recording) -> None:
    recording.write(moments(0, 0, 10))
    await recording.tap("citizen")
    await until(lambda: recording.room.legs)
    await recording.bus.publish(CallEnded(call_id=recording.call_id, outcome="answered", at=NOW))
    recording.write(moments(7, 0, 160))
    await until(lambda: recording.room.legs[0].closed)
    assert recording.heard("citizen") == b"\x07\x00" * 160


async def test_what_is_said_after_the_agent_left_is_not_followed(recording: Recording) -> None:
    recording.write(moments(0, 0, 10))
    await recording.tap("citizen")
    await recording.tap("agent")
    await until(lambda: len(recording.room.legs) == 2)
    await recording.bus.publish(TapsEnded(call_id=recording.call_id))
    await until(lambda: all(leg.closed for leg in recording.room.legs))
    recording.write(moments(7, 7, 160))
    assert recording.heard("citizen") == b""


async def test_a_recording_that_never_appears_or_a_strange_call_id_harms_nothing(
    recording: Recording, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(follower_module, "APPEAR_S", 0.05)
    await recording.tap("citizen", "../../etc/passwd")
    await recording.tap("citizen")
    await until(lambda: "there is no recording" in caplog.text)
    assert recording.room.legs == []


async def test_closing_lets_go_of_everything(recording: Recording, tmp_path: Path) -> None:
    recording.write(moments(0, 0, 10))
    await recording.tap("agent")
    await until(lambda: recording.room.legs)
    await recording.follower.close()
    assert recording.room.legs[0].closed
