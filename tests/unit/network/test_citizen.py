from __future__ import annotations

from pathlib import Path

import pytest

from network.citizen import CitizenCall, call
from runtime.errors import UserError
from runtime.settings import Settings
from tests import audio


async def test_without_the_simulator_it_is_said_what_to_start(settings: Settings) -> None:
    with pytest.raises(UserError, match="simulator cannot be reached") as caught:
        await call(settings, CitizenCall(caller="13912345678"))
    assert "hotline up" in caught.value.remedy


async def test_a_bad_recording_is_refused_before_anything_rings(settings: Settings, tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    bad.write_text("not sound")
    with pytest.raises(UserError, match="not a WAV"):
        await call(settings, CitizenCall(caller="13912345678", audio=bad))


async def test_a_bad_plan_is_refused_before_anything_rings(settings: Settings, tmp_path: Path) -> None:
    good = audio.write_wav(tmp_path / "good.wav", audio.tone(440, 1))
    with pytest.raises(UserError, match="jump"):
        await call(settings, CitizenCall(caller="13912345678", audio=good, press="wait,jump"))


async def test_letters_are_no_telephone_number(settings: Settings) -> None:
    with pytest.raises(UserError, match="not a telephone number"):
        await call(settings, CitizenCall(caller="13912345678", to="12345@evil"))


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (CitizenCall(caller="1391\r\nX: y"), "control characters"),
        (CitizenCall(caller="139", audio=Path("a.wav"), say="你好"), "not both"),
        (CitizenCall(caller="139", record=Path("/")), "is a folder"),
        (CitizenCall(caller="139", record=Path("/dev/null/heard.wav")), "cannot be written"),
    ],
)
async def test_a_wish_that_cannot_come_true_is_refused_before_anything_rings(
    settings: Settings, wish: CitizenCall, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        await call(settings, wish)
