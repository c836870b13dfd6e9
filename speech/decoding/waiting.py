"""One speaker's utterances that are being spoken or wait to be decoded, in order.

Waiting is bounded in memory, not in time: what does not fit goes to a file (`speech.decoding.spool`), the
utterance that is needed last first. Only what the disk does not take is given up.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from speech.audiosocket import SAMPLE_RATE
from speech.decoding.spool import Place, Spool

log = logging.getLogger(__name__)

BYTES_A_SECOND = 2 * SAMPLE_RATE

SPEAKER_ROOM_S = 60.0
PROCESS_ROOM_S = 1800.0
"""Sound that waits in memory, per speaker (1 MB) and in the process (29 MB); utterances that are still being
spoken, at most 15 s each, come on top."""


class Room:
    """Sound waiting in the memory of the whole process, in bytes."""

    def __init__(self, limit_s: float = PROCESS_ROOM_S) -> None:
        self._limit = int(limit_s * BYTES_A_SECOND)
        self._lock = threading.Lock()  # threads of several speakers count here
        self._used = 0

    @property
    def full(self) -> bool:
        return self._used > self._limit

    @property
    def used(self) -> int:
        return self._used

    def add(self, size: int) -> None:
        with self._lock:
            self._used += size


@dataclass(slots=True)
class Pending:
    """An utterance that is being spoken or waits to be decoded."""

    utterance_id: str
    start_ms: int
    words_from_ms: int
    sound: deque[tuple[float, bytes]] = field(default_factory=deque)
    place: Place | None = None
    """Where the whole utterance lies in the spool, while it does."""
    since: float = 0.0
    """When its first sound arrived (loop time)."""
    bytes_in: int = 0
    bytes_done: int = 0
    end_ms: int = 0
    ended: bool = False
    cut: bool = False
    voice_end_at: float = 0.0
    """Loop time at which the last voiced sound had arrived: latency counts from here."""
    shown: str = ""
    """Last partial published."""

    def reached_ms(self, done: int) -> int:
        return self.start_ms + done * 1000 // BYTES_A_SECOND

    @property
    def oldest(self) -> float | None:
        """Arrival of the oldest sound that waits; None when none does."""
        if self.place is not None:
            return self.since
        return self.sound[0][0] if self.sound else None


class Waiting:
    """Filled on the loop, emptied by one thread at a time; `lost` is called on the spool's thread."""

    def __init__(self, room: Room, spool: Spool, lost: Callable[[Pending], None], room_s: float) -> None:
        self._room = room
        self._spool = spool
        self._file = spool.file()
        self._lost = lost
        self._limit = int(room_s * BYTES_A_SECOND)
        self._lock = threading.Lock()
        self._queue: deque[Pending] = deque()
        self._in_memory = 0
        self._on_disk = 0

    # -- on the loop ---------------------------------------------------------------------------
    @property
    def head(self) -> Pending | None:
        """The utterance that is decoded now, or next."""
        return self._queue[0] if self._queue else None

    @property
    def seconds(self) -> float:
        """Sound that waits, wherever it is."""
        return (self._in_memory + self._on_disk) / BYTES_A_SECOND

    @property
    def on_disk_s(self) -> float:
        """Sound that waits on the disk."""
        return self._on_disk / BYTES_A_SECOND

    def begin(self, utterance: Pending) -> None:
        self._queue.append(utterance)

    def sound(self, pcm: bytes, arrived: float) -> None:
        """Add sound to the utterance begun last."""
        utterance = self._queue[-1]
        with self._lock:
            if not utterance.bytes_in:
                utterance.since = arrived
            utterance.sound.append((arrived, pcm))
            utterance.bytes_in += len(pcm)
            self._count(len(pcm))

    def end(self, end_ms: int, cut: bool, voice_end_at: float) -> None:
        """The utterance begun last is over."""
        utterance = self._queue[-1]
        with self._lock:
            utterance.end_ms, utterance.cut, utterance.voice_end_at = end_ms, cut, voice_end_at
            utterance.ended = True
        if self._in_memory > self._limit or self._room.full:
            self._spool.later(lambda: self._put_down(utterance))

    def remove(self, utterance: Pending) -> None:
        """It is decoded, or given up."""
        with self._lock:
            self._remove(utterance)

    def withdraw(self, utterance: Pending) -> bool:
        """Give it up, unless it is being decoded already."""
        with self._lock:
            waits = self._still_waits(utterance)
            if waits:
                self._remove(utterance)
            return waits

    def _remove(self, utterance: Pending) -> None:
        if utterance in self._queue:
            self._queue.remove(utterance)
        self._count(-sum(len(pcm) for _, pcm in utterance.sound))
        utterance.sound.clear()
        if utterance.place is not None:
            self._file.forget()
            self._on_disk -= utterance.place.size
            utterance.place = None

    def clear(self) -> tuple[int, int] | None:
        """Give everything up; start of the first utterance and end of the last, in ms of the call."""
        left = list(self._queue)
        for utterance in left:
            self.remove(utterance)
        if not left:
            return None
        return left[0].start_ms, max(u.end_ms if u.ended else u.reached_ms(u.bytes_in) for u in left)

    # -- in a recogniser's thread ----------------------------------------------------------------
    def take(self, most: int) -> tuple[Pending, bytes, float | None, bool] | None:
        """The first utterance, its next sound (some `most` bytes), when that arrived, and whether it was all.

        Raises OSError when the sound lay in the spool and cannot be read; the utterance then has none any more.
        """
        with self._lock:
            if not self._queue:
                return None
            utterance = self._queue[0]
            place, utterance.place = utterance.place, None
            if place is None:
                return self._next(utterance, most)
        self._pick_up(utterance, place)
        with self._lock:
            return self._next(utterance, most)

    def _next(self, utterance: Pending, most: int) -> tuple[Pending, bytes, float | None, bool]:
        pieces: list[bytes] = []
        size = 0
        arrived = utterance.sound[0][0] if utterance.sound else None
        while utterance.sound and size < most:
            _, pcm = utterance.sound.popleft()
            pieces.append(pcm)
            size += len(pcm)
        utterance.bytes_done += size
        self._count(-size)
        return utterance, b"".join(pieces), arrived, utterance.ended and not utterance.sound

    def _pick_up(self, utterance: Pending, place: Place) -> None:
        try:
            pcm = self._file.read(place)
        finally:
            with self._lock:
                self._on_disk -= place.size
        with self._lock:
            self._count(len(pcm))
            step = BYTES_A_SECOND
            utterance.sound.extend((utterance.since, pcm[at : at + step]) for at in range(0, len(pcm), step))

    # -- in the spool's thread -------------------------------------------------------------------
    def _put_down(self, utterance: Pending) -> None:
        """Bring a whole utterance to the disk, unless its turn has come meanwhile."""
        with self._lock:
            if not self._still_waits(utterance):
                return
            pcm = b"".join(pcm for _, pcm in utterance.sound)
        try:
            place = self._file.write(pcm)
        except OSError as error:
            log.error("late speech cannot be kept: %s", error.strerror)
            self._lost(utterance)
            return
        with self._lock:
            if not self._still_waits(utterance):
                self._file.forget()
                return
            utterance.place = place
            utterance.sound.clear()
            self._count(-place.size)
            self._on_disk += place.size

    def _still_waits(self, utterance: Pending) -> bool:
        return utterance in self._queue and not utterance.bytes_done and bool(utterance.sound)

    def _count(self, size: int) -> None:
        self._in_memory += size
        self._room.add(size)
