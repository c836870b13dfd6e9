"""Erlang's C formula: how many seats a half hour needs.

It knows callers who come by chance, wait patiently and are served in turn. Impatient ones leave, so that it asks
for a seat too many rather than one too few.
"""

from __future__ import annotations

import math

MOST_SEATS = 10_000


def waiting(load: float, seats: int) -> float:
    """The share of callers who must wait. `load` in erlangs: calls a second times seconds of each.

    1 where the seats cannot carry the load.
    """
    if load <= 0:
        return 0.0
    if seats <= load:
        return 1.0
    blocked = 1.0  # Erlang's B by its recursion: factorials of hundreds of seats fit into no float
    for seat in range(1, seats + 1):
        blocked = load * blocked / (seat + load * blocked)
    return blocked / (1 - load / seats * (1 - blocked))


def answered_within(load: float, seats: int, within_s: float, handling_s: float) -> float:
    """The share of callers answered after `within_s` at most; each takes `handling_s`, after-work included."""
    if load <= 0:
        return 1.0
    if seats <= load:
        return 0.0
    return 1 - waiting(load, seats) * math.exp(-(seats - load) * within_s / handling_s)


def mean_wait(load: float, seats: int, handling_s: float) -> float:
    """Seconds, over all callers; infinite where the seats cannot carry the load."""
    if load <= 0:
        return 0.0
    return waiting(load, seats) * handling_s / (seats - load) if seats > load else math.inf


def seats_for(calls: float, period_s: float, handling_s: float, *, share: float, within_s: float) -> int:
    """The fewest seats by which this share is answered within so long; 0 without calls.

    Raises ValueError for a share that no number of seats reaches, or more than MOST_SEATS of them.
    """
    if not 0 < share < 1:
        raise ValueError(f"a share between 0 and 1 is needed, not {share}")
    load = calls * handling_s / period_s
    if load <= 0:
        return 0
    seats = max(1, math.ceil(load))
    while answered_within(load, seats, within_s, handling_s) < share:
        seats += 1
        if seats > MOST_SEATS:
            raise ValueError(f"{load:.0f} erlangs need more than {MOST_SEATS} seats")
    return seats
