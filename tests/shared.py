"""What the test processes of one run share: made by whichever needs it first, read or copied by the others."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from asterisk_conf.answers import make_answers
from ivr.prompts import Prompts
from ivr.script.versions import shipped_scripts
from runtime.settings import Settings


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of this whole run; pytest-xdist gives each process one inside it."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def once(folder: Path, make: Callable[[Path], None]) -> Path:
    """`folder`, filled by `make` unless another process did or does it: then this one waits for that."""
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            half_made = folder.with_name(f"{folder.name}.half-made")  # a process before us may have failed
            shutil.rmtree(half_made, ignore_errors=True)
            half_made.mkdir()
            make(half_made)
            half_made.rename(folder)
    return folder


def give_answers(settings: Settings, answers: Path) -> None:
    """The telephone network of a new installation has its voices already."""
    _link(answers, settings.var / "network" / "sounds")


@dataclass(frozen=True, slots=True)
class Spoken:
    """Everything an installation speaks at its first start, which takes longer than all the rest of that start."""

    prompts: Path
    answers: Path

    def give(self, settings: Settings) -> None:
        """Put it into a new installation."""
        _link(self.prompts, settings.prompts_dir)
        give_answers(settings, self.answers)


def _link(source: Path, target: Path) -> None:
    """A copy by hard links: sound files are replaced or deleted, never changed."""
    shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True, copy_function=os.link)


def speak_prompts(folder: Path) -> None:
    """Every prompt of the shipped scripts, for `once`."""

    async def speak() -> None:
        settings = Settings(var=folder.with_name("prompts-var"))
        settings.make_folders()
        prompts = Prompts(settings)
        try:
            await prompts.make_all(shipped_scripts())
        finally:
            await prompts.close()
        settings.prompts_dir.rename(folder)

    asyncio.run(speak())


def speak_answers(folder: Path) -> None:
    """The telephone network's own voices, for `once`."""
    asyncio.run(make_answers(folder))
