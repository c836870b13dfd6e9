"""Chinese speech made when the tests run: espeak-ng through a telephone's A-law, and how well it was heard."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sound import voice, wav
from speech.decoding.demo import ARCHIVE, unpack_demo

RATE = 8000

_spoken: dict[tuple[str, str], bytes] = {}


async def spoken(text: str, speaker: str = voice.VOICE) -> bytes:
    """`text` as it comes over the telephone: 16-bit mono 8 kHz after A-law, edges of silence kept."""
    key = (text, speaker)
    if key not in _spoken:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "said.wav"
            await voice.speak(text, file, speaker)
            samples = (wav.read(file).samples * 32767).astype(np.int16)
        _spoken[key] = a_law(samples).tobytes()
    return _spoken[key]


def silence(seconds: float) -> bytes:
    """A quiet line (A-law has no zero: its silence is ±8)."""
    return a_law(np.zeros(int(seconds * RATE), np.int16)).tobytes()


def a_law(samples: NDArray[np.int16]) -> NDArray[np.int16]:
    """ITU-T G.711 A-law, there and back."""
    value = samples.astype(np.int32)
    negative = value < 0
    size = np.minimum(np.abs(value), 32635)
    segment = np.maximum(0, np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 7)
    step = 1 << np.maximum(segment + 3, 4)
    decoded = (size // step) * step + step // 2
    signed: NDArray[np.int16] = np.where(negative, -decoded, decoded).astype(np.int16)
    return signed


def unpack_model(into: Path) -> Path:
    """Unpack the espeak-trained Vosk model under a name that nobody warns of; returns its folder."""
    return unpack_demo(into, "vosk-model-test-espeak-cn")


@cache
def shared_model() -> Path:
    """The model, unpacked once for all test runs of this machine, into the system's temporary folder."""
    folder = Path(tempfile.gettempdir()) / f"hotline-test-model-{ARCHIVE.stat().st_size}"
    if not folder.exists():
        scratch = Path(tempfile.mkdtemp(prefix="hotline-test-model-"))
        unpack_model(scratch)
        with suppress(OSError):  # another run was faster
            scratch.rename(folder)
    return next(folder.glob("vosk-model-*"))


_SILENT = set(" ，。！？、；：,.!?;:“”\"'（）()")


def character_errors(reference: str, heard: str) -> tuple[int, int]:
    """(edit distance in characters, characters of the reference); punctuation and spaces do not count."""
    a = [c for c in reference if c not in _SILENT]
    b = [c for c in heard if c not in _SILENT]
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1], len(a)


def error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Character error rate over (reference, heard) pairs, 0..1 and more."""
    wrong = total = 0
    for reference, heard in pairs:
        errors, letters = character_errors(reference, heard)
        wrong += errors
        total += letters
    return wrong / max(1, total)
