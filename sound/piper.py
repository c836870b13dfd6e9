"""piper, the better voice: used where it is installed and a Chinese voice file lies under var/voices."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import aiohttp

from runtime.errors import UserError
from runtime.settings import Settings
from sound.voices import EspeakVoice, Voice, spoken

SPEAK_SECONDS = 60.0

VOICE_SOURCE = "https://huggingface.co/rhasspy/piper-voices/resolve/main/zh/zh_CN"
"""Where `hotline prompts voice` fetches from; each voice has its licence in MODEL_CARD beside it."""

DOWNLOADABLE = {"zh_CN-huayan-medium": "huayan/medium", "zh_CN-huayan-x_low": "huayan/x_low"}

BytesSeen = Callable[[int, int], None]


class PiperVoice:
    """piper with a zh_CN voice file (`*.onnx` with its `.onnx.json`)."""

    def __init__(self, model: Path) -> None:
        self._model = model
        self.name = f"piper-{model.stem}"

    async def speak(self, text: str, out: Path) -> None:
        program = piper_program()
        if program is None:
            raise UserError("a piper voice is installed, but piper is not", "pip install piper-tts")
        process = await asyncio.create_subprocess_exec(
            *program,
            "--model",
            str(self._model),
            "--output_file",
            str(out),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(SPEAK_SECONDS):
                _, complaint = await process.communicate(spoken(text).encode() + b"\n")
        except BaseException:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise
        if process.returncode:
            reason = complaint.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise UserError(f"piper failed: {''.join(reason)[:200]}", "check the voice file")


def piper_program() -> list[str] | None:
    """How piper is started here, or None when it is not installed."""
    if path := shutil.which("piper"):
        return [path]
    return [sys.executable, "-m", "piper"] if importlib.util.find_spec("piper") else None


def piper_model(settings: Settings) -> Path | None:
    """The Chinese voice file to use: HOTLINE_PIPER_VOICE, then the first under var/voices. Raises UserError."""
    if named := os.environ.get("HOTLINE_PIPER_VOICE"):
        path = Path(named).expanduser()
        if not path.is_file() or not path.with_name(path.name + ".json").is_file():
            raise UserError(
                f"HOTLINE_PIPER_VOICE: {path} or its .json is not there", "name a piper voice file *.onnx"
            )
        return path
    found = sorted((settings.var / "voices").glob("*zh*.onnx"))
    return next((path for path in found if path.with_name(path.name + ".json").is_file()), None)


def choose_voice(settings: Settings) -> Voice:
    """The best voice of this machine. Raises UserError for a wrong HOTLINE_PIPER_VOICE."""
    model = piper_model(settings)
    return PiperVoice(model) if model is not None and piper_program() is not None else EspeakVoice()


async def download_voice(
    settings: Settings, name: str, progress: BytesSeen | None = None, source: str = VOICE_SOURCE
) -> Path:
    """Fetch a piper voice into var/voices; returns the voice file. `progress(done, total)` in bytes.

    Raises UserError for an unknown name or when it cannot be fetched.
    """
    if name not in DOWNLOADABLE:
        raise UserError(f"there is no voice {name!r}", f"known voices: {', '.join(DOWNLOADABLE)}")
    folder = settings.var / "voices"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.onnx"
    limits = aiohttp.ClientTimeout(total=1800, connect=20, sock_read=60)
    try:
        async with aiohttp.ClientSession(timeout=limits) as http:
            for path in (target.with_name(target.name + ".json"), target):
                url = f"{source}/{DOWNLOADABLE[name]}/{path.name}"
                part = path.with_name(path.name + ".part")
                async with http.get(url, raise_for_status=True) as response:
                    total, done = response.content_length or 0, 0
                    with part.open("wb") as file:
                        async for chunk in response.content.iter_chunked(1 << 16):
                            file.write(chunk)
                            done += len(chunk)
                            if progress is not None:
                                progress(done, total)
                part.replace(path)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UserError(
            f"the voice could not be fetched: {error}",
            f"check the network, or copy {target.name} and {target.name}.json into {folder}",
        ) from error
    return target
