"""How numbers are said by whatever voice speaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from sound import wav
from sound.voices import EspeakVoice, spoken


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("12345政务热线", "幺二三四五政务热线"),
        ("请按2。", "请按二。"),
        ("拨打119、120、110", "拨打幺幺九、幺二零、幺幺零"),
        ("尾号1234的工单", "尾号幺二三四的工单"),
        ("11月20日前", "十一月二十日前"),
    ],
)
def test_numbers_are_said_as_people_say_them(text: str, said: str) -> None:
    assert spoken(text) == said


async def test_espeak_speaks(tmp_path: Path) -> None:
    await EspeakVoice().speak("您好。", tmp_path / "out.wav")
    assert wav.read(tmp_path / "out.wav").seconds > 0.3
