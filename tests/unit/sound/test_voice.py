from __future__ import annotations

import re
from pathlib import Path

import pytest

from sound.voice import VoiceError, pinyin, speak
from tests import audio


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("办理不动产登记。", "ban4li3 bu4dong4chan3 deng1ji4。"),
        ("您好，请讲！", "nin2hao3， qing3 jiang3！"),
        ("重庆银行", "chong2qing4 yin2hang2"),
        ("请按2", "qing3 an4 er4"),
        ("", ""),
        ("，，，", ""),
        ("🙂<speak>", None),
    ],
)
def test_pinyin(text: str, read: str | None) -> None:
    said = pinyin(text)
    assert re.fullmatch(r"[a-z0-9 ，。！？]*", said)
    if read is not None:
        assert said == read


async def test_speech_is_telephone_sound_levelled_and_not_clipped(tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    seconds = await speak("您好，这里是12345政务服务便民热线。", out)
    (track,) = audio.wav_tracks(out)
    assert seconds == pytest.approx(len(track) / audio.RATE)
    assert 2.5 < seconds < 9
    assert abs(track).max() == pytest.approx(0.7, abs=0.01)
    assert audio.loud_seconds(track) > seconds / 2


async def test_punctuation_makes_pauses(tmp_path: Path) -> None:
    without = await speak("路灯坏了路灯坏了", tmp_path / "a.wav")
    with_stop = await speak("路灯坏了。路灯坏了", tmp_path / "b.wav")
    assert with_stop > without + 0.2


@pytest.mark.parametrize("text", ["", "。。。", "\n", "🙂", "字" * 3000])
async def test_what_cannot_be_said_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(VoiceError):
        await speak(text, tmp_path / "out.wav")
    assert not (tmp_path / "out.wav").exists()


async def test_without_espeak_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VoiceError) as caught:
        await speak("您好", tmp_path / "out.wav")
    assert "apt-get install espeak-ng" in caught.value.remedy
