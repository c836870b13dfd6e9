"""How long to wait before a process that ended is started again."""

from __future__ import annotations

FIRST_S = 0.5
LONGEST_S = 30.0
STEADY_S = 60.0
"""What lived this long was well: its next end starts over with the shortest wait."""


class BackOff:
    """Waits that double with each early end, from `first_s` up to `longest_s`."""

    def __init__(self, first_s: float = FIRST_S, longest_s: float = LONGEST_S, steady_s: float = STEADY_S) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._steady_s = steady_s
        self._next_s = first_s

    def after(self, lived_s: float) -> float:
        """Seconds to wait after an end that came `lived_s` seconds after the start."""
        if lived_s > self._steady_s:
            self._next_s = self._first_s
        pause_s = self._next_s
        self._next_s = min(pause_s * 2, self._longest_s)
        return pause_s
