"""Two-speaker telephone calls for the benchmark: citizen and agent take turns, think, and type."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from bench.speech_audio import Recording, Samples, recordings, speech_frames, telephone
from tests.speech_samples import RATE

MOST = 0.45
"""No speaker talks more than this part of a call."""


@dataclass(frozen=True)
class Side:
    """What one speaker's leg carries."""

    pcm: bytes
    text: str
    share: float
    """Part of the time in which this speaker truly speaks."""


@dataclass(frozen=True)
class Call:
    citizen: Side
    agent: Side

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.citizen, self.agent


def trimmed(source: Recording) -> Samples:
    frames = np.flatnonzero(speech_frames(source.samples))
    return source.samples[frames[0] * 160 : (frames[-1] + 1) * 160]


def build(count: int, seconds: float, seed: int = 12345) -> list[Call]:
    """`count` different calls; turns are whole recordings, 0.4 to 1.2 s apart, now and then a typing pause."""
    pool = [(trimmed(r), r.text) for r in recordings() if len(r.samples) < 10 * RATE]
    chance = random.Random(seed)
    return [_call(pool, seconds, chance, number) for number in range(count)]


def _call(pool: list[tuple[Samples, str]], seconds: float, chance: random.Random, number: int) -> Call:
    size = int(seconds * RATE)
    lines = [np.zeros(size), np.zeros(size)]
    texts = ["", ""]
    spoken = [0, 0]
    at, turn = int(0.5 * RATE), number % 2
    while True:
        samples, text = chance.choice(pool)
        if at + len(samples) + RATE > size:
            break
        if spoken[turn] + len(samples) > MOST * size:
            turn, at = 1 - turn, at + RATE  # the other one's turn, after a moment of silence
            continue
        lines[turn][at : at + len(samples)] = samples
        texts[turn] += text
        spoken[turn] += len(samples)
        pause = chance.uniform(2.0, 4.0) if chance.random() < 0.25 else chance.uniform(0.4, 1.2)
        at += len(samples) + int(pause * RATE)
        turn = 1 - turn
    noise = np.random.default_rng(number)
    sides = [
        Side(telephone(line + noise.standard_normal(size) * 0.0008), text, part / size)
        for line, text, part in zip(lines, texts, spoken, strict=True)
    ]
    return Call(sides[0], sides[1])
