"""Sound files: reads any ordinary WAV and makes of it what the telephone carries (8 kHz, mono, 16-bit).

Understood: PCM of 8, 16, 24 and 32 bits, float, A-law and µ-law; any rate from 4 to 192 kHz; stereo is
mixed down. Everything else is refused with a sentence that says what was found.
"""

from __future__ import annotations

import math
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from runtime.errors import UserError

RATE = 8000
LONGEST_BYTES = 400_000_000
PEAK = 0.7
"""-3 dBFS, the level to which speech is brought."""

Samples = NDArray[np.float64]
"""Mono samples between -1 and 1."""

_PCM, _FLOAT, _ALAW, _ULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE


class WavError(UserError):
    """This file is no sound that can be played on the telephone."""


@dataclass(frozen=True, slots=True)
class Sound:
    samples: Samples
    rate: int
    channels: int
    """How many channels the file had before they were mixed down."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def seconds(path: Path) -> float:
    """Length by the header of a PCM file; 0 where there is none."""
    try:
        with wave.open(str(path), "rb") as file:
            return file.getnframes() / file.getframerate()
    except (wave.Error, EOFError, OSError, ZeroDivisionError):
        return 0.0


def read(path: Path) -> Sound:
    """Read a WAV and mix it down to mono. Raises WavError with the reason when it cannot be played."""
    try:
        size = path.stat().st_size
        if size == 0:
            raise WavError(f"{path} is empty", "give a WAV file with speech in it")
        if size > LONGEST_BYTES:
            raise WavError(f"{path} is too long ({size // 1_000_000} MB)", "give at most 400 MB")
        data = path.read_bytes()
    except OSError as error:
        raise WavError(f"{path} cannot be read: {error.strerror}", "check the path and the permissions") from error
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise WavError(f"{path} is not a WAV file", "convert it, for example: sox FILE -r 8000 -c 1 -b 16 out.wav")
    chunks = _chunks(data)
    if b"fmt " not in chunks or len(chunks[b"fmt "]) < 16:
        raise WavError(f"{path} is a damaged WAV file (no format)", "convert or record it again")
    kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", chunks[b"fmt "])
    if kind == _EXTENSIBLE and len(chunks[b"fmt "]) >= 26:
        (kind,) = struct.unpack_from("<H", chunks[b"fmt "], 24)
    if not 1 <= channels <= 8 or not 4000 <= rate <= 192_000:
        raise WavError(f"{path} has {channels} channels at {rate} Hz", "give 1 or 2 channels, 8 to 48 kHz")
    flat = _decode(chunks.get(b"data", b""), kind, bits, path)
    whole = len(flat) - len(flat) % channels
    if whole == 0:
        raise WavError(f"{path} holds no sound", "give a WAV file with speech in it")
    mono = flat[:whole].reshape(-1, channels).mean(axis=1)
    return Sound(mono, rate, channels)


def _chunks(data: bytes) -> dict[bytes, bytes]:
    """The chunks of a RIFF file; a size that lies (streams write 0 or 4 GB) is cut to what is there."""
    found: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"data" and size in (0, 0xFFFFFFFF, 0x7FFFF000):
            size = len(data) - at - 8
        found.setdefault(name, data[at + 8 : at + 8 + size])
        at += 8 + size + size % 2
    return found


def _decode(raw: bytes, kind: int, bits: int, path: Path) -> Samples:
    width = bits // 8
    raw = raw[: len(raw) - len(raw) % width] if width else b""
    if kind == _PCM and bits == 8:
        return (np.frombuffer(raw, np.uint8).astype(np.float64) - 128) / 128
    if kind == _PCM and bits == 16:
        return np.frombuffer(raw, "<i2").astype(np.float64) / 2**15
    if kind == _PCM and bits == 24:
        parts = np.frombuffer(raw, np.uint8).reshape(-1, 3).astype(np.int32)
        return ((parts[:, 0] << 8 | parts[:, 1] << 16 | parts[:, 2] << 24) / 2**31).astype(np.float64)
    if kind == _PCM and bits == 32:
        return np.frombuffer(raw, "<i4").astype(np.float64) / 2**31
    if kind == _FLOAT and bits in (32, 64):
        return np.nan_to_num(np.frombuffer(raw, f"<f{width}").astype(np.float64)).clip(-1, 1)
    if kind in (_ALAW, _ULAW) and bits == 8:
        codes = np.frombuffer(raw, np.uint8)
        return _alaw(codes) if kind == _ALAW else _ulaw(codes)
    raise WavError(
        f"{path} is a WAV of kind {kind} with {bits} bits, which is not understood",
        "convert it, for example: sox FILE -r 8000 -c 1 -b 16 out.wav",
    )


def _ulaw(codes: NDArray[np.uint8]) -> Samples:
    """ITU-T G.711 µ-law."""
    inverted = (~codes).astype(np.int32) & 0xFF
    magnitude = (((inverted & 0x0F) << 3) + 0x84) << ((inverted & 0x70) >> 4)
    return np.where(inverted & 0x80, 0x84 - magnitude, magnitude - 0x84).astype(np.float64) / 2**15


def _alaw(codes: NDArray[np.uint8]) -> Samples:
    """ITU-T G.711 A-law."""
    flipped = codes.astype(np.int32) ^ 0x55
    segment = (flipped & 0x70) >> 4
    low = (flipped & 0x0F) << 4
    magnitude = np.where(segment == 0, low + 8, (low + 0x108) << np.maximum(segment - 1, 0))
    return np.where(flipped & 0x80, magnitude, -magnitude).astype(np.float64) / 2**15


def resample(samples: Samples, rate: int, to: int = RATE) -> Samples:
    """Change the rate by a windowed sinc; what lies above the new band is removed, not folded down."""
    if rate == to or len(samples) == 0:
        return samples
    common = math.gcd(rate, to)
    step, phases = rate // common, to // common  # the output's positions lie at so many places between two samples
    band = min(1.0, to / rate) * 0.94
    half = int(np.ceil(24 / band))
    padded = np.concatenate([np.zeros(half - 1), samples, np.zeros(half + 1)])
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * half)
    count = len(samples) * phases // step
    made = np.empty(count)
    reach = np.arange(-half + 1, half + 1)
    for start in range(0, count, 16_384):
        at = np.arange(start, min(start + 16_384, count), dtype=np.int64) * step
        base, phase = np.divmod(at, phases)
        used, which = np.unique(phase, return_inverse=True)
        distance = reach[None, :] - (used / phases)[:, None]
        window = np.cos(np.pi * np.clip(distance / (2 * half), -0.5, 0.5)) ** 2
        kernel = band * np.sinc(band * distance) * window
        made[start : start + len(at)] = np.einsum("ij,ij->i", around[base], kernel[which])
    return made


def level(samples: Samples, peak: float = PEAK) -> Samples:
    """Bring the loudest moment to `peak`; silence stays silence."""
    loudest = float(np.abs(samples).max(initial=0.0))
    return samples * (peak / loudest) if loudest > 1e-4 else samples


def write(path: Path, samples: Samples, rate: int = RATE) -> None:
    """Write mono 16-bit PCM; the file appears whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    with wave.open(str(part), "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes((samples.clip(-1, 1) * 32767).round().astype("<i2").tobytes())
    part.replace(path)


def telephone(path: Path, out: Path) -> Sound:
    """Make the telephone's version of a WAV at `out`; returns it as written. Raises WavError."""
    sound = read(path)
    samples = resample(sound.samples, sound.rate)
    if len(samples) < RATE // 50:
        raise WavError(f"{path} holds only {sound.seconds * 1000:.0f} ms of sound", "give at least 20 ms")
    if float(np.abs(samples).max()) > 1.0:
        samples = level(samples, 0.99)
    write(out, samples)
    return Sound(samples, RATE, sound.channels)
