"""Counts of calls by the minute, summed over any time that is wanted: the last half hour, today, 24 hours.

A period's calls are those that entered a queue in it, whenever they were answered (domain.md 4.1): shares of them
can never be above one. Durations are whole milliseconds, so that the order of adding changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

IN_TIME_S = 15.0
"""GB/T 33358: answered within so long (domain.md 4.1, `ANS15`)."""
HALF_HOUR = 30
"""Minutes."""


@dataclass(slots=True)
class Figures:
    """What became of the calls of a period."""

    queued: int = 0
    answered: int = 0
    in_time: int = 0
    """Answered within IN_TIME_S of entering the queue."""
    abandoned: int = 0
    abandoned_short: int = 0
    """Of the abandoned those within `SHORT_S`, as the call-backs reckon it."""
    lost: int = 0
    """Left the queue in another way: by key, after the longest wait, or by a fault."""
    wait_ms: int = 0
    """Of those answered, from entering the queue."""
    arrival_ms: int = 0
    """Of those answered, from the first ring, prompts included (domain.md 4.1, `ASA`)."""
    handled: int = 0
    """Talks whose after-call work ended in the period; their length follows."""
    handling_ms: int = 0

    def add(self, other: Figures) -> None:
        """Written out: a board adds up hundreds of these twice a second."""
        self.queued += other.queued
        self.answered += other.answered
        self.in_time += other.in_time
        self.abandoned += other.abandoned
        self.abandoned_short += other.abandoned_short
        self.lost += other.lost
        self.wait_ms += other.wait_ms
        self.arrival_ms += other.arrival_ms
        self.handled += other.handled
        self.handling_ms += other.handling_ms

    def copy(self) -> Figures:
        made = Figures()
        made.add(self)
        return made

    @property
    def ended(self) -> int:
        """Who waits no longer: what shares are of."""
        return self.answered + self.abandoned + self.lost

    @property
    def connect_rate(self) -> float | None:
        """`CONNECT_RATE`; None when nobody has been through the queue."""
        return self.answered / self.ended if self.ended else None

    @property
    def in_time_rate(self) -> float | None:
        """`ANS15`; None when nobody has been through the queue."""
        return self.in_time / self.ended if self.ended else None

    @property
    def mean_wait_s(self) -> float | None:
        return self.wait_ms / self.answered / 1000 if self.answered else None

    @property
    def mean_arrival_s(self) -> float | None:
        return self.arrival_ms / self.answered / 1000 if self.answered else None

    @property
    def mean_handling_s(self) -> float | None:
        """`AHT`; None before the first talk is done with."""
        return self.handling_ms / self.handled / 1000 if self.handled else None


def minute_of(at: datetime) -> int:
    """Whole minutes since 1970."""
    return int(at.timestamp() // 60)


def milliseconds(passed: timedelta) -> int:
    """Never below zero: a clock may have been put back."""
    return max(0, round(passed.total_seconds() * 1000))


class Buckets:
    """Figures by the minute, and again by the half hour, so that a day is summed in a hundred steps."""

    def __init__(self) -> None:
        self._minutes: dict[int, Figures] = {}
        self._halves: dict[int, Figures] = {}

    def count(self, moment: datetime, **counts: int) -> None:
        """Add to the figures of this moment: its minute's and its half hour's."""
        minute = minute_of(moment)
        for buckets, key in ((self._minutes, minute), (self._halves, minute // HALF_HOUR)):
            figures = buckets.get(key)
            if figures is None:
                figures = buckets[key] = Figures()
            for name, number in counts.items():
                setattr(figures, name, getattr(figures, name) + number)

    def sum(self, first: int, end: int) -> Figures:
        """Of the minutes from `first` to before `end` (minutes since 1970)."""
        total, minute = Figures(), first
        while minute < end:
            if minute % HALF_HOUR == 0 and minute + HALF_HOUR <= end:
                found, step = self._halves.get(minute // HALF_HOUR), HALF_HOUR
            else:
                found, step = self._minutes.get(minute), 1
            if found is not None:
                total.add(found)
            minute += step
        return total

    def half_hours(self, first: int, end: int) -> list[Figures]:
        """One for each half hour that begins from `first` to before `end` (minutes since 1970)."""
        return [
            self._halves[half].copy() if half in self._halves else Figures()
            for half in range(-(-first // HALF_HOUR), -(-end // HALF_HOUR))
        ]

    def forget(self, before: int) -> None:
        """Drop whole half hours that ended before this minute."""
        half = before // HALF_HOUR
        for old in [key for key in self._halves if key < half]:
            del self._halves[old]
        for old in [key for key in self._minutes if key < half * HALF_HOUR]:
            del self._minutes[old]

    def __bool__(self) -> bool:
        return bool(self._halves)
