"""Prompts: made once per text and voice, recordings win, what cannot be made is told."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import numpy as np
import pytest

from ivr import prompts as prompts_module
from ivr.line import Prompt
from ivr.prompts import SORRY, Prompts, system_sounds
from runtime.errors import UserError
from runtime.settings import Settings
from sound import levels, wav
from tests.unit.ivr.scripts import script
from tests.waiting import until


class CountingVoice:
    """Speaks a tone and counts; 坏 cannot be spoken."""

    def __init__(self, name: str = "counting") -> None:
        self.name = name
        self.spoken: list[str] = []

    async def speak(self, text: str, out: Path) -> None:
        self.spoken.append(text)
        await asyncio.sleep(0)
        if "坏" in text:
            raise UserError("cannot be spoken", "write another text")
        wav.write(out, levels.tone(300.0 + len(text), 0.1))


@pytest.fixture
def voice() -> CountingVoice:
    return CountingVoice()


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    folder = tmp_path / "recorded"
    folder.mkdir()
    return folder


@pytest.fixture
def prompts(settings: Settings, voice: CountingVoice, recorded: Path) -> Prompts:
    return Prompts(settings, voice, recorded)


async def test_a_text_is_made_once(prompts: Prompts, voice: CountingVoice, settings: Settings) -> None:
    path = await prompts.ready(Prompt("您好"))
    assert path.parent == settings.prompts_dir
    assert await prompts.ready(Prompt("您好")) == path
    again = Prompts(settings, CountingVoice())
    assert await again.ready(Prompt("您好", key="other")) == path
    assert voice.spoken == ["您好"]
    assert prompts.seconds(Prompt("您好")) == pytest.approx(0.1, abs=0.05)


async def test_many_callers_wait_for_one_making(prompts: Prompts, voice: CountingVoice) -> None:
    paths = await asyncio.gather(*(prompts.ready(Prompt("您好")) for _ in range(20)))
    assert len(set(paths)) == 1
    assert voice.spoken == ["您好"]


async def test_one_caller_who_leaves_does_not_stop_the_making_for_others(prompts: Prompts) -> None:
    first = asyncio.create_task(prompts.ready(Prompt("您好")))
    second = asyncio.create_task(prompts.ready(Prompt("您好")))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).is_file()


async def test_another_voice_is_another_file(prompts: Prompts, settings: Settings) -> None:
    assert prompts.path("您好") != Prompts(settings, CountingVoice("other")).path("您好")


async def test_a_recording_of_the_key_wins(prompts: Prompts, voice: CountingVoice, recorded: Path) -> None:
    wav.write(recorded / "test-greet.wav", levels.tone(700.0, 0.5), 22_050)
    path = await prompts.ready(Prompt("您好", key="test-greet"))
    assert voice.spoken == []
    made = wav.read(path)
    assert (made.rate, made.channels) == (8000, 1)
    spectrum = np.abs(np.fft.rfft(made.samples))
    assert spectrum.argmax() * 8000 / len(made.samples) == pytest.approx(700 * 22_050 / 8000, abs=10)
    assert prompts.path(Prompt("您好", key="test-other")) != path


async def test_a_new_recording_is_taken_up(prompts: Prompts, recorded: Path) -> None:
    file = recorded / "test-greet.wav"
    wav.write(file, levels.tone(700.0, 0.5))
    first = await prompts.ready(Prompt("您好", key="test-greet"))
    wav.write(file, levels.tone(900.0, 0.5))
    os.utime(file, ns=(1, 1))
    await until(lambda: prompts.path(Prompt("您好", key="test-greet")) != first, what="the new recording")
    assert (await prompts.ready(Prompt("您好", key="test-greet"))).is_file()


async def test_a_recording_of_other_words_is_not_used(
    prompts: Prompts, voice: CountingVoice, recorded: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wav.write(recorded / "test-greet.wav", levels.tone(700.0, 0.5))
    (recorded / "test-greet.txt").write_text("旧的问候", encoding="utf-8")
    await prompts.ready(Prompt("您好", key="test-greet"))
    assert voice.spoken == ["您好"]
    assert "other words" in caplog.text


@pytest.mark.parametrize("content", [b"", b"not a sound", b"RIFF\x00\x00\x00\x00WAVE"])
async def test_a_broken_recording_is_told_and_synthesised_instead(
    prompts: Prompts, voice: CountingVoice, recorded: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (recorded / "test-greet.wav").write_bytes(content)
    assert (await prompts.ready(Prompt("您好", key="test-greet"))).is_file()
    assert voice.spoken == ["您好"]
    assert "test-greet.wav" in caplog.text


async def test_a_sentence_that_was_deleted_is_made_again_and_nothing_of_it_is_kept(
    prompts: Prompts, voice: CountingVoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts_module, "LIVE_FILES", 3)
    first = Prompt("您的工单0", live=True)
    path = await prompts.ready(first)
    os.utime(path, (1, 1))
    assert prompts.seconds(first) > 0
    for number in range(1, 9):
        other = Prompt(f"您的工单{number}", live=True)
        os.utime(await prompts.ready(other), (number + 1, number + 1))
        assert prompts.seconds(other) > 0
    assert not path.exists()
    assert len(prompts._known) <= 4 and len(prompts._seconds) <= 4
    assert await prompts.ready(first) == path
    assert path.is_file(), "what is played is there"
    assert voice.spoken.count("您的工单0") == 2


async def test_a_sentence_that_is_used_again_outlives_the_others(
    prompts: Prompts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts_module, "LIVE_FILES", 2)
    first = Prompt("您的工单0", live=True)
    path = await prompts.ready(first)
    os.utime(path, (1, 1))
    os.utime(await prompts.ready(Prompt("您的工单1", live=True)), (2, 2))
    await prompts.ready(first)
    await prompts.ready(Prompt("您的工单2", live=True))
    assert path.is_file()


async def test_live_sentences_lie_apart_and_are_forgotten(
    prompts: Prompts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompts_module, "LIVE_FILES", 3)
    for number in range(8):
        path = await prompts.ready(Prompt(f"您的工单{number}", live=True))
    assert path.parent == settings.prompts_dir / "live"
    assert len(list(path.parent.glob("*.wav"))) == 3
    assert await prompts.ready(Prompt("您的工单0", live=True)) == prompts.path(Prompt("您的工单0", live=True))


async def test_everything_is_made_beforehand(prompts: Prompts, voice: CountingVoice, settings: Settings) -> None:
    made = await prompts.make_all([script()])
    assert made == len(set(voice.spoken)) + sum(text.startswith("@") for text in system_sounds().values())
    assert all(prompts.path(prompt).is_file() for prompt in [*script().all_prompts(), SORRY])
    zh = settings.prompts_dir / "zh"
    for name in system_sounds():
        assert wav.seconds(zh / f"{name}.wav") > 0, name
    assert await prompts.make_all([script()]) == 0


async def test_a_new_voice_replaces_the_system_sounds(prompts: Prompts, settings: Settings) -> None:
    await prompts.make_all([])
    link = settings.prompts_dir / "zh" / "digits" / "1.wav"
    before = link.resolve()
    await Prompts(settings, CountingVoice("better")).make_all([])
    assert link.resolve() != before
    assert link.is_file()


async def test_what_cannot_be_made_is_told_and_nothing_is_left_running(prompts: Prompts) -> None:
    bad = script().model_copy(update={"name": "bad"})
    nodes = dict(bad.nodes)
    nodes["bye"] = nodes["bye"].model_copy(update={"prompt": "坏"})
    with pytest.raises(UserError, match="cannot be spoken"):
        await prompts.make_all([bad.model_copy(update={"nodes": nodes})])
    assert not prompts._making


def test_system_sounds_are_what_asterisk_asks_for() -> None:
    names = system_sounds()
    assert {f"digits/{digit}" for digit in range(11)} <= names.keys()
    assert {"digits/hundred", "digits/thousand", "beep", "hotline-fallback", "hotline-voicemail"} <= names.keys()
    for queue in ("youarenext", "thereare", "callswaiting", "holdtime", "minutes", "seconds", "thankyou"):
        assert f"queue-{queue}" in names
