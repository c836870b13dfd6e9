"""Hot words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


class HotWords:
    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(words)

    def mend(self, text: str) -> str:
        return text


class HotWordFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def current(self) -> HotWords:
        return HotWords(())
