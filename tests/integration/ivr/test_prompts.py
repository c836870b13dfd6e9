"""The prompts that callers hear, listened to by measurement: level, format, and whether they are understood."""

from __future__ import annotations

import asyncio
import json
import math
import wave
from pathlib import Path

import numpy as np
import pytest
import vosk
from pypinyin import lazy_pinyin

from ivr.line import Prompt
from ivr.prompts import SORRY, Prompts, system_sounds
from ivr.script.versions import shipped_scripts
from runtime.settings import Settings
from sound import levels, wav
from sound.voices import EspeakVoice
from sound.voices import spoken as as_spoken
from tests.shared import Spoken
from tests.speech_samples import character_errors, shared_model

CHARACTER_ERRORS = 0.20
"""Measured: 0.149. Nearly all of it are homophones, which a listener does not notice."""

SYLLABLE_ERRORS = 0.02
"""Errors left when characters of the same sound count as the same; measured: 0.003."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, spoken: Spoken) -> tuple[Prompts, Settings]:
    """All prompts of the shipped scripts and Asterisk's sounds, spoken by espeak-ng."""
    settings = Settings(var=tmp_path_factory.mktemp("prompts"))
    settings.make_folders()
    spoken.give(settings)
    prompts = Prompts(settings, EspeakVoice())
    asyncio.run(prompts.make_all(shipped_scripts()))  # nothing is spoken again
    return prompts, settings


def all_files(settings: Settings) -> list[Path]:
    return [path for path in settings.prompts_dir.rglob("*.wav") if "silence" not in str(path)]


def test_every_prompt_is_telephone_sound_at_one_level_and_never_clips(made: tuple[Prompts, Settings]) -> None:
    _, settings = made
    files = all_files(settings)
    assert len(files) > 80
    for path in files:
        with wave.open(str(path), "rb") as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2), path
        samples = wav.read(path).samples
        assert np.abs(samples).max() <= levels.PEAK + 1e-3, path
        away = 20 * math.log10(levels.loudness(samples) / levels.LOUDNESS)
        assert -6 < away < 6, (path, away)
        assert abs(samples.mean()) < 0.01, path


def test_prompts_are_understood(made: tuple[Prompts, Settings]) -> None:
    """What a recogniser hears of our prompts; it is the one that was trained on this voice."""
    prompts, _ = made
    vosk.SetLogLevel(-2)
    model = vosk.Model(str(shared_model()))
    sentences = {prompt.text for script in shipped_scripts() for prompt in script.all_prompts()} | {SORRY.text}
    sentences |= {text for text in system_sounds().values() if len(text) >= 8 and not text.startswith("@")}
    wrong = said = wrong_syllables = 0
    worst: list[tuple[float, str, str]] = []
    for text in sorted(sentences):
        recogniser = vosk.KaldiRecognizer(model, 8000)
        with wave.open(str(prompts.path(Prompt(text))), "rb") as file:
            recogniser.AcceptWaveform(file.readframes(file.getnframes()))
        heard = json.loads(recogniser.FinalResult())["text"].replace(" ", "")
        errors, characters = character_errors(as_spoken(text), heard)
        syllables, _ = character_errors(sounds(as_spoken(text)), sounds(heard))
        wrong, said, wrong_syllables = wrong + errors, said + characters, wrong_syllables + syllables
        worst.append((syllables / characters, text, heard))
    worst.sort(reverse=True)
    assert wrong / said < CHARACTER_ERRORS, worst[:5]
    assert wrong_syllables / said < SYLLABLE_ERRORS, worst[:5]
    assert worst[0][0] < 0.25, worst[0]


def sounds(text: str) -> str:
    """One private character per toneless syllable, so that homophones compare equal."""
    kept = "".join(char for char in text if "\u4e00" <= char <= "\u9fff")
    return "".join(chr(0xF0000 + _number(syllable)) for syllable in lazy_pinyin(kept))


_syllables: dict[str, int] = {}


def _number(syllable: str) -> int:
    return _syllables.setdefault(syllable, len(_syllables))


def test_the_greeting_is_short_enough(made: tuple[Prompts, Settings]) -> None:
    """From the answer to an agent's voice: 6.5 s, if the agent picks up at once."""
    prompts, _ = made
    direct = next(script for script in shipped_scripts() if script.name == "direct")
    opening = direct.prompt("queue", "prompt")
    assert opening is not None
    assert 0 < prompts.seconds(opening) < 6
