"""The standard's "any continuous 24 hours", exactly: a window that slides by the microsecond, not by the hour.

A window `[s, s + 24 h)` changes only when a call comes in or drops out, so it is looked at there and nowhere else.
Of the calls no more than one day's are kept.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from calls.figures.period import DAY

_TICK = timedelta(microseconds=1)
"""Moments are stored to the microsecond: between two neighbours there is none."""


@dataclass(frozen=True, slots=True)
class Worst:
    """The window `[start, end)` with the lowest share. `hits` of `calls` were as they should be."""

    start: datetime
    end: datetime
    hits: int
    calls: int

    @property
    def share(self) -> float:
        return self.hits / self.calls


class SlidingWindow:
    """Finds the worst of all windows that end within `(first_end, last_end]` and hold at least one call.

    `add` the calls from `first_end - 24 h` on, in the order of their moments; then `worst`.
    """

    def __init__(self, first_end: datetime, last_end: datetime, length: timedelta = DAY) -> None:
        self._length = length
        self._start = (first_end - length).astimezone(UTC) + _TICK
        self._last = (last_end - length).astimezone(UTC)
        self._inside: deque[tuple[datetime, bool]] = deque()
        self._hits = 0
        self._worst: Worst | None = None

    def add(self, moment: datetime, hit: bool) -> None:
        moment = moment.astimezone(UTC)
        # It is in every window that begins after `enters`, and in none that begins after `moment`.
        self._slide_to(moment - self._length + _TICK)
        self._inside.append((moment, hit))
        self._hits += hit

    def worst(self) -> Worst | None:
        """None when no window holds a call. Of equal ones the fullest, then the earliest."""
        self._slide_to(self._last + _TICK)
        return self._worst

    def _slide_to(self, start: datetime) -> None:
        """Look at every window that begins before `start`; what later ones do not hold is let go of."""
        while self._start < start:
            leaves = self._inside[0][0] + _TICK if self._inside else start
            self._look(min(leaves, start))
            self._start = max(self._start, min(leaves, start))
            while self._inside and self._inside[0][0] < self._start:
                self._hits -= self._inside.popleft()[1]

    def _look(self, until: datetime) -> None:
        """The windows that begin from the present start up to `until` all hold the same calls."""
        last = min(until - _TICK, self._last)
        if not self._inside or last < self._start:
            return
        calls, hits = len(self._inside), self._hits
        best = self._worst
        # Compared as fractions: shares that differ in the 17th digit differ.
        difference = hits * best.calls - best.hits * calls if best else -1
        if difference < 0 or (difference == 0 and best and calls > best.calls):
            start = _round_moment(self._start, last)
            self._worst = Worst(start, start + self._length, hits, calls)


def _round_moment(first: datetime, last: datetime) -> datetime:
    """A moment in this range that reads well: a full minute, else a full second, else the first."""
    for step in (timedelta(minutes=1), timedelta(seconds=1)):
        past = (first - datetime.min.replace(tzinfo=UTC)) % step
        found = first + (step - past) % step
        if found <= last:
            return found
    return first
