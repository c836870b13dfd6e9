"""An Asterisk program: how to call it and where its modules and data lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from runtime.errors import UserError


class AsteriskError(UserError):
    """Asterisk cannot be found, started or used; the message says what a person can do."""


@dataclass(frozen=True, slots=True)
class AsteriskProgram:
    """One usable Asterisk, either installed on the host or fetched into a folder of its own."""

    command: tuple[str, ...]
    """Program and leading arguments (a fetched tree is run through its own loader)."""
    modules: Path
    data: Path
    """Folder that holds `documentation` and `sounds`."""
    version: tuple[int, int, int]
    origin: str
    """Where it came from, for people: the path of the program or of the tree."""

    @property
    def version_text(self) -> str:
        return ".".join(map(str, self.version))
