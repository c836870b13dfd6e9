"""The demonstration model that comes with the project: it hears the voice of `hotline call --say` and no person.

With it the first start shows a transcript and a draft also where nothing can be downloaded. Any real model takes
its place (`find_model` ranks it last), and everything that shows the recogniser says what it is.
"""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path
from typing import Any

from runtime.settings import Settings

ARCHIVE = Path(__file__).parent.parent / "data" / "vosk-model-test-espeak-cn.tar.xz"
"""Trained on espeak-ng's Mandarin alone; the tests use it too."""

NAME = "vosk-model-demo-espeak-cn"
"""Its folder under var/models."""

NOTE = "演示模型，只认演示语音，请换上正式模型"
"""What people are told wherever the model is named."""


def is_demo(folder: Path) -> bool:
    """Whether this model is the demonstration one."""
    return folder.name == NAME


def unpack_demo(into: Path, name: str = NAME) -> Path:
    """Unpack the model as `into/name`, in one step; returns its folder. Raises OSError when the disk refuses."""
    target = into / name
    if target.exists():
        return target
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=into) as scratch:
        with tarfile.open(ARCHIVE) as archive:
            # The archive is our own. Python 3.11 before 3.11.4 (Debian 12) knows no filter; later ones want one.
            safe: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            archive.extractall(scratch, **safe)  # noqa: S202  # committed with the project
        folder = next(Path(scratch).glob("vosk-model-*"))
        try:
            folder.rename(target)
        except OSError:
            if not target.exists():  # else another start was faster
                raise
    return target


def provide_demo(settings: Settings) -> Path:
    """The demonstration model of this installation, unpacked at its first start."""
    return unpack_demo(settings.models_dir)
