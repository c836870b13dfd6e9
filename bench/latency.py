"""How soon text is there, one call: a word in a partial after its sound, the final after the end of speech.

    python -m bench.latency [--json FILE]

Measured at the bus of the parent process, i.e. where the desk reads: AudioSocket, detection, decoding, text
step, JSON and the bridge are all in it. Aims: partial 500 ms, final 700 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time

import numpy as np
from numpy.typing import NDArray

from bench import command_line
from bench.speech_audio import Recording, recordings, speech_frames, telephone
from bench.speech_child import speech_child
from runtime.events import Utterance
from tests.fakes.audiosocket import FRAME_S, FakeLeg

PARTIAL_AIM_MS = 500
FINAL_AIM_MS = 700


class Ear:
    """Notes when each utterance event reached the bus."""

    def __init__(self) -> None:
        self.events: list[tuple[float, Utterance]] = []

    async def hear(self, event: Utterance) -> None:
        self.events.append((time.monotonic(), event))


async def play(leg: FakeLeg, pcm: bytes) -> float:
    """Send in real time; returns the moment at which the sound began."""
    began = time.monotonic()
    await leg.say(pcm, real_time=True)
    return began


def finals_after_speech(
    events: list[tuple[float, Utterance]], began: float, speech: NDArray[np.bool_]
) -> list[float]:
    """ms from the true end of each utterance's sound to its final on the bus."""
    found = []
    for at, event in events:
        if not event.final:
            continue
        stop = min(len(speech), event.end_ms // 20 + 5)
        inside = np.flatnonzero(speech[:stop])
        if len(inside):
            end_s = (inside[-1] + 1) * FRAME_S
            found.append((at - began - end_s) * 1000)
    return found


def words_in_partials(events: list[tuple[float, Utterance]], began: float) -> tuple[list[float], list[float]]:
    """ms from a word's end to the first event that shows text for it, and to the first that shows it right."""
    shown, right = [], []
    for _, final in (e for e in events if e[1].final):
        versions = [(at, e.raw.split()) for at, e in events if e.utterance_id == final.utterance_id]
        for i, (_word, _, end_ms, _) in enumerate(final.words):
            wanted = [w[0] for w in final.words[: i + 1]]
            letters = len("".join(wanted))
            seen = next((at for at, said in versions if len("".join(said)) >= letters), None)
            sure = next((at for at, said in versions if said[: i + 1] == wanted), None)
            if seen is not None and sure is not None:
                shown.append((seen - began - end_ms / 1000) * 1000)
                right.append((sure - began - end_ms / 1000) * 1000)
    return shown, right


async def measure(sources: list[Recording]) -> dict[str, object]:
    partials: list[float] = []
    right: list[float] = []
    finals: list[float] = []
    async with speech_child(33000) as child:
        for number, source in enumerate(sources):
            ear = Ear()
            unsubscribe = child.bus.subscribe(ear.hear, Utterance)
            samples = np.concatenate([np.zeros(4000), source.samples, np.zeros(12_000)])
            leg = FakeLeg(child.settings.audiosocket_port)
            await leg.announce(child.bus, f"call{number}")
            await leg.connect()
            began = await play(leg, telephone(samples))
            await leg.hang_up()
            await asyncio.sleep(0.3)
            unsubscribe()
            finals += finals_after_speech(ear.events, began, speech_frames(samples))
            shown, sure = words_in_partials(ear.events, began)
            partials += shown
            right += sure
    return {
        "partial": summary(partials, PARTIAL_AIM_MS),
        "right word": summary(right, PARTIAL_AIM_MS),
        "final": summary(finals, FINAL_AIM_MS),
    }


def summary(values: list[float], aim: int) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "count": len(ordered),
        "median_ms": round(statistics.median(ordered)),
        "p95_ms": round(ordered[int(0.95 * (len(ordered) - 1))]),
        "worst_ms": round(ordered[-1]),
        "aim_ms": aim,
        "within_percent": round(100 * sum(v <= aim for v in ordered) / len(ordered), 1),
    }


def options_of(given: list[str] | None = None) -> argparse.Namespace:
    parser = command_line.parser("latency", __doc__, "three recordings only")
    parser.add_argument("--recordings", type=int, default=0, help="how many of the demo recordings (default 10)")
    return parser.parse_args(given)


def main() -> None:
    arguments = options_of()
    wanted = arguments.recordings or (3 if arguments.quick else 10)
    result = asyncio.run(measure(recordings()[-wanted:]))
    print(f"{'':12}{'count':>7}{'median':>9}{'p95':>7}{'worst':>7}{'aim':>6}{'within':>9}")
    for name, row in result.items():
        assert isinstance(row, dict)
        print(
            f"{name:12}{row['count']:7}{row['median_ms']:7} ms{row['p95_ms']:7}{row['worst_ms']:7}"
            f"{row['aim_ms']:6}{row['within_percent']:8}%"
        )
    command_line.write(arguments.json, result)


if __name__ == "__main__":
    main()
