"""When a county calls, how long it talks, and how many agents that takes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from runtime.clock import SHANGHAI
from tickets.clocks.calendar import WorkCalendar

HOURS = (
    0.6, 0.4, 0.3, 0.3, 0.3, 0.6, 1.4, 3.2, 7.6, 10.2, 9.8, 7.6,
    4.6, 4.4, 7.2, 8.4, 8.0, 6.4, 4.6, 4.2, 3.8, 2.9, 1.8, 1.0,
)  # fmt: skip
"""Share of a day's calls by its hours: offices' mornings and afternoons, a quiet noon, few at night."""

DAYS = (1.18, 1.08, 1.03, 1.0, 0.99, 0.76, 0.66)
"""Monday to Sunday, against the mean day."""

HOLIDAY = 0.6
HANDLING_S = 285.0
"""Mean of talk, hold and after-call work for which agents are planned."""
SOON_S = 6.0
WAIT_SHARE, WAIT_SHARE_AT_NIGHT = 0.02, 0.1
"""So many callers may find nobody within the time above."""


def day_share(day: date, calendar: WorkCalendar) -> float:
    """How busy this day is, against the mean."""
    if calendar.is_workday(day):
        return max(DAYS[day.weekday()], 0.95)
    return HOLIDAY if day.weekday() < 5 else DAYS[day.weekday()]


def arrivals(day: date, calls_per_day: float, calendar: WorkCalendar, rng: Random) -> Iterator[datetime]:
    """The moments at which calls come in on this day, in order."""
    total = calls_per_day * day_share(day, calendar) * max(0.6, rng.gauss(1.0, 0.07))
    for hour, share in enumerate(HOURS):
        expected = total * share / sum(HOURS)
        at = rng.expovariate(expected) if expected > 0 else 1.0
        while at < 1.0:
            yield datetime.combine(day, time(hour), SHANGHAI) + timedelta(hours=at)
            at += rng.expovariate(expected)


def lognormal(rng: Random, mean: float, spread: float, lowest: float, highest: float) -> float:
    """Seconds with this mean before they are cut to the bounds; `spread` is the logarithm's deviation."""
    drawn = rng.lognormvariate(math.log(mean) - spread**2 / 2, spread)
    return min(highest, max(lowest, drawn))


def must_wait(agents: int, load: float) -> float:
    """The share of callers who wait longer than SOON_S (Erlang C); `load` is in erlangs."""
    if agents <= load:
        return 1.0
    free = 1.0
    for n in range(1, agents + 1):
        free = free * n / load + 1.0 if load else math.inf
    busy = 1.0 / free  # Erlang B
    waits = busy / (1.0 - load / agents * (1.0 - busy))
    return waits * math.exp(-(agents - load) * SOON_S / HANDLING_S)


def agents_needed(calls_per_hour: float, wait_share: float = WAIT_SHARE) -> int:
    """How many agents answer so many calls in time."""
    load = calls_per_hour * HANDLING_S / 3600
    agents = 1
    while must_wait(agents, load) > wait_share:
        agents += 1
    return agents
