"""From raw samples to a WAV and a row, and a reason for people when it cannot be."""

from __future__ import annotations

import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from calls.recordings import RecordingError, Recordings, make_wav, path_of
from db.models import Call, Recording
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.events import CallEnded, CallStarted, Event, RecordingFailed, RecordingReady
from runtime.settings import Settings
from tests.fakes.clock import FakeClock
from tests.waiting import until

CALL = "01a20049-a4f5-7069-9c8d-968102d07eca"
STARTED = datetime(2026, 1, 1, 17, 0, tzinfo=UTC)


def test_left_stays_left(tmp_path: Path) -> None:
    raw = tmp_path / "x.raw"
    raw.write_bytes(b"\x01\x00\x02\x00" * 8000 + b"\x01\x00")  # the last frame was cut off
    made = make_wav(raw, tmp_path / "a" / "x.wav")
    with wave.open(str(made.path)) as audio:
        assert (audio.getnchannels(), audio.getframerate(), audio.getnframes()) == (2, 8000, 8000)
        assert audio.readframes(1) == b"\x01\x00\x02\x00"
    assert made.seconds == 1.0
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x.wav"]


def test_an_empty_recording_is_an_error(tmp_path: Path) -> None:
    raw = tmp_path / "x.raw"
    raw.touch()
    with pytest.raises(RecordingError, match="空的"):
        make_wav(raw, tmp_path / "x.wav")
    assert not (tmp_path / "x.wav").exists()


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    raw = tmp_path / "x.raw"
    raw.write_bytes(bytes(1 << 20))
    full = tmp_path / "full.wav"
    full.with_suffix(".part").symlink_to("/dev/full")
    with pytest.raises(RecordingError, match="磁盘空间不足"):
        make_wav(raw, full)


def test_the_folder_is_the_day_in_shanghai() -> None:
    assert path_of(CALL, STARTED) == Path("2026/01/02") / f"{CALL}.wav"


class Desk:
    """A recordings part at work and what it told."""

    def __init__(self, settings: Settings, sessions: Sessions, bus: LocalBus, clock: FakeClock) -> None:
        self.live = settings.recordings_dir / "live"
        self.live.mkdir(parents=True, exist_ok=True)
        self.sessions, self.bus = sessions, bus
        self.recordings = Recordings(settings, sessions, bus, clock)
        self.told: list[Event] = []
        bus.subscribe(self._hear, RecordingReady, RecordingFailed)

    async def _hear(self, event: Event) -> None:
        self.told.append(event)

    async def call(self, seconds: float, *, answered: bool = True) -> None:
        async with self.sessions.begin() as session:
            session.add(
                Call(
                    id=CALL,
                    state="ended",
                    started_at=STARTED,
                    answered_at=STARTED if answered else None,
                    ended_at=STARTED + timedelta(seconds=seconds),
                )
            )


@pytest.fixture
async def desk(settings: Settings, sessions: Sessions, bus: LocalBus, clock: FakeClock) -> Desk:
    return Desk(settings, sessions, bus, clock)


async def test_an_ended_call_gets_its_wav_and_row(desk: Desk) -> None:
    await desk.call(2)
    (desk.live / f"{CALL}.raw").write_bytes(bytes(4 * 16000))
    await desk.recordings.start()
    await desk.bus.publish(CallEnded(call_id=CALL, outcome="answered", at=STARTED))
    await until(lambda: desk.told)
    assert desk.told == [RecordingReady(call_id=CALL, path=f"2026/01/02/{CALL}.wav", seconds=2.0)]
    async with desk.sessions() as session:
        row = (await session.scalars(select(Recording))).one()
    assert (row.seconds, row.channels, len(row.sha256)) == (2.0, 2, 64)
    assert not (desk.live / f"{CALL}.raw").exists()
    await desk.recordings.close()


async def test_what_an_earlier_run_left_is_finished(desk: Desk) -> None:
    await desk.call(1)
    (desk.live / f"{CALL}.raw").write_bytes(bytes(4 * 8000))
    (desk.live / "rubbish.raw").write_bytes(b"x")
    await desk.recordings.start()
    await until(lambda: desk.told)
    assert isinstance(desk.told[0], RecordingReady)
    await desk.recordings.close()


async def test_a_missing_recording_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("calls.recordings.MISSING_S", 0.1)
    await desk.call(60)
    await desk.recordings.start()
    await desk.bus.publish(CallEnded(call_id=CALL, outcome="answered", at=STARTED))
    await until(lambda: desk.told)
    assert isinstance(desk.told[0], RecordingFailed)
    assert "没有找到" in desk.told[0].reason
    await desk.recordings.close()


async def test_half_a_recording_is_kept_and_told(desk: Desk) -> None:
    await desk.call(60)
    (desk.live / f"{CALL}.raw").write_bytes(bytes(4 * 8000 * 20))
    await desk.recordings.start()
    await desk.bus.publish(CallEnded(call_id=CALL, outcome="answered", at=STARTED))
    await until(lambda: len(desk.told) == 2)
    assert isinstance(desk.told[0], RecordingReady)
    assert isinstance(desk.told[1], RecordingFailed)
    assert "不完整" in desk.told[1].reason
    await desk.recordings.close()


async def test_a_nearly_full_disk_is_told_once_and_a_full_one_with_every_call(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = 100 << 20
    monkeypatch.setattr("calls.recordings.shutil.disk_usage", lambda _folder: SimpleNamespace(free=free))

    await desk.recordings.start()
    started = CallStarted(call_id=CALL, caller="", caller_raw="", callee="12345", channel="PJSIP/x", at=STARTED)

    async def told_at_start() -> list[str]:
        before = len(desk.told)
        await desk.bus.publish(started)
        for _ in range(2):  # what is told is told over the same bus
            await desk.bus.settle()
        return [event.reason for event in desk.told[before:] if isinstance(event, RecordingFailed)]

    assert await told_at_start() == ["录音磁盘只剩 100 MB，请尽快清理"]
    assert await told_at_start() == []
    free = 1 << 20
    for _ in range(2):
        assert await told_at_start() == ["录音磁盘已满，本次通话可能没有录音"]
    free = 1 << 40
    assert await told_at_start() == []
    await desk.recordings.close()
