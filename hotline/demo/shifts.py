"""Who sits at the telephones when: shifts of a day, and a fair turn for everybody."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from hotline.demo.shape import DAYS, HOURS, WAIT_SHARE_AT_NIGHT, agents_needed, day_share
from runtime.clock import SHANGHAI
from tickets.clocks.calendar import WorkCalendar

REST = timedelta(hours=11)
"""Between two shifts of one person."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A shift's hours. `busy` are the hours of the day for which it is manned."""

    begins: time
    lasts: timedelta
    busy: tuple[int, ...]
    meal: timedelta
    """When its break for a meal is due, after its beginning."""


NIGHT = Kind(time(0), timedelta(hours=8), (0, 5), timedelta(hours=2, minutes=40))
EARLY = Kind(time(7, 30), timedelta(hours=8, minutes=30), (7, 12, 13), timedelta(hours=4))
DAY = Kind(time(8, 15), timedelta(hours=9, minutes=15), (8, 9, 10, 11, 14, 15, 16), timedelta(hours=4, minutes=30))
LATE = Kind(time(15, 30), timedelta(hours=8, minutes=30), (17, 18, 19, 20, 21), timedelta(hours=3))


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's turn. `alone`: nobody else answers, so its breaks leave the line to the answering script."""

    person: int
    begins: datetime
    ends: datetime
    meal: datetime
    alone: bool


def manned(calls: float) -> list[tuple[Kind, int]]:
    """How many a day with so many calls needs on each shift."""

    def needed(kind: Kind) -> int:
        return agents_needed(calls * max(HOURS[hour] for hour in kind.busy) / sum(HOURS))

    night = agents_needed(calls * max(HOURS[hour] for hour in NIGHT.busy) / sum(HOURS), WAIT_SHARE_AT_NIGHT)
    early, late = needed(EARLY), needed(LATE)
    return [(NIGHT, night), (EARLY, early), (DAY, max(1, needed(DAY) - min(early, late))), (LATE, late)]


def staff_needed(calls_per_day: float) -> int:
    """How many people it takes, at five shifts a week each."""
    week = sum(count for share in DAYS for _, count in manned(calls_per_day * share))
    return math.ceil(week / 5)


@dataclass(slots=True)
class Roster:
    """Gives out shifts day by day: whoever has worked least and has rested takes the next."""

    people: int
    _free_from: dict[int, datetime] = field(default_factory=dict)
    _worked: dict[int, int] = field(default_factory=dict)

    def of(self, day: date, calls_per_day: float, calendar: WorkCalendar) -> Iterator[Shift]:
        for kind, count in manned(calls_per_day * day_share(day, calendar)):
            begins = datetime.combine(day, kind.begins, SHANGHAI)
            rested = [n for n in range(self.people) if n not in self._free_from or self._free_from[n] <= begins]
            rested.sort(key=lambda n: (self._worked.get(n, 0), n))
            for turn, person in enumerate(rested[:count]):
                self._worked[person] = self._worked.get(person, 0) + 1
                self._free_from[person] = begins + kind.lasts + REST
                # Colleagues do not all sit down, eat and leave in the same minute.
                late = timedelta(minutes=2 * turn)
                meal = begins + kind.meal + timedelta(minutes=35 * turn)
                yield Shift(person, begins + late, begins + kind.lasts + late, meal, kind is NIGHT and count == 1)
