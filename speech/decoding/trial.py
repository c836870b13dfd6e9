"""Keeps a model that kills its process from doing so for ever: after three deaths while loading it is left alone.

A damaged graph makes Vosk die of a segmentation fault; the supervisor would start us again and again.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

STRIKES = 3


class ModelTrial:
    """Notes in a file that a model is being tried; the note is removed when it has proved itself."""

    def __init__(self, note: Path) -> None:
        self._note = note

    def begin(self, model: Path) -> bool:
        """Note one more try; False when this very model failed to survive the last three."""
        key = self._key(model)
        strikes = 0
        with suppress(OSError, ValueError):
            noted, _, count = self._note.read_text(encoding="utf-8").strip().rpartition(" ")
            strikes = int(count) if noted == key else 0
        if strikes >= STRIKES:
            return False
        with suppress(OSError):  # a full disk must not keep us from trying
            self._note.write_text(f"{key} {strikes + 1}\n", encoding="utf-8")
        return True

    def passed(self) -> None:
        """The model works."""
        with suppress(OSError):
            self._note.unlink(missing_ok=True)

    @staticmethod
    def _key(model: Path) -> str:
        try:
            changed = max(file.stat().st_mtime_ns for file in (model, *model.glob("*"), *model.glob("*/*")))
        except (OSError, ValueError):
            changed = 0
        return f"{model} {changed}"
