"""Music on hold without anybody's rights: a slow tune of five notes, made here from sine waves."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hotline import wav

_NOTE_HZ = {"1": 261.63, "2": 293.66, "3": 329.63, "5": 392.0, "6": 440.0, "8": 523.25}
_TUNE = "35653212352162356865323565321212"
"""Numbered notation, as every Chinese song book writes it; 8 is the high 1."""
_BEAT_S = 0.75
_RING_S = 2.0
_PEAK = 0.16
"""About -16 dBFS: present, never louder than the people on the line."""


def make_music(folder: Path) -> Path:
    """Write the tune once into `folder` (8 kHz, mono, 16-bit) and return its path."""
    path = folder / "hold.wav"
    if path.exists():
        return path
    beat, ring = int(_BEAT_S * wav.RATE), int(_RING_S * wav.RATE)
    track = np.zeros(len(_TUNE) * beat + ring)
    for position, note in enumerate(_TUNE):
        track[position * beat : position * beat + ring] += _strike(_NOTE_HZ[note])
    wav.write(path, wav.level(track, _PEAK))
    return path


def _strike(hertz: float) -> wav.Samples:
    """One note: a quick onset, a long fading, and two overtones for warmth."""
    t = np.arange(int(_RING_S * wav.RATE)) / wav.RATE
    angle = 2 * np.pi * hertz * t
    voice = np.sin(angle) + 0.35 * np.sin(2 * angle) + 0.15 * np.sin(3 * angle)
    fading: wav.Samples = np.minimum(t / 0.02, 1.0) * np.exp(-2.2 * t) * voice
    return fading
