"""The second way to hear a call: follow its two-channel recording as it grows (`HOTLINE_TAP=mixmonitor`).

For Asterisk releases whose ChanSpy or AudioSocket is broken (asks.md 17). Asterisk writes the file in blocks,
so text comes up to a second later than by AudioSocket; nothing is originated and no channel is touched.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from runtime.bus import Bus
from runtime.callid import is_call_id
from runtime.events import CallEnded, TapOpened, TapsEnded
from runtime.settings import Settings
from speech.audiosocket import SAMPLE_RATE

log = logging.getLogger(__name__)

POLL_S = 0.1
APPEAR_S = 5.0
"""The recording is opened before the call is answered: without a file by then there is none."""

LAST_S = 1.0
"""After the call's end Asterisk still writes what it holds."""

STALE_S = 6 * 3600.0
"""A file that has not grown for so long belongs to no live call, whatever the bus says."""

SAMPLE = 4
"""Bytes of one moment: two channels of 16 bits."""

CHUNK = SAMPLE * SAMPLE_RATE
CHANNEL = {"citizen": 0, "agent": 1}


class FollowedLeg(Protocol):
    def start_at(self, at_ms: int) -> None: ...

    def audio(self, pcm: bytes, arrived: float) -> None: ...


class FollowerRoom(Protocol):
    """What is needed of `speech.transcriber.Transcriber`."""

    def open_leg(self, tap: TapOpened, connection: None) -> FollowedLeg: ...

    def close_leg(self, leg: FollowedLeg) -> None: ...


class RecordingFollower:
    """Opens one leg per announced tap and feeds it from the recording, from where the file stands now."""

    def __init__(self, settings: Settings, bus: Bus, room: FollowerRoom) -> None:
        self._folder = settings.recordings_dir / "live"
        self._room = room
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._ended: dict[str, asyncio.Event] = {}
        self._unsubscribe: list[Callable[[], None]] = [
            bus.subscribe(self._opened, TapOpened),
            bus.subscribe(self._call_ended, CallEnded),
            bus.subscribe(self._taps_ended, TapsEnded),
        ]

    async def _opened(self, tap: TapOpened) -> None:
        if not is_call_id(tap.call_id):
            return
        key = (tap.call_id, tap.speaker)
        before = self._tasks.pop(key, None)
        if before is not None:
            before.cancel()
            await asyncio.gather(before, return_exceptions=True)
        ended = self._ended.setdefault(tap.call_id, asyncio.Event())
        task = asyncio.create_task(self._follow(tap, ended), name=f"follow:{tap.speaker}")
        self._tasks[key] = task
        task.add_done_callback(lambda done: self._done(key, done))

    def _done(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        if not any(call_id == key[0] for call_id, _ in self._tasks):
            self._ended.pop(key[0], None)
        if not task.cancelled() and task.exception() is not None:
            log.error("call %s: following the recording failed: %r", key[0], task.exception())

    async def _call_ended(self, event: CallEnded) -> None:
        if event.call_id in self._ended:
            self._ended[event.call_id].set()

    async def _taps_ended(self, event: TapsEnded) -> None:
        """The recording goes on and grows; it is no longer listened to."""
        for (call_id, _), task in list(self._tasks.items()):
            if call_id == event.call_id:
                task.cancel()

    async def _follow(self, tap: TapOpened, ended: asyncio.Event) -> None:
        file = await self._open(self._folder / f"{tap.call_id}.raw")
        if file is None:
            log.warning("call %s: there is no recording to follow", tap.call_id)
            return
        with file:
            position = file.seek(0, 2) // SAMPLE * SAMPLE
            file.seek(position)
            leg = self._room.open_leg(tap, None)
            leg.start_at(position // SAMPLE * 1000 // SAMPLE_RATE)
            try:
                await self._read(file, leg, CHANNEL[tap.speaker], ended)
            finally:
                self._room.close_leg(leg)

    async def _open(self, path: Path) -> BinaryIO | None:
        for _ in range(int(APPEAR_S / POLL_S)):
            try:
                return path.open("rb")
            except FileNotFoundError:
                await asyncio.sleep(POLL_S)
            except OSError as error:
                log.error("a recording cannot be followed: %s", error.strerror)
                return None
        return None

    @staticmethod
    async def _read(file: BinaryIO, leg: FollowedLeg, channel: int, ended: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        grown = loop.time()
        rest = b""
        while True:
            data = rest + file.read(CHUNK)
            whole = len(data) - len(data) % SAMPLE
            rest = data[whole:]
            now = loop.time()
            if whole:
                grown = now
                leg.audio(one_channel(data[:whole], channel), now)
                await asyncio.sleep(0)
                if whole >= CHUNK:
                    continue
            elif now - grown > (LAST_S if ended.is_set() else STALE_S):
                return
            await asyncio.sleep(POLL_S)

    async def close(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def one_channel(interleaved: bytes, channel: int) -> bytes:
    """Left (0) or right (1) of two interleaved 16-bit channels."""
    samples = memoryview(interleaved).cast("h")
    return samples[channel::2].tobytes()
