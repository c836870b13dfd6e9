from __future__ import annotations

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asterisk_conf.music import make_music
from sound import wav
from speech.legs.vad import Ear, Ears, GatedSilero
from tests.speech_samples import a_law, silence, spoken
from tests.waiting import until


def share(detector: GatedSilero, pcm: bytes) -> float:
    frames = [pcm[i : i + 320] for i in range(0, len(pcm) - 319, 320)]
    return sum(detector.voiced(frame) for frame in frames) / len(frames)


def noise(seconds: float, loudness: float) -> bytes:
    samples = np.random.default_rng(1).standard_normal(int(seconds * 8000)) * loudness
    return a_law(samples.clip(-32000, 32000).astype(np.int16)).tobytes()


async def test_a_voice_is_heard_and_silence_is_not() -> None:
    ears = Ears()
    detector = GatedSilero(ears)
    assert share(detector, silence(2.0)) == 0.0
    assert ears.made == 0, "a quiet line costs no network"
    assert share(detector, await spoken("请问办理居住证需要准备哪些材料")) > 0.5
    assert share(detector, silence(2.0)) < 0.1


async def test_a_quiet_voice_is_heard_too() -> None:
    loud = np.frombuffer(await spoken("请问办理居住证需要准备哪些材料"), np.int16)
    quiet = a_law((loud * 0.1).astype(np.int16)).tobytes()
    assert share(GatedSilero(Ears()), quiet) > 0.5


@pytest.mark.parametrize("loudness", [50, 500, 3000])
def test_noise_is_no_voice(loudness: float) -> None:
    assert share(GatedSilero(Ears()), noise(5.0, loudness)) < 0.05


def test_music_on_hold_is_no_voice(tmp_path: Path) -> None:
    tune = (wav.read(make_music(tmp_path)).samples * 32767).astype(np.int16)
    assert share(GatedSilero(Ears()), a_law(tune).tobytes()[: 16_000 * 10]) < 0.1


async def test_when_processors_are_short_fewer_questions_give_the_same_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0
    score = Ear.score

    def counted(ear: Ear, samples: Any) -> float:
        nonlocal asked
        asked += 1
        return score(ear, samples)

    monkeypatch.setattr(Ear, "score", counted)
    talk = b"".join([await spoken(text) + silence(0.8) for text in ("请问办理居住证需要准备哪些材料", "路灯坏了")])
    frames = [talk[i : i + 320] for i in range(0, len(talk) - 319, 320)]
    always, thrifty = GatedSilero(Ears()), GatedSilero(Ears(), lambda: True)
    usual = [always.voiced(frame) for frame in frames]
    asked_usually, asked = asked, 0
    short = [thrifty.voiced(frame) for frame in frames]
    assert asked < 0.85 * asked_usually
    lost = sum(u and not s for u, s in zip(usual, short, strict=True))
    more = sum(s and not u for u, s in zip(usual, short, strict=True))
    assert lost <= 3, "less than the segmenter adds at an end (160 ms)"
    assert more <= 12, "two ends come some 100 ms later each"


async def test_networks_are_lent_only_while_somebody_speaks() -> None:
    ears = Ears()
    voice = await spoken("路灯坏了")
    for _ in range(5):
        detector = GatedSilero(ears)
        share(detector, voice + silence(1.0))
        detector.close()
        detector.close()
    assert ears.made == 1


async def test_a_lent_network_remembers_nothing_of_the_speaker_before() -> None:
    ears = Ears()
    voice = await spoken("路灯坏了")
    fresh = share(GatedSilero(ears), voice + silence(1.0))
    noisy = GatedSilero(ears)
    share(noisy, noise(2.0, 3000))
    noisy.close()
    assert share(GatedSilero(ears), voice + silence(1.0)) == fresh


async def test_while_no_network_is_ready_the_gate_decides_and_no_voice_is_lost() -> None:
    class Never(Executor):
        """Takes every task and does none."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            return Future()

    detector = GatedSilero(Ears(Never()))
    assert share(detector, silence(1.0)) == 0.0
    assert share(detector, await spoken("路灯坏了")) > 0.5


async def test_networks_are_made_in_reserve_away_from_the_loop() -> None:
    with ThreadPoolExecutor(1) as executor:
        ears = Ears(executor, reserve=2)
        await until(lambda: ears.made >= 1)
        first = ears.lend()
        assert first is not None
        await until(lambda: ears.made >= 2)
        ears.take_back(first)
