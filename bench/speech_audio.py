"""Sound for the benchmarks of speech: the demo recordings, a noisy office, music on hold, a telephone's A-law."""

from __future__ import annotations

import asyncio
import csv
import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asterisk_conf.music import make_music
from runtime.settings import ROOT
from sound import wav
from tests.speech_samples import RATE, a_law, spoken

Samples = NDArray[np.float64]
SHARED = ROOT.parent / "shared"

SENTENCES = (
    "您好，我想反映一下我们小区的路灯坏了，已经一个星期没有人来修。",
    "请问办理居住证需要准备哪些材料，要到哪里去办理。",
    "我们厂里从去年开始就没有发工资了，请你们帮忙解决。",
    "晚上十二点工地还在施工，噪声太大，孩子没有办法睡觉。",
    "城关镇人民路的自来水停了两天，什么时候可以恢复供水。",
    "我父亲今年七十岁，想咨询一下高龄补贴怎么申请。",
    "好的，您反映的问题我已经记录下来了，会尽快转给有关部门处理。",
    "请问您的联系电话是多少，方便工作人员和您联系。",
)


@dataclass(frozen=True)
class Recording:
    name: str
    text: str
    samples: Samples
    """-1..1 at 8 kHz, clean."""


def recordings(kind: str | None = None) -> list[Recording]:
    """The demo recordings of ../shared where they are, otherwise sentences spoken by espeak-ng now."""
    table = SHARED / "audio" / "texts.tsv"
    if not table.exists():
        return asyncio.run(_espeak())
    with table.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if kind in (None, row["kind"])]
    return [Recording(row["file"], row["text"], wav.read(SHARED / "audio" / row["file"]).samples) for row in rows]


async def _espeak() -> list[Recording]:
    return [
        Recording(f"espeak {i}", text, np.frombuffer(await spoken(text), np.int16) / 32768)
        for i, text in enumerate(SENTENCES)
    ]


def rms(samples: Samples) -> float:
    return math.sqrt(float(np.mean(samples**2))) if len(samples) else 0.0


def office(seconds: float, seed: int = 1) -> Samples:
    """An open-plan office: ventilation (pink, low), keyboards (clicks), chairs (thumps). RMS 1."""
    random = np.random.default_rng(seed)
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(random.standard_normal(count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    air = np.fft.irfft(spectrum / np.sqrt(np.maximum(hertz, 40)), count)
    sound = air / rms(air)
    for _ in range(int(seconds * 4)):
        at, length = int(random.integers(0, count)), int(random.integers(40, 200))
        click = random.standard_normal(length) * np.exp(-np.arange(length) / (length / 5))
        end = min(count, at + length)
        sound[at:end] += 6 * click[: end - at]
    for _ in range(int(seconds / 5)):
        at, length = int(random.integers(0, count)), 1200
        thump = np.sin(2 * np.pi * 90 * np.arange(length) / RATE) * np.exp(-np.arange(length) / 250)
        end = min(count, at + length)
        sound[at:end] += 6 * thump[: end - at]
    return sound / rms(sound)


def music(seconds: float) -> Samples:
    """The music on hold that we ship, repeated. RMS 1."""
    with tempfile.TemporaryDirectory() as folder:
        tune = wav.read(make_music(Path(folder))).samples
    sound = np.resize(tune, int(seconds * RATE))
    return sound / rms(sound)


def mixed(clean: Samples, noise: Samples, snr_db: float) -> Samples:
    """Speech over noise; the ratio counts the speech's loud parts only."""
    loud = clean[np.abs(clean) > 0.02]
    return clean + np.resize(noise, len(clean)) * rms(loud) / 10 ** (snr_db / 20)


def telephone(samples: Samples) -> bytes:
    """16-bit PCM after A-law."""
    return a_law((np.clip(samples, -1, 1) * 32000).astype(np.int16)).tobytes()


def speech_frames(clean: Samples, frame: int = 160, bridge: int = 10) -> NDArray[np.bool_]:
    """Which 20 ms frames truly hold speech: loud in the clean signal, gaps up to 200 ms bridged."""
    count = len(clean) // frame
    loudness = np.sqrt(np.mean(clean[: count * frame].reshape(count, frame) ** 2, axis=1))
    loud: NDArray[np.bool_] = loudness > max(0.004, 0.03 * float(np.percentile(loudness, 95)))
    quiet_since = -1
    for i in range(count):
        if not loud[i]:
            quiet_since = i if quiet_since < 0 else quiet_since
            continue
        if quiet_since > 0 and i - quiet_since <= bridge:
            loud[quiet_since:i] = True
        quiet_since = -1
    return loud
