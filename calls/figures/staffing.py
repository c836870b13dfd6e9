"""Seats that each half hour needed by Erlang's formula, beside those that were staffed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calls.figures.call_kpis import CONNECTED, SOON_S
from calls.figures.erlang import answered_within, seats_for
from calls.figures.period import HALF_HOUR
from calls.figures.report import Report, Slot

FEW = 20
"""Of fewer answered calls the handling time says little: then the whole period's is taken."""


@dataclass(frozen=True, slots=True)
class Staffing:
    """A half hour of the day. `calls` asked for a person in a mean one.

    `expected`: the share that the formula expects of the seats that were staffed; None where nobody can say (one
    queue alone, no calls).
    """

    half: int
    calls: float
    handling_s: float | None
    needed: int
    staffed: float | None
    expected: float | None


def staffing(found: Report, *, share: float = CONNECTED, within_s: float = SOON_S) -> list[Staffing]:
    """Each half hour of the report's period. Raises ValueError for a share that no seats reach."""
    whole = found.figures["AHT"].value
    return [_slot(slot, whole, share, within_s, alone=bool(found.scope.queue)) for slot in found.slots]


def _slot(slot: Slot, whole: float | None, share: float, within_s: float, *, alone: bool) -> Staffing:
    figures = {figure.code: figure for figure in slot.figures}
    handling = figures["AHT"]
    handling_s = handling.value if (handling.denominator or 0) >= FEW else whole
    calls = figures["CALL_QUEUED"].numerator / slot.times if slot.times else 0.0
    seconds = HALF_HOUR.total_seconds()
    needed = seats_for(calls, seconds, handling_s or 0.0, share=share, within_s=within_s)
    staffed = None if alone else slot.seats
    expected = None
    if handling_s and calls and staffed is not None:
        # Part of a half hour's seat is rounded down: half a person answers nobody.
        expected = answered_within(calls * handling_s / seconds, int(staffed), within_s, handling_s)
    return Staffing(slot.half, calls, handling_s, needed, staffed, expected)


def most(rows: Sequence[Staffing]) -> int:
    """The seats of the half hour that needs most."""
    return max((row.needed for row in rows), default=0)
