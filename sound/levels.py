"""Prompts as the telephone wants them: one loudness, never clipped, no silence at their ends.

Reading, resampling and writing are `sound.wav`'s; here is what makes many files sound like one voice.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sound import wav
from sound.wav import RATE, Samples

PEAK = 0.7
"""Highest sample of a prompt (full scale = 1): 3 dB of room for what codecs add."""

LOUDNESS = 0.1
"""Root mean square of the spoken parts: -20 dBFS."""

FRAME = RATE // 50
EDGE = int(0.03 * RATE)
"""Silence kept before and after the words, samples."""

SILENT = 1e-4


def _frames(samples: Samples) -> Samples:
    """Root mean square of each 20 ms."""
    count = -(-len(samples) // FRAME)
    padded = np.zeros(count * FRAME)
    padded[: len(samples)] = samples
    made: Samples = np.sqrt((padded.reshape(count, FRAME) ** 2).mean(axis=1))
    return made


def loudness(samples: Samples) -> float:
    """Root mean square of the spoken parts (20 ms frames within 30 dB of the loudest); 0 for silence."""
    frames = _frames(samples)
    if not len(frames) or frames.max() < SILENT:
        return 0.0
    return float(np.sqrt((frames[frames > frames.max() * 0.03] ** 2).mean()))


def trim(samples: Samples) -> Samples:
    """Without the silence before and after, but for a short edge."""
    frames = _frames(samples)
    if not len(frames) or frames.max() < SILENT:
        return samples
    loud = np.flatnonzero(frames > frames.max() * 0.02)
    return samples[max(0, int(loud[0]) * FRAME - EDGE) : (int(loud[-1]) + 1) * FRAME + EDGE]


def level(samples: Samples) -> Samples:
    """At the house's loudness, less where a peak would come near clipping; silence stays silence."""
    have = loudness(samples)
    if have == 0.0:
        return samples
    return samples * min(LOUDNESS / have, PEAK / float(np.abs(samples).max()))


def make_prompt(source: Path, target: Path) -> float:
    """Turn a WAV of any kind into a prompt file; returns its seconds. Raises WavError, also for mere silence."""
    given = wav.read(source)
    samples = level(trim(wav.resample(given.samples, given.rate)))
    if loudness(samples) == 0.0:
        raise wav.WavError(f"{source} holds nothing but silence", "record it again")
    wav.write(target, samples)
    return len(samples) / RATE


def tone(hertz: float, length: float) -> Samples:
    """A plain tone with soft edges, `length` seconds."""
    at = np.arange(int(length * RATE))
    edge = np.minimum(1.0, np.minimum(at, at[::-1]) / (RATE / 100))
    made: Samples = 0.25 * edge * np.sin(2 * np.pi * hertz * at / RATE)
    return made


def silence(length: float) -> Samples:
    return np.zeros(int(length * RATE))
