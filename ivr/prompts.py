"""Prompts: every text becomes one sound file, made once per text and voice, found again by its hash.

A recording `asterisk_conf/sounds/zh/<key>.wav` of the same key wins over synthesis, unless the text beside
it (`<key>.txt`) shows that it was recorded for other words.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ivr.line import Prompt
from ivr.script.script import Script
from ivr.visit import IN_THE_MORNING, SPOKEN
from runtime.settings import ROOT, Settings
from runtime.yaml_text import read_yaml
from sound import levels, wav
from sound.piper import choose_voice
from sound.voices import Voice
from sound.wav import Samples

log = logging.getLogger(__name__)

RECORDED = ROOT / "asterisk_conf" / "sounds" / "zh"
SYSTEM_SOUNDS = Path(__file__).with_name("system_sounds.yaml")

SORRY = Prompt("抱歉，系统繁忙，正在为您转接人工，请稍候。", key="hotline-sorry")
"""What a caller hears when something of ours broke, before the queue."""

AT_ONCE = 2
"""Prompts made at the same time; calls need the processor more."""

LOOK_SECONDS = 1.0
"""How long it holds where a prompt's sound is: a recording put into the folder is heard within this time, and a
busy hour does not look at the disk for every caller."""

LIVE_FILES = 400
"""Sentences made during calls that are kept; they tell of tickets, so they are not kept for long."""


class Prompts:
    """The sound files of this installation, below `settings.prompts_dir`."""

    def __init__(self, settings: Settings, voice: Voice | None = None, recorded: Path = RECORDED) -> None:
        self._folder = settings.prompts_dir
        self._settings = settings
        self._voice = voice or choose_voice(settings)
        self._recorded = recorded
        self._making: dict[Path, asyncio.Task[None]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._looked: dict[Prompt, tuple[float, Path]] = {}
        self._known: set[Path] = set()
        self._seconds: dict[Path, float] = {}
        self._made = 0

    def path(self, prompt: Prompt | str) -> Path:
        """Where the sound of this prompt is (or will be)."""
        if isinstance(prompt, str):
            prompt = Prompt(prompt)
        if prompt.live:
            return self._look(prompt)
        now = time.monotonic()
        looked, path = self._looked.get(prompt, (0.0, None))
        if path is None or now - looked > LOOK_SECONDS:
            path = self._look(prompt)
            self._looked[prompt] = now, path
        return path

    def _look(self, prompt: Prompt) -> Path:
        recording = None if prompt.live else self._recording(prompt)
        if recording is None:
            source = f"{self._voice.name}\0{prompt.text}"
        else:
            state = recording.stat()
            source = f"file\0{prompt.key}\0{state.st_mtime_ns}\0{state.st_size}"
        name = hashlib.sha256(source.encode()).hexdigest()[:32]
        return self._folder / ("live" if prompt.live else "") / f"{name}.wav"

    def _recording(self, prompt: Prompt) -> Path | None:
        if not prompt.key:
            return None
        path = self._recorded / f"{prompt.key}.wav"
        if not path.is_file():
            return None
        words = path.with_suffix(".txt")
        if words.is_file() and words.read_text(encoding="utf-8").strip() != prompt.text:
            log.warning("the recording %s says other words than the script: synthesised instead", path.name)
            return None
        return path

    async def ready(self, prompt: Prompt) -> Path:
        """The file of this prompt, made now if it is not there. Raises UserError when it cannot be."""
        path = self.path(prompt)
        if _used_again(path) if prompt.live else (path in self._known or path.is_file()):
            self._known.add(path)
            return path
        task = self._making.get(path)
        if task is None:
            task = asyncio.create_task(self._make(prompt, path), name="prompt")
            self._making[path] = task
            task.add_done_callback(lambda _: self._making.pop(path, None))
        await asyncio.shield(task)
        return path

    async def _make(self, prompt: Prompt, path: Path) -> None:
        async with self._slots:
            recording = None if prompt.live else self._recording(prompt)
            if recording is not None:
                try:
                    await asyncio.to_thread(levels.make_prompt, recording, path)
                    self._made += 1
                    return
                except wav.WavError as error:
                    log.error("%s; synthesised instead", error)
            await self._speak(prompt.text, path)
            self._made += 1
        if prompt.live:
            for old in await asyncio.to_thread(_delete_old, path.parent):
                self._known.discard(old)
                self._seconds.pop(old, None)

    async def _speak(self, text: str, path: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="hotline-prompt-") as folder:
            raw = Path(folder) / "raw.wav"
            await self._voice.speak(text, raw)
            await asyncio.to_thread(levels.make_prompt, raw, path)

    def seconds(self, prompt: Prompt) -> float:
        """Length of a prompt that is there, seconds; 0 when it is not made yet."""
        path = self.path(prompt)
        if path not in self._seconds:
            length = wav.seconds(path)
            if not length:
                return 0.0
            self._seconds[path] = length
        return self._seconds[path]

    async def make_all(self, scripts: Iterable[Script]) -> int:
        """Make what is missing for these scripts and for Asterisk; returns how many. Raises UserError."""
        wanted = {SORRY: None, IN_THE_MORNING: None} | {Prompt(name): None for name in SPOKEN.values()}
        for script in scripts:
            wanted |= {prompt: None for prompt in script.all_prompts()}
        before = self._made
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(self.ready(prompt)) for prompt in wanted]
        tasks.append(asyncio.create_task(self._make_system()))
        try:
            await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.close()
            raise
        return self._made - before

    async def close(self) -> None:
        """Stop what is being made."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _make_system(self) -> None:
        """Asterisk's own language folder: linked by name to the hashed files, so that a new voice is seen."""
        for name, text in system_sounds().items():
            target = self._folder / "zh" / f"{name}.wav"
            if text.startswith("@"):
                if not target.is_file():
                    await asyncio.to_thread(wav.write, target, _effect(text))
                    self._made += 1
                continue
            source = await self.ready(Prompt(text, key=name.replace("/", "-")))
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.is_symlink() or target.readlink() != source:
                fresh = target.with_name(f".{target.name}.new")
                fresh.unlink(missing_ok=True)
                fresh.symlink_to(source)
                fresh.replace(target)


def _used_again(path: Path) -> bool:
    """Make a sentence that is there young again, so that it is not deleted before it is played."""
    try:
        os.utime(path)
    except OSError:
        return False
    return True


def _delete_old(folder: Path) -> list[Path]:
    """Delete all but the newest sentences; returns those that are gone."""
    files = sorted(folder.glob("*.wav"), key=lambda file: file.stat().st_mtime, reverse=True)
    for old in files[LIVE_FILES:]:
        old.unlink(missing_ok=True)
    return files[LIVE_FILES:]


def system_sounds() -> dict[str, str]:
    """Name in Asterisk's language folder -> text, or `@tone hertz seconds`, `@silence seconds`."""
    sounds = read_yaml(SYSTEM_SOUNDS.read_text(encoding="utf-8"))
    return {str(name): str(text) for name, text in sounds.items()}


def _effect(text: str) -> Samples:
    kind, *numbers = text.split()
    if kind == "@tone":
        return levels.tone(float(numbers[0]), float(numbers[1]))
    return levels.silence(float(numbers[0]))
