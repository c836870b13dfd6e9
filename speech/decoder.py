"""One speaker's utterances on their way through a recogniser.

The loop appends sound, a thread of the pool decodes it. Partials are dropped as soon as decoding lags; finals
wait. Sound waits in bounded room only: beyond it the oldest waiting utterance is given up and told as a gap.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from speech.audiosocket import SAMPLE_RATE
from speech.recogniser import Engine, Recogniser, Word

log = logging.getLogger(__name__)

BYTES_A_SECOND = 2 * SAMPLE_RATE
PIECE_BYTES = BYTES_A_SECOND * 60 // 1000
"""Sound is decoded in pieces of at least 60 ms, in larger ones when decoding lags."""

SLICE_BYTES = 4 * BYTES_A_SECOND
"""Most sound decoded before another speaker gets the thread."""

PARTIAL_EVERY_S = 0.2
"""At most five partials a second and speaker."""

BUSY_S = 0.12
LAG_S = 0.4
"""Sound that waited longer than the first for its thread: partials are looked for half as often (it costs a
tenth of decoding); longer than the second: not at all."""

RENEW_S = 60.0
"""A recogniser is renewed after so much audio: Vosk keeps 10 MB after 10 s, 48 MB after 10 min (speech.md).

Not after each utterance: a fresh one costs a third more CPU, for its look-ahead graph is composed anew.
"""

SPEAKER_ROOM_S = 120.0
PROCESS_ROOM_S = 1800.0
"""Sound that may wait, per speaker (1.9 MB) and in the process (29 MB)."""


class Room:
    """Sound waiting in the whole process, in bytes."""

    def __init__(self, limit_s: float = PROCESS_ROOM_S) -> None:
        self._limit = int(limit_s * BYTES_A_SECOND)
        self._lock = threading.Lock()  # threads of several speakers count here
        self._used = 0

    @property
    def full(self) -> bool:
        return self._used > self._limit

    def add(self, size: int) -> None:
        with self._lock:
            self._used += size


class Sink(Protocol):
    """Who hears of the results; called on the event loop."""

    def partial(self, utterance: Pending, text: str, end_ms: int) -> None: ...

    def final(self, utterance: Pending, words: list[Word]) -> None:
        """Words on the call's time line."""
        ...

    def gap(self, start_ms: int, end_ms: int) -> None: ...


@dataclass(slots=True)
class Pending:
    """An utterance that is being spoken or waits to be decoded."""

    utterance_id: str
    start_ms: int
    words_from_ms: int
    sound: deque[tuple[float, bytes]] = field(default_factory=deque)
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


class SpeakerDecoder:
    """`speech.pool.Work` of one speaker."""

    def __init__(
        self,
        engine: Engine,
        sink: Sink,
        room: Room,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        room_s: float = SPEAKER_ROOM_S,
    ) -> None:
        self._engine = engine
        self._sink = sink
        self._room = room
        self._monotonic = monotonic
        self._limit = int(room_s * BYTES_A_SECOND)
        self._lock = threading.Lock()
        self._queue: deque[Pending] = deque()
        self._waiting = 0
        self._busy = False
        self._recogniser: Recogniser | None = None
        self._heard_s = 0.0
        self._looked_at = 0.0
        self._shown_at = 0.0

    # -- on the loop ---------------------------------------------------------------------------
    @property
    def pending_since(self) -> float | None:
        if not self._queue:
            return None
        head = self._queue[0]
        if head.ended:
            return head.sound[0][0] if head.sound else head.voice_end_at
        if head.bytes_in - head.bytes_done < PIECE_BYTES or not head.sound:
            return None
        return head.sound[0][0]

    @property
    def lag_s(self) -> float:
        """How long the oldest waiting sound has waited (seconds)."""
        since = self.pending_since
        return 0.0 if since is None else max(0.0, self._monotonic() - since)

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that wait to be decoded."""
        return self._waiting / BYTES_A_SECOND

    @property
    def empty(self) -> bool:
        return not self._queue

    def begin(self, utterance: Pending) -> None:
        self._queue.append(utterance)

    def sound(self, pcm: bytes, arrived: float) -> None:
        """Add sound to the utterance begun last."""
        utterance = self._queue[-1]
        with self._lock:
            utterance.sound.append((arrived, pcm))
            utterance.bytes_in += len(pcm)
            self._count(len(pcm))
        while self._waiting > self._limit or self._room.full:
            if not self._give_up_oldest():
                break

    def end(self, end_ms: int, cut: bool, voice_end_at: float) -> None:
        """The utterance begun last is over."""
        utterance = self._queue[-1]
        with self._lock:
            utterance.end_ms, utterance.cut, utterance.voice_end_at = end_ms, cut, voice_end_at
            utterance.ended = True

    def _give_up_oldest(self) -> bool:
        """Drop the oldest utterance that is over and not begun to be decoded; False if there is none."""
        with self._lock:
            lost = next((u for u in self._queue if u.ended and not u.bytes_done), None)
            if lost is None or (self._busy and lost is self._queue[0]):
                return False
            self._queue.remove(lost)
            self._count(-lost.bytes_in)
        self._sink.gap(lost.start_ms, lost.end_ms)
        return True

    def _count(self, size: int) -> None:
        self._waiting += size
        self._room.add(size)

    def discard(self) -> None:
        """Nobody wants what still waits (the process ends)."""
        with self._lock:
            self._count(-self._waiting)
            self._queue.clear()

    # -- in a thread ---------------------------------------------------------------------------
    def decode(self) -> Callable[[], None]:
        with self._lock:
            if not self._queue:
                return _nothing
            self._busy = True
            utterance = self._queue[0]
            ended = utterance.ended  # read before the sound: what came before the end is then all there
            arrived, pcm = self._take(utterance)
        try:
            return self._decode(utterance, pcm, arrived, ended)
        except Exception:
            log.exception("the recogniser failed: utterance given up, a new recogniser follows")
            self._recogniser = None
            return self._gave_up(utterance)
        finally:
            self._busy = False

    def _take(self, utterance: Pending) -> tuple[float, bytes]:
        pieces: list[bytes] = []
        size, arrived = 0, self._monotonic()
        if utterance.sound:
            arrived = utterance.sound[0][0]
        while utterance.sound and size < SLICE_BYTES:
            _, pcm = utterance.sound.popleft()
            pieces.append(pcm)
            size += len(pcm)
        utterance.bytes_done += size
        self._count(-size)
        return arrived, b"".join(pieces)

    def _decode(self, utterance: Pending, pcm: bytes, arrived: float, ended: bool) -> Callable[[], None]:
        recogniser = self._recogniser
        if recogniser is None:
            recogniser = self._recogniser = self._engine.recogniser()
            self._heard_s = 0.0
        if pcm:
            recogniser.accept(pcm)
            self._heard_s += len(pcm) / BYTES_A_SECOND
        if ended and not utterance.sound:
            words = self._own_words(utterance, recogniser.finish())
            if self._heard_s > RENEW_S:
                self._recogniser = None
            return lambda: self._finished(utterance, words)
        if ended or not self._time_for_partial(arrived):
            return _nothing
        text = recogniser.partial()
        if not text or text == utterance.shown:
            return _nothing
        utterance.shown = text
        self._shown_at = self._monotonic()
        reached = utterance.reached_ms(utterance.bytes_done)
        return lambda: self._sink.partial(utterance, text, reached)

    def _time_for_partial(self, arrived: float) -> bool:
        now = self._monotonic()
        waited = now - arrived
        if waited > LAG_S or now - self._shown_at < PARTIAL_EVERY_S:
            return False
        if waited > BUSY_S and now - self._looked_at < PARTIAL_EVERY_S:
            return False
        self._looked_at = now
        return True

    def _own_words(self, utterance: Pending, words: list[Word]) -> list[Word]:
        """The words on the call's time line, without those that belong beyond a cut."""
        last = utterance.end_ms if utterance.cut else utterance.reached_ms(utterance.bytes_done) + 1000
        own: list[Word] = []
        for word in words:
            start, end = utterance.start_ms + word.start_ms, utterance.start_ms + word.end_ms
            if utterance.words_from_ms <= (start + end) // 2 < last:
                own.append(Word(word.text, start, end, word.confidence))
        return own

    # -- back on the loop ----------------------------------------------------------------------
    def _finished(self, utterance: Pending, words: list[Word]) -> None:
        self._queue.remove(utterance)
        self._sink.final(utterance, words)

    def _gave_up(self, utterance: Pending) -> Callable[[], None]:
        def then() -> None:
            with self._lock:
                if utterance in self._queue and utterance.ended:
                    self._queue.remove(utterance)
                    self._count(-sum(len(pcm) for _, pcm in utterance.sound))
                    utterance.sound.clear()
            lost_from, reached = utterance.start_ms, utterance.reached_ms(utterance.bytes_done)
            if not utterance.ended:  # the rest of it goes to a new recogniser, whose clock starts at zero
                utterance.start_ms = reached
                utterance.bytes_in -= utterance.bytes_done
                utterance.bytes_done = 0
            self._sink.gap(lost_from, utterance.end_ms if utterance.ended else reached)

        return then


def _nothing() -> None:
    """There is no result to hand on."""
