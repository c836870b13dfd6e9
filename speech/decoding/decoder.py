"""One speaker's utterances on their way through a recogniser.

The loop appends sound, a thread of the pool decodes it. Partials are dropped as soon as decoding lags; finals
wait, in memory and then on the disk (`speech.decoding.waiting`), and are decoded in order, after the call's
end too.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from speech.decoding.recogniser import Word
from speech.decoding.shelf import Lent, Shelf
from speech.decoding.spool import Spool
from speech.decoding.waiting import BYTES_A_SECOND, SPEAKER_ROOM_S, Pending, Room, Waiting

log = logging.getLogger(__name__)

PIECE_MS = 60
BUSY_PIECE_MS = 200
BUSY_FROM, BUSY_TO = 0.3, 0.7
"""Sound is decoded in pieces of at least 60 ms, at least 200 ms when the threads are busy 70 % of their time, and
in larger ones when decoding lags: each piece costs a hand-over and a look at all hypotheses."""

SLICE_BYTES = 4 * BYTES_A_SECOND
"""Most sound decoded before another speaker gets the thread."""

PARTIAL_EVERY_S = 0.2
"""At most five partials a second and speaker."""

BUSY_S = 0.12
LAG_S = 0.4
"""Sound that waited longer than the first for its thread: partials are looked for half as often (it costs a
tenth of decoding); longer than the second: not at all."""


class Sink(Protocol):
    """Who hears of the results; called on the event loop."""

    def partial(self, utterance: Pending, text: str, end_ms: int) -> None: ...

    def final(self, utterance: Pending, words: list[Word]) -> None:
        """Words on the call's time line."""
        ...

    def gap(self, start_ms: int, end_ms: int) -> None: ...


class SpeakerDecoder:
    """`speech.decoding.pool.Work` of one speaker."""

    def __init__(
        self,
        shelf: Shelf,
        sink: Sink,
        room: Room,
        spool: Spool,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        room_s: float | None = None,
        load: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._shelf = shelf
        self._sink = sink
        self._monotonic = monotonic
        self._load = load
        self._loop = asyncio.get_running_loop()
        self._waiting = Waiting(room, spool, self._lost, SPEAKER_ROOM_S if room_s is None else room_s)
        self._lent: Lent | None = None
        self._looked_at = 0.0
        self._shown_at = 0.0

    # -- on the loop ---------------------------------------------------------------------------
    @property
    def pending_since(self) -> float | None:
        head = self._waiting.head
        if head is None:
            return None
        if head.ended:
            oldest = head.oldest
            return head.voice_end_at if oldest is None else oldest
        return head.oldest if head.bytes_in - head.bytes_done >= self._piece_bytes() else None

    def _piece_bytes(self) -> int:
        busy = min(1.0, max(0.0, (self._load() - BUSY_FROM) / (BUSY_TO - BUSY_FROM)))
        return int(PIECE_MS + busy * (BUSY_PIECE_MS - PIECE_MS)) * BYTES_A_SECOND // 1000

    @property
    def lag_s(self) -> float:
        """How long the oldest waiting sound has waited (seconds)."""
        since = self.pending_since
        return 0.0 if since is None else max(0.0, self._monotonic() - since)

    @property
    def waiting_s(self) -> float:
        """Seconds of sound that wait to be decoded."""
        return self._waiting.seconds

    @property
    def on_disk_s(self) -> float:
        """Seconds of sound that wait on the disk."""
        return self._waiting.on_disk_s

    @property
    def empty(self) -> bool:
        return self._waiting.head is None

    def begin(self, utterance: Pending) -> None:
        self._waiting.begin(utterance)

    def sound(self, pcm: bytes, arrived: float) -> None:
        """Add sound to the utterance begun last."""
        self._waiting.sound(pcm, arrived)

    def end(self, end_ms: int, cut: bool, voice_end_at: float) -> None:
        """The utterance begun last is over."""
        self._waiting.end(end_ms, cut, voice_end_at)

    def abandon(self) -> None:
        """Nobody will decode what still waits (the process ends): told as one gap."""
        left = self._waiting.clear()
        if left is not None:
            self._sink.gap(*left)

    def discard(self) -> None:
        """Nobody wants what still waits."""
        self._waiting.clear()

    # -- in a thread ---------------------------------------------------------------------------
    def _lost(self, utterance: Pending) -> None:
        """The disk did not take it (told on the spool's thread)."""
        with suppress(RuntimeError):  # the loop has been closed: the process ends
            self._loop.call_soon_threadsafe(self._give_up, utterance)

    def decode(self) -> Callable[[], None]:
        head = self._waiting.head
        try:
            taken = self._waiting.take(SLICE_BYTES)
            if taken is None:
                return _nothing
            head, pcm, arrived, whole = taken
            return self._decode(head, pcm, self._monotonic() if arrived is None else arrived, whole)
        except Exception:
            log.exception("the recogniser failed: utterance given up, a new recogniser follows")
            self._lent = None
            return _nothing if head is None else self._gave_up(head)

    def _decode(self, utterance: Pending, pcm: bytes, arrived: float, whole: bool) -> Callable[[], None]:
        lent = self._lent
        if lent is None:
            lent = self._lent = self._shelf.take()
        if pcm:
            lent.recogniser.accept(pcm)
            lent.heard_s += len(pcm) / BYTES_A_SECOND
        if whole:
            words = self._own_words(utterance, lent.recogniser.finish())
            self._lent = None
            self._shelf.put_back(lent)
            return lambda: self._finished(utterance, words)
        if utterance.ended or not self._time_for_partial(arrived):
            return _nothing
        text = lent.recogniser.partial()
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
        self._waiting.remove(utterance)
        self._sink.final(utterance, words)

    def _give_up(self, utterance: Pending) -> None:
        """An utterance for which there is no room, unless its turn came all the same."""
        if self._waiting.withdraw(utterance):
            self._sink.gap(utterance.start_ms, utterance.end_ms)

    def _gave_up(self, utterance: Pending) -> Callable[[], None]:
        def then() -> None:
            lost_from, reached = utterance.start_ms, utterance.reached_ms(utterance.bytes_done)
            if utterance.ended:
                self._waiting.remove(utterance)
                self._sink.gap(lost_from, utterance.end_ms)
                return
            # The rest of it goes to a new recogniser, whose clock starts at zero.
            utterance.start_ms = reached
            utterance.bytes_in -= utterance.bytes_done
            utterance.bytes_done = 0
            self._sink.gap(lost_from, reached)

        return then


def _nothing() -> None:
    """There is no result to hand on."""
