"""piper: chosen where it is installed, downloaded whole or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from runtime.errors import UserError
from runtime.settings import Settings
from sound import wav
from sound.piper import PiperVoice, choose_voice, download_voice, piper_model
from sound.voices import EspeakVoice

FAKE_PIPER = """#!/usr/bin/env python3
import sys, wave
arguments = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if "broken" in arguments["--model"]:
    sys.exit("cannot load the model")
text = sys.stdin.read()
with wave.open(arguments["--output_file"], "wb") as file:
    file.setparams((1, 2, 22050, 0, "NONE", ""))
    file.writeframes(b"\\x00\\x40\\x00\\xc0" * 300 * len(text))
"""


@pytest.fixture
def piper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program named piper on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "piper").write_text(FAKE_PIPER)
    (folder / "piper").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.delenv("HOTLINE_PIPER_VOICE", raising=False)


def install(settings: Settings, name: str = "zh_CN-huayan-medium") -> Path:
    folder = settings.var / "voices"
    folder.mkdir(exist_ok=True)
    model = folder / f"{name}.onnx"
    model.write_bytes(b"model")
    model.with_name(f"{name}.onnx.json").write_text("{}")
    return model


def test_without_a_voice_file_espeak_speaks(settings: Settings, piper: None) -> None:
    assert isinstance(choose_voice(settings), EspeakVoice)


def test_a_chinese_voice_file_is_taken(settings: Settings, piper: None) -> None:
    model = install(settings)
    assert piper_model(settings) == model
    voice = choose_voice(settings)
    assert isinstance(voice, PiperVoice)
    assert voice.name == "piper-zh_CN-huayan-medium"


def test_a_voice_file_without_its_json_is_no_voice(settings: Settings, piper: None) -> None:
    install(settings).with_name("zh_CN-huayan-medium.onnx.json").unlink()
    assert piper_model(settings) is None


def test_a_named_voice_that_is_not_there_is_told(
    settings: Settings, piper: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_PIPER_VOICE", "/nowhere/zh.onnx")
    with pytest.raises(UserError, match="HOTLINE_PIPER_VOICE"):
        choose_voice(settings)


async def test_piper_speaks(settings: Settings, piper: None, tmp_path: Path) -> None:
    await PiperVoice(install(settings)).speak("您好", tmp_path / "out.wav")
    assert wav.read(tmp_path / "out.wav").rate == 22_050
    with pytest.raises(UserError, match="cannot load the model"):
        await PiperVoice(install(settings, "zh_broken")).speak("您好", tmp_path / "out.wav")


@pytest.fixture
async def source() -> AsyncIterator[str]:
    """A server that has one voice, and breaks off in the middle of the other."""

    async def voice(request: web.Request) -> web.StreamResponse:
        if "x_low" in request.path and request.path.endswith(".onnx"):
            response = web.StreamResponse(headers={"Content-Length": "1000000"})
            await response.prepare(request)
            await response.write(b"half")
            assert request.transport is not None
            request.transport.abort()
            return response
        return web.Response(body=b"{}" if request.path.endswith(".json") else b"m" * 100_000)

    app = web.Application()
    app.router.add_get("/{path:.*}", voice)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_voice_is_downloaded_with_its_progress(settings: Settings, source: str) -> None:
    seen: list[tuple[int, int]] = []
    path = await download_voice(
        settings, "zh_CN-huayan-medium", lambda done, total: seen.append((done, total)), source
    )
    assert path == settings.var / "voices" / "zh_CN-huayan-medium.onnx"
    assert path.stat().st_size == 100_000
    assert seen[-1] == (100_000, 100_000)
    assert piper_model(settings) == path


async def test_a_download_that_breaks_off_leaves_no_voice(settings: Settings, source: str) -> None:
    with pytest.raises(UserError, match="could not be fetched"):
        await download_voice(settings, "zh_CN-huayan-x_low", source=source)
    assert piper_model(settings) is None


async def test_an_unknown_voice_is_told(settings: Settings) -> None:
    with pytest.raises(UserError, match="no voice"):
        await download_voice(settings, "../../etc/passwd")
