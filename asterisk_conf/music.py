"""Music on hold without anybody's rights: a slow tune of five notes, made here from sine waves."""

from __future__ import annotations

import array
import math
import wave
from pathlib import Path

RATE = 8000
_NOTE_HZ = {"1": 261.63, "2": 293.66, "3": 329.63, "5": 392.0, "6": 440.0, "8": 523.25}
_TUNE = "35653212352162356865323565321212"
"""Numbered notation, as every Chinese song book writes it; 8 is the high 1."""
_BEAT_S = 0.75
_PEAK = 0.16
"""About -16 dBFS: present, never louder than the people on the line."""


def make_music(folder: Path) -> Path:
    """Write the tune once into `folder` (8 kHz, mono, 16-bit) and return its path."""
    path = folder / "hold.wav"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    length = int(RATE * _BEAT_S)
    samples = array.array("h", bytes(2 * (len(_TUNE) * length + 2 * RATE)))
    for position, note in enumerate(_TUNE):
        _strike(samples, position * length, _NOTE_HZ[note])
    part = path.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    part.replace(path)
    return path


def _strike(samples: array.array[int], start: int, hertz: float) -> None:
    """Add one note: a quick onset, a long fading, and two overtones for warmth."""
    for i in range(min(2 * RATE, len(samples) - start)):
        t = i / RATE
        loud = min(t / 0.02, 1.0) * math.exp(-2.2 * t) * _PEAK / 1.5
        angle = 2 * math.pi * hertz * t
        value = math.sin(angle) + 0.35 * math.sin(2 * angle) + 0.15 * math.sin(3 * angle)
        mixed = samples[start + i] + int(32767 * loud * value)
        samples[start + i] = max(-32768, min(32767, mixed))
