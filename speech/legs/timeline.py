"""Where a leg's audio lies on the call's time line.

Both speakers' legs start at different moments and may lose frames, yet their utterances must interleave as
they were spoken. Position is counted in samples (exact inside an utterance) and anchored to the clock: when
audio was truly lost, the count is moved forward; a burst after a stall of ours is not mistaken for loss.
"""

from __future__ import annotations

FRAME_MS = 20
WINDOW = 100
"""Frames (2 s) over which lag must persist before the count is moved."""
TOLERANCE_MS = 200
"""Lag below this is jitter."""


class Timeline:
    """Milliseconds since the call's origin for each 20 ms frame, in order."""

    def __init__(self) -> None:
        self._next_ms: float | None = None
        self._least_lag = 0.0
        self._seen = 0

    @property
    def now_ms(self) -> int:
        """End of the last frame placed; 0 before the first."""
        return int(self._next_ms or 0)

    def place(self, arrived_ms: float) -> int:
        """Start of the next frame, given when it arrived (ms since origin; a frame arrives at its end).

        Never earlier than the end of the frame before.
        """
        start = arrived_ms - FRAME_MS
        if self._next_ms is None:
            self._next_ms = max(0.0, start)
        lag = start - self._next_ms
        self._least_lag = lag if self._seen == 0 else min(self._least_lag, lag)
        self._seen += 1
        if self._seen >= WINDOW:
            if self._least_lag > TOLERANCE_MS:
                self._next_ms += self._least_lag
            self._seen = 0
        placed = int(self._next_ms)
        self._next_ms += FRAME_MS
        return placed

    def put(self, at_ms: int) -> None:
        """The source knows: the next frame starts exactly here (a recording's position)."""
        self._next_ms = float(at_ms)
        self._seen = 0

    def resume(self, arrived_ms: float) -> None:
        """After a known silence of the wire: the next frame lies where the clock says."""
        self._next_ms = max(float(self.now_ms), arrived_ms - FRAME_MS)
        self._seen = 0
