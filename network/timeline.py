"""What happened in a citizen's call, second by second."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    at: float
    """Seconds since the number was dialled."""
    kind: str
    """dialled, ringing, answered, hears, silence, pressed, agent, speaks, spoke, note or ended."""
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.at:7.2f} s  {self.kind:<9} {self.detail}".rstrip()


@dataclass(slots=True)
class Timeline:
    """Entries in order; `on_entry` sees each as it happens."""

    on_entry: Callable[[Entry], None] | None = None
    entries: list[Entry] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def now(self) -> float:
        return time.monotonic() - self._began

    def add(self, kind: str, detail: str = "") -> None:
        entry = Entry(round(self.now(), 3), kind, detail)
        self.entries.append(entry)
        if self.on_entry is not None:
            self.on_entry(entry)

    def first(self, kind: str) -> Entry | None:
        """The first entry of a kind."""
        return next((entry for entry in self.entries if entry.kind == kind), None)
