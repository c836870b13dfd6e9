"""One speaker of one call: frames in, utterances out.

A leg does not know where its frames come from (AudioSocket or a growing file) nor who reads its events.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from runtime.events import Event, Speaker, TapOpened, TapSilent, TranscriptGap, Utterance
from speech.audiosocket import FRAME_BYTES
from speech.decoding.decoder import SpeakerDecoder
from speech.decoding.recogniser import Word
from speech.decoding.waiting import Pending
from speech.legs.segmenter import Begin, End, Segmenter, Sound, Step
from speech.legs.timeline import Timeline
from speech.legs.vad import VoiceDetector
from speech.text import ClerkText

SILENT_S = 3.0
"""Without frames for so long the alarm is raised (asks.md 17)."""


class Leg:
    """Times are loop seconds (`monotonic`); `origin` is the loop time of the call's zero.

    `new_id` makes an utterance's id from its start on the call's time line.
    """

    def __init__(
        self,
        tap: TapOpened,
        origin: float,
        *,
        detector: VoiceDetector,
        text: ClerkText,
        emit: Callable[[Event], None],
        monotonic: Callable[[], float],
        now: float,
        new_id: Callable[[int], str] = lambda start_ms: str(uuid.uuid4()),
    ) -> None:
        self.tap = tap
        self.decoder: SpeakerDecoder | None = None
        """Set once there is an engine; without one the leg only watches for silence."""
        self._origin = origin
        self._detector = detector
        self._text = text
        self._emit = emit
        self._monotonic = monotonic
        self._new_id = new_id
        self._timeline = Timeline()
        self._segmenter = Segmenter()
        self._rest = b""
        self._last_frame = now
        self._silent_since: float | None = None
        self._voice_end_at = now

    @property
    def call_id(self) -> str:
        return self.tap.call_id

    @property
    def speaker(self) -> Speaker:
        return self.tap.speaker

    def start_at(self, at_ms: int) -> None:
        """The sound to come begins exactly here on the call's time line (a recording knows its position)."""
        self._timeline.put(at_ms)

    def audio(self, pcm: bytes, arrived: float) -> None:
        """Sound as it arrived (any even number of bytes)."""
        if self._silent_since is not None:
            self._back(arrived)
        self._last_frame = arrived
        if self.decoder is None:
            return
        data = self._rest + pcm if self._rest else pcm
        whole = len(data) - len(data) % FRAME_BYTES
        self._rest = data[whole:]
        arrived_ms = (arrived - self._origin) * 1000
        for at in range(0, whole, FRAME_BYTES):
            frame = data[at : at + FRAME_BYTES]
            voiced = self._detector.voiced(frame)
            if voiced:
                self._voice_end_at = arrived
            self._carry_out(self._segmenter.feed(frame, voiced, self._timeline.place(arrived_ms)), arrived)

    def watch(self, now: float, *, held: bool) -> None:
        """Called about twice a second: raise the alarm when the wire is silent. A held call may well be."""
        if self._silent_since is not None or now - self._last_frame < SILENT_S:
            return
        self._silent_since = self._last_frame
        self._carry_out(self._segmenter.flush(), now)
        if not held:
            silent_s = round(now - self._last_frame, 1)
            self._emit(self._event(TapSilent, tap_id=self.tap.tap_id, silent_s=silent_s))

    def _back(self, arrived: float) -> None:
        assert self._silent_since is not None
        self._emit(self._event(TapSilent, tap_id=self.tap.tap_id, silent_s=0.0))
        lost_from = int((self._silent_since - self._origin) * 1000)
        self._silent_since = None
        arrived_ms = (arrived - self._origin) * 1000
        self._timeline.resume(arrived_ms)
        self.gap(lost_from, int(arrived_ms))

    def close(self, now: float) -> None:
        """No more sound will come; what was said is still decoded."""
        self._carry_out(self._segmenter.flush(), now)
        self._detector.close()

    def _carry_out(self, steps: list[Step], arrived: float) -> None:
        decoder = self.decoder
        if decoder is None:
            return
        for step in steps:
            if isinstance(step, Sound):
                decoder.sound(step.pcm, arrived)
            elif isinstance(step, Begin):
                decoder.begin(Pending(self._new_id(step.start_ms), step.start_ms, step.words_from_ms))
            elif isinstance(step, End):
                decoder.end(step.end_ms, step.cut, self._voice_end_at)

    # -- speech.decoding.decoder.Sink -------------------------------------------------------------------
    def partial(self, utterance: Pending, text: str, end_ms: int) -> None:
        self._emit(
            Utterance(
                call_id=self.call_id,
                utterance_id=utterance.utterance_id,
                speaker=self.speaker,
                start_ms=utterance.start_ms,
                end_ms=end_ms,
                text=self._text.written(text.split()),
                raw=text,
                final=False,
                latency_ms=max(0, int((self._monotonic() - self._origin) * 1000) - end_ms),
            )
        )

    def final(self, utterance: Pending, words: list[Word]) -> None:
        """Nothing heard and nothing shown: no event. Something shown: an empty final takes it back."""
        if not words and not utterance.shown:
            return
        letters = sum(len(word.text) for word in words)
        sureness = sum(word.confidence * len(word.text) for word in words)
        self._emit(
            Utterance(
                call_id=self.call_id,
                utterance_id=utterance.utterance_id,
                speaker=self.speaker,
                start_ms=utterance.start_ms,
                end_ms=utterance.end_ms,
                text=self._text.corrected([word.text for word in words]),
                raw=" ".join(word.text for word in words),
                final=True,
                confidence=round(sureness / letters, 3) if letters else 0.0,
                latency_ms=max(0, int((self._monotonic() - utterance.voice_end_at) * 1000)),
                words=tuple((w.text, w.start_ms, w.end_ms, round(w.confidence, 3)) for w in words),
            )
        )

    def gap(self, start_ms: int, end_ms: int) -> None:
        self._emit(self._event(TranscriptGap, start_ms=max(0, start_ms), end_ms=max(0, end_ms)))

    def _event(self, kind: Callable[..., Event], **fields: object) -> Event:
        return kind(call_id=self.call_id, speaker=self.speaker, **fields)
