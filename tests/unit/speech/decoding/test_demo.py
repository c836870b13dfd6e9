"""The demonstration model: there when nothing else is, named as what it is, out of the way of any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.commands import doctor, models
from runtime.settings import Settings
from speech.decoding import demo
from speech.decoding.models import ModelUnavailable, find_model, is_model
from tests.unit.speech.decoding.test_models import make_model


async def test_a_closed_network_has_the_demonstration_model_and_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def nobody(_settings: Settings, url: str) -> Path:
        raise ModelUnavailable(f"cannot download {url}: no route")

    monkeypatch.setattr(models, "fetch", nobody)
    await models.obtain(settings)
    found = find_model(settings)
    assert found is not None and demo.is_demo(found) and is_model(found)
    finding = await doctor.check_model(settings)
    assert (finding.verdict, demo.NOTE in finding.found) == ("warn", True)
    await models.obtain(settings)  # the next start neither asks nor unpacks again
    assert "no route" in capsys.readouterr().out


async def test_a_real_model_takes_its_place_without_being_told(settings: Settings) -> None:
    demo.provide_demo(settings)
    real = make_model(settings.models_dir / "vosk-model-small-cn-0.22")
    assert find_model(settings) == real
    assert (await doctor.check_model(settings)).verdict == "ok"


async def test_a_model_that_is_there_is_neither_replaced_nor_joined(settings: Settings) -> None:
    mine = make_model(settings.models_dir / "our-own")
    await models.obtain(settings)
    assert find_model(settings) == mine
    assert not (settings.models_dir / demo.NAME).exists()


def test_unpacking_twice_leaves_one_folder(tmp_path: Path) -> None:
    assert demo.unpack_demo(tmp_path) == demo.unpack_demo(tmp_path)
    assert [folder.name for folder in tmp_path.iterdir()] == [demo.NAME]
