"""A clock for tests: stands still until moved."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FakeClock:
    """Starts on Friday 2025-11-14 09:00 Asia/Shanghai unless told otherwise."""

    def __init__(self, start: datetime = datetime(2025, 11, 14, 1, 0, tzinfo=UTC)) -> None:
        self._now = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed

    def move(self, **step: float) -> None:
        """Let time pass: `clock.move(seconds=5)`, any argument of timedelta."""
        delta = timedelta(**step)
        self._now += delta
        self._elapsed += delta.total_seconds()

    def set(self, moment: datetime) -> None:
        self._now = moment
