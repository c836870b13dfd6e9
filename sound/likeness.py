"""Whether a recording holds a sound that was played into the call."""

from __future__ import annotations

import numpy as np

from sound import wav

LOUD = 0.02
"""Level of what counts of a sentence, full scale 1."""

ALIKE = 0.8
"""Correlation of a tenth of a second with what was said, after the telephone's coding."""


def heard_share(said: wav.Samples, heard: wav.Samples) -> float:
    """How much of the sound `said` stands in the recording in one piece: share of its loud tenths of a second."""
    size = 1 << (len(said) + len(heard)).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(said, size)), size)
    at = int(np.argmax(likeness[: len(heard)]))
    piece = np.zeros(len(said))
    found = heard[at : at + len(said)]
    piece[: len(found)] = found
    tenth = wav.RATE // 10
    loud, same = 0, 0
    for start in range(0, len(said) - tenth, tenth):
        a, b = said[start : start + tenth], piece[start : start + tenth]
        if np.sqrt(np.mean(a * a)) > LOUD:
            loud += 1
            same += bool(float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b) + 1e-9) > ALIKE)
    return same / max(loud, 1)
