"""Measures sound in tests: loudness per channel, tones, seconds of speech. Levels are dBFS (0 = full scale)."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Track = NDArray[np.float64]
"""Samples of one channel between -1 and 1."""

RATE = 8000
SILENT_DB = -120.0
FRAME_S = 0.02


def wav_tracks(path: Path) -> list[Track]:
    """The channels of a 16-bit WAV."""
    with wave.open(str(path), "rb") as file:
        assert file.getsampwidth() == 2, f"{path} is not 16-bit"
        return _split(file.readframes(file.getnframes()), file.getnchannels())


def raw_tracks(path: Path, channels: int = 2) -> list[Track]:
    """The channels of a raw 16-bit recording, as MixMonitor's option D writes it."""
    return _split(path.read_bytes(), channels)


def _split(data: bytes, channels: int) -> list[Track]:
    whole = len(data) - len(data) % (2 * channels)
    flat = np.frombuffer(data[:whole], "<i2").astype(np.float64) / 32768
    return [np.ascontiguousarray(flat[channel::channels]) for channel in range(channels)]


def write_wav(path: Path, *tracks: Track, rate: int = RATE) -> Path:
    """Write tracks as a 16-bit WAV with as many channels."""
    longest = max(len(track) for track in tracks)
    table = np.zeros((longest, len(tracks)))
    for column, track in enumerate(tracks):
        table[: len(track), column] = track
    with wave.open(str(path), "wb") as file:
        file.setparams((len(tracks), 2, rate, 0, "NONE", ""))
        file.writeframes((table.clip(-1, 1) * 32767).astype("<i2").tobytes())
    return path


def tone(hertz: float, seconds: float, *, peak: float = 0.3, rate: int = RATE) -> Track:
    """A sine wave."""
    return peak * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def silence(seconds: float, *, rate: int = RATE) -> Track:
    return np.zeros(int(seconds * rate))


def rms_db(track: Track) -> float:
    """Loudness of the whole track."""
    power = float(np.mean(np.square(track))) if len(track) else 0.0
    return 10 * np.log10(power) if power > 10 ** (SILENT_DB / 10) else SILENT_DB


def tone_db(track: Track, hertz: float, rate: int = RATE) -> float:
    """Loudness of one frequency in the whole track (Goertzel, written as one bin of a Fourier sum)."""
    if not len(track):
        return SILENT_DB
    turns = np.exp(-2j * np.pi * hertz * np.arange(len(track)) / rate)
    amplitude = 2 * abs(complex(np.dot(track, turns))) / len(track)
    return float(20 * np.log10(amplitude)) if amplitude > 10 ** (SILENT_DB / 20) else SILENT_DB


def tone_seconds(track: Track, hertz: float, *, floor_db: float = -35.0, rate: int = RATE) -> float:
    """For how many seconds this tone is there and is the loudest thing (frames of 0.1 s)."""
    size = rate // 10
    found = 0
    for start in range(0, len(track) - size + 1, size):
        frame = track[start : start + size]
        level = tone_db(frame, hertz, rate)
        # A pure tone's own loudness is its amplitude minus 3 dB: half the frame's power must be the tone.
        if level > floor_db and level - 3 > rms_db(frame) - 3:
            found += 1
    return found / 10


def loud_seconds(track: Track, *, floor_db: float = -45.0, rate: int = RATE) -> float:
    """For how many seconds there is sound (speech or other) above the floor, in frames of 20 ms."""
    size = int(FRAME_S * rate)
    frames = [track[start : start + size] for start in range(0, len(track) - size + 1, size)]
    return sum(rms_db(frame) > floor_db for frame in frames) * FRAME_S
