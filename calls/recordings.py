"""Turns the raw two-channel recording of an ended call into a WAV that people can play, and says so.

Left is what the citizen says, right is what the citizen hears. What cannot be written is told as
`RecordingFailed` with a reason for people; the raw file is kept until its WAV is safe.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import shutil
import wave
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from calls.asterisk import sidecar
from db.models.call import Call, Recording
from db.session import Sessions
from runtime.bus import Bus
from runtime.callid import is_call_id
from runtime.clock import Clock, local
from runtime.events import CallEnded, CallStarted, Event, RecordingFailed, RecordingReady
from runtime.settings import Settings

log = logging.getLogger(__name__)

RATE = 8000
FRAME_BYTES = 4
"""Two channels of 16-bit samples."""
CHUNK = 1 << 18
QUIET_S = 0.3
"""MixMonitor writes on for a moment after the channel's end; a file that did not grow for so long is whole."""
COMPLETE_S = 10.0
MISSING_S = 3.0
LOW_SPACE = 300 << 20
"""Bytes free below which people are warned while recordings still work (about two and a half hours of talk)."""
NO_SPACE = 4 << 20
"""Bytes free below which a call's recording cannot be counted on (two minutes of talk): every call says so."""


class RecordingError(Exception):
    """The recording is not there or could not be written; the text is for people."""


@dataclass(frozen=True, slots=True)
class Made:
    path: Path
    seconds: float
    bytes: int
    sha256: str


def make_wav(raw: Path, target: Path) -> Made:
    """Write `raw` (interleaved 16-bit, 8 kHz, two channels) as a WAV, all or nothing. Raises RecordingError."""
    part = target.with_suffix(".part")
    digest = hashlib.sha256()
    frames = 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with raw.open("rb") as source, wave.open(str(part), "wb") as sink:
            sink.setnchannels(2)
            sink.setsampwidth(2)
            sink.setframerate(RATE)
            while chunk := source.read(CHUNK):
                chunk = chunk[: len(chunk) // FRAME_BYTES * FRAME_BYTES]
                sink.writeframes(chunk)
                frames += len(chunk) // FRAME_BYTES
        if frames == 0:
            raise RecordingError("录音文件是空的")
        with part.open("rb") as written:
            while chunk := written.read(CHUNK):
                digest.update(chunk)
            os.fsync(written.fileno())
        part.rename(target)
    except (OSError, wave.Error) as error:
        raise RecordingError(_reason(error)) from error
    finally:
        part.unlink(missing_ok=True)
    return Made(target, frames / RATE, target.stat().st_size, digest.hexdigest())


def _reason(error: Exception) -> str:
    match getattr(error, "errno", None):
        case 28 | 122:  # ENOSPC, EDQUOT
            return "磁盘空间不足，录音无法保存"
        case 13 | 30:  # EACCES, EROFS
            return "录音目录不可写，请检查权限"
        case _:
            return "录音文件无法处理"


class Recordings:
    """Works off ended calls one after another, so that a burst of endings does not fill the disk's queue."""

    def __init__(self, settings: Settings, sessions: Sessions, bus: Bus, clock: Clock) -> None:
        self._node = settings.node
        self._folder = settings.recordings_dir
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._ended: asyncio.Queue[str] = asyncio.Queue()
        self._pending: set[str] = set()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._warned_low = False

    async def start(self) -> None:
        """Begin, first with what an earlier run left unfinished."""
        self._unsubscribe = self._bus.subscribe(self._heard, CallEnded, CallStarted)
        for raw in sorted((self._folder / "live").glob("*.raw")):
            if is_call_id(raw.stem) and await self._is_over(raw.stem):
                self.take(raw.stem)
        self._task = asyncio.create_task(self._work(), name="calls:recordings")

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def take(self, call_id: str) -> None:
        """Finish the recording of this ended call soon; once, however often it is asked."""
        if call_id not in self._pending:
            self._pending.add(call_id)
            self._ended.put_nowait(call_id)

    async def _heard(self, event: Event) -> None:
        if isinstance(event, CallEnded):
            self.take(event.call_id)
        else:
            await self._check_space(event.call_id)

    async def _check_space(self, call_id: str) -> None:
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError:
            return
        if free < NO_SPACE:
            await self._failed(call_id, "录音磁盘已满，本次通话可能没有录音")
        elif free < LOW_SPACE and not self._warned_low:
            await self._failed(call_id, f"录音磁盘只剩 {free >> 20} MB，请尽快清理")
        self._warned_low = free < LOW_SPACE

    async def _is_over(self, call_id: str) -> bool:
        try:
            async with self._sessions() as session:
                return await session.scalar(select(Call.state).where(Call.id == call_id)) == "ended"
        except Exception:
            log.exception("an unfinished recording could not be looked up")
            return False

    async def _work(self) -> None:
        while True:
            call_id = await self._ended.get()
            try:
                await self.finish(call_id)
            except RecordingError as error:
                await self._failed(call_id, str(error))
            except Exception:
                log.exception("the recording of call %s could not be finished", call_id)
                await self._failed(call_id, "录音保存时出错，请联系管理员")
            finally:
                self._pending.discard(call_id)

    async def _failed(self, call_id: str, reason: str) -> None:
        log.error("call %s: recording failed: %s", call_id, reason)
        await self._bus.publish(RecordingFailed(call_id=call_id, reason=reason))

    async def finish(self, call_id: str) -> None:
        """Make the WAV and the row of one ended call. Raises RecordingError."""
        raw = self._folder / "live" / f"{call_id}.raw"
        async with self._sessions() as session:
            call = await session.get(Call, call_id)
        if call is None:
            # Its row is late (the database was away), or never came: calls.state.strays looks after both.
            log.warning("call %s has no row yet: its recording waits", call_id)
            return
        sidecar.forget(self._folder / "live", call_id)
        if not await self._whole(raw, call):
            return
        relative = path_of(call_id, call.started_at)
        made = await asyncio.to_thread(make_wav, raw, self._folder / relative)
        async with self._sessions.begin() as session:
            known = select(Recording.id).where(Recording.call_id == call_id, Recording.path == str(relative))
            if await session.scalar(known) is None:  # else an earlier run ended between row and file
                session.add(
                    Recording(
                        call_id=call_id,
                        node=self._node,
                        path=str(relative),
                        channels=2,
                        seconds=made.seconds,
                        bytes=made.bytes,
                        sha256=made.sha256,
                        started_at=call.started_at,
                    )
                )
        raw.unlink(missing_ok=True)
        await self._bus.publish(RecordingReady(call_id=call_id, path=str(relative), seconds=made.seconds))
        if call.ended_at is not None and call.answered_at is not None:
            expected = (call.ended_at - call.started_at).total_seconds()
            if expected - made.seconds > max(5.0, expected * 0.2):
                raise RecordingError(f"录音不完整：通话 {expected:.0f} 秒，录音 {made.seconds:.0f} 秒")

    async def _whole(self, raw: Path, call: Call) -> bool:
        """Wait until the file no longer grows; False when there was nothing to record."""
        waited, size, quiet = 0.0, -1, 0.0
        while waited < COMPLETE_S:
            now = raw.stat().st_size if raw.exists() else -1
            if now < 0 and waited >= MISSING_S:
                if call.direction == "out" and call.answered_at is None:
                    return False
                raise RecordingError("没有找到通话录音，请检查录音目录和磁盘")
            quiet = quiet + 0.1 if now == size and now >= 0 else 0.0
            if quiet >= QUIET_S:
                return True
            size = now
            await asyncio.sleep(0.1)
            waited += 0.1
        return raw.exists()


def path_of(call_id: str, started_at: datetime) -> Path:
    """Where a call's WAV lies under the recordings folder: YYYY/MM/DD/<call id>.wav, by Shanghai's calendar."""
    return Path(f"{local(started_at):%Y/%m/%d}") / f"{call_id}.wav"
