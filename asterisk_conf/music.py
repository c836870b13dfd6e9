"""Music on hold without anybody's rights: a slow tune of five notes, made here from sine waves.

A queue may begin with sentences (greeting, recording notice): Asterisk plays them as the beginning of the music,
so that telephones ring meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np

from runtime.settings import Settings
from sound import wav

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
    wav.write(path, wav.level(_tune(), _PEAK))
    return path


@cache
def _tune() -> wav.Samples:
    """The whole tune, unlevelled; the same for every installation."""
    beat, ring = int(_BEAT_S * wav.RATE), int(_RING_S * wav.RATE)
    track: wav.Samples = np.zeros(len(_TUNE) * beat + ring)
    for position, note in enumerate(_TUNE):
        track[position * beat : position * beat + ring] += _strike(_NOTE_HZ[note])
    return track


def _strike(hertz: float) -> wav.Samples:
    """One note: a quick onset, a long fading, and two overtones for warmth."""
    t = np.arange(int(_RING_S * wav.RATE)) / wav.RATE
    angle = 2 * np.pi * hertz * t
    voice = np.sin(angle) + 0.35 * np.sin(2 * angle) + 0.15 * np.sin(3 * angle)
    fading: wav.Samples = np.minimum(t / 0.02, 1.0) * np.exp(-2.2 * t) * voice
    return fading


OPENINGS_KEPT = 20
"""Openings that stay known: calls of an older script are still waiting."""

_HOLD_REPEATED = 170
"""How often the tune follows an opening: longer than anybody may wait (script.schema.json), for Asterisk begins a
list again at its head, and nobody wants to be greeted twice."""


def openings_file(settings: Settings) -> Path:
    """Included by musiconhold.conf; made by `write_openings`."""
    return settings.var / "pbx" / "openings.conf"


def write_openings(settings: Settings, openings: Mapping[str, Sequence[Path]]) -> None:
    """Classes of music that begin with sentences: {class: sound files}. In force after Asterisk's `moh reload`."""
    tune = settings.var / "pbx" / "music" / "hold"
    lines = ["; Written by the IVR: changes here are lost."]
    for name, sentences in list(openings.items())[-OPENINGS_KEPT:]:
        lines += [f"[{name}]", "mode = playlist"]
        lines += [f"entry = {path.with_suffix('')}" for path in sentences]
        lines += [f"entry = {tune}"] * _HOLD_REPEATED
    target = openings_file(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
    fresh.replace(target)
