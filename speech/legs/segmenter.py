"""Cuts one speaker's stream into utterances, from voice activity alone.

Kaldi's own endpoint fires a second after the last word; ours ends an utterance `END_MS` after the voice. The
speech before the first frames were trusted (pre-roll) is kept, so that first syllables are not lost. What is
longer than `LONGEST_MS` is cut at the best pause of its last seconds. Pure: no clock, no thread.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from speech.legs.timeline import FRAME_MS

START_WINDOW = 6
START_VOICED = 4
"""An utterance begins when 4 of the last 6 frames (80 of 120 ms) are voiced: clicks do not."""

PRE_ROLL_MS = 300
END_MS = 360
"""Silence that ends an utterance; the detector's own hang-over, about 100 ms, comes on top (bench/vad.py)."""

TAIL_MS = 160
"""Silence handed to the recogniser after the voice; the rest is held back and only sent if speech resumes."""

LONGEST_MS = 15_000
SEARCH_MS = 5_000
"""The best pause is looked for in the last 5 s of an utterance that has grown too long."""

OVERLAP_MS = 120
"""Sound before a cut that the second utterance hears again, for context; its words there are dropped."""


@dataclass(frozen=True, slots=True)
class Begin:
    """An utterance begins; its audio (`Sound`) starts at `start_ms`, words before `words_from_ms` are not its."""

    start_ms: int
    words_from_ms: int


@dataclass(frozen=True, slots=True)
class Sound:
    pcm: bytes


@dataclass(frozen=True, slots=True)
class End:
    """The utterance is over: the voice ended at `end_ms`. Words after `end_ms` are not its own if `cut`."""

    end_ms: int
    cut: bool


Step = Begin | Sound | End


@dataclass(frozen=True, slots=True)
class _Frame:
    pcm: bytes
    at_ms: int
    voiced: bool

    @property
    def loudness(self) -> int:
        """Sum of the samples' sizes: computed only when a cut is looked for, never per frame."""
        return sum(map(abs, memoryview(self.pcm).cast("h")))


class Segmenter:
    """Feed it frames in order; it says what the recogniser is to do."""

    def __init__(self, *, end_ms: int = END_MS, longest_ms: int = LONGEST_MS) -> None:
        self._end_ms = end_ms
        self._longest_ms = longest_ms
        self._before: deque[_Frame] = deque(maxlen=PRE_ROLL_MS // FRAME_MS + START_WINDOW)
        self._recent: deque[_Frame] = deque(maxlen=SEARCH_MS // FRAME_MS)
        self._held: list[_Frame] = []
        self._speaking = False
        self._start_ms = 0
        self._voice_end_ms = 0
        self._quiet_frames = 0

    @property
    def speaking(self) -> bool:
        """Whether an utterance is open."""
        return self._speaking

    @property
    def voice_end_ms(self) -> int:
        """End of the last voiced frame of the open utterance."""
        return self._voice_end_ms

    def feed(self, pcm: bytes, voiced: bool, at_ms: int) -> list[Step]:
        """One 20 ms frame (16-bit samples) that starts at `at_ms`."""
        frame = _Frame(pcm, at_ms, voiced)
        return self._inside(frame) if self._speaking else self._outside(frame)

    def flush(self) -> list[Step]:
        """The stream ends or is interrupted: close what is open."""
        self._before.clear()
        return self._finish(self._voice_end_ms, cut=False) if self._speaking else []

    def _outside(self, frame: _Frame) -> list[Step]:
        self._before.append(frame)
        latest = list(self._before)[-START_WINDOW:]
        if not frame.voiced or sum(f.voiced for f in latest) < START_VOICED:
            return []
        frames = list(self._before)
        self._before.clear()
        return self._begin(frames, words_from_ms=frames[0].at_ms, voice_end_ms=frame.at_ms + FRAME_MS)

    def _begin(self, frames: list[_Frame], words_from_ms: int, voice_end_ms: int) -> list[Step]:
        self._speaking = True
        self._start_ms = frames[0].at_ms
        self._voice_end_ms = voice_end_ms
        self._quiet_frames = 0
        self._held.clear()
        self._recent.clear()
        self._recent.extend(frames)
        sound = b"".join(f.pcm for f in frames)
        return [Begin(self._start_ms, words_from_ms), Sound(sound)]

    def _inside(self, frame: _Frame) -> list[Step]:
        self._recent.append(frame)
        steps: list[Step] = []
        if frame.voiced:
            self._quiet_frames = 0
            self._voice_end_ms = frame.at_ms + FRAME_MS
            if self._held:
                steps.append(Sound(b"".join(f.pcm for f in self._held)))
                self._held.clear()
            steps.append(Sound(frame.pcm))
        else:
            self._quiet_frames += 1
            if self._quiet_frames * FRAME_MS <= TAIL_MS:
                steps.append(Sound(frame.pcm))
            else:
                self._held.append(frame)
            if self._quiet_frames * FRAME_MS >= self._end_ms:
                return steps + self._finish(self._voice_end_ms, cut=False)
        if frame.at_ms + FRAME_MS - self._start_ms >= self._longest_ms:
            steps += self._cut()
        return steps

    def _cut(self) -> list[Step]:
        frames = list(self._recent)
        best = best_pause(frames)
        cut_ms = frames[best].at_ms
        rest = frames[max(0, best - OVERLAP_MS // FRAME_MS) :]
        voice_end_ms = self._voice_end_ms
        steps = self._finish(cut_ms, cut=True)
        return steps + self._begin(rest, words_from_ms=cut_ms, voice_end_ms=max(voice_end_ms, cut_ms))

    def _finish(self, end_ms: int, *, cut: bool) -> list[Step]:
        self._speaking = False
        # What was held back may hold the first breath of the next word: it is the next pre-roll.
        self._before.extend(self._held)
        self._held.clear()
        self._recent.clear()
        return [End(end_ms, cut)]


def best_pause(frames: list[_Frame]) -> int:
    """Index of the frame in the middle of the longest unvoiced run, or of the quietest 100 ms if there is none.

    The first and last 0.5 s are no place to cut: a piece that short is hard to recognise.
    """
    margin = min(500 // FRAME_MS, len(frames) // 4)
    inner = range(margin, len(frames) - margin)
    best_start, best_length, start = 0, 0, -1
    for i in inner:
        if frames[i].voiced:
            start = -1
            continue
        start = i if start < 0 else start
        if i - start + 1 > best_length:
            best_start, best_length = start, i - start + 1
    if best_length >= 3:
        return best_start + best_length // 2
    loudness = [frame.loudness for frame in frames]
    return min(inner, key=lambda i: sum(loudness[max(0, i - 2) : i + 3]))
