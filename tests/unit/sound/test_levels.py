"""Loudness, clipping and edges of prompts, by measurement."""

from __future__ import annotations

import math
import wave
from pathlib import Path

import numpy as np
import pytest

from sound import levels, wav
from sound.levels import EDGE, LOUDNESS, PEAK


def rough(level: float, rate: int = wav.RATE) -> wav.Samples:
    """A second of something like speech between two half seconds of silence."""
    random = np.random.default_rng(7)
    voice = random.normal(0, 1, rate) * np.sin(np.linspace(0, 8 * math.pi, rate)) ** 2
    quiet = np.zeros(rate // 2)
    return np.concatenate([quiet, voice * level / np.abs(voice).max(), quiet])


@pytest.mark.parametrize("level", [0.003, 0.05, 0.3, 1.0])
def test_every_voice_comes_out_at_the_same_loudness_without_clipping(level: float, tmp_path: Path) -> None:
    wav.write(tmp_path / "in.wav", rough(level))
    levels.make_prompt(tmp_path / "in.wav", tmp_path / "out.wav")
    made = wav.read(tmp_path / "out.wav").samples
    assert np.abs(made).max() <= PEAK + 1e-3
    assert 20 * abs(math.log10(levels.loudness(made) / LOUDNESS)) < 3


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 2), (22_050, 1), (16_000, 1), (8_000, 2)])
def test_any_wav_becomes_8_khz_mono_16_bit(rate: int, channels: int, tmp_path: Path) -> None:
    samples = np.repeat(rough(0.5, rate)[:, None], channels, axis=1)
    with wave.open(str(tmp_path / "in.wav"), "wb") as file:
        file.setparams((channels, 2, rate, 0, "NONE", ""))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    seconds = levels.make_prompt(tmp_path / "in.wav", tmp_path / "out.wav")
    with wave.open(str(tmp_path / "out.wav"), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert file.getnframes() == pytest.approx(seconds * 8000, abs=1)


def test_silence_at_the_ends_is_cut_but_for_a_short_edge() -> None:
    trimmed = levels.trim(rough(0.5))
    assert len(trimmed) < 8000 + 2 * EDGE + 2 * levels.FRAME
    assert np.abs(trimmed[: EDGE // 2]).max() < 0.05


def test_mere_silence_is_refused(tmp_path: Path) -> None:
    wav.write(tmp_path / "in.wav", np.zeros(8000))
    with pytest.raises(wav.WavError, match="silence"):
        levels.make_prompt(tmp_path / "in.wav", tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


def test_seconds_of_what_is_no_sound_are_zero(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    assert wav.seconds(tmp_path / "text.wav") == 0.0
    assert wav.seconds(tmp_path / "none.wav") == 0.0
    wav.write(tmp_path / "tone.wav", levels.tone(1000, 0.25))
    assert wav.seconds(tmp_path / "tone.wav") == 0.25


def test_a_tone_has_its_pitch_and_soft_edges() -> None:
    tone = levels.tone(1000.0, 0.3)
    spectrum = np.abs(np.fft.rfft(tone))
    assert spectrum.argmax() * 8000 / len(tone) == pytest.approx(1000, abs=5)
    assert abs(tone[0]) < 0.01
    assert abs(tone[-1]) < 0.01
