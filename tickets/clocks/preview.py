"""The clocks a ticket would have, reckoned without one: for whoever chooses a profile or checks a deadline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tickets.clocks.calendar import WorkCalendar
from tickets.clocks.reckoning import ClockEvent, Impossible, Kind, Reckoned, reckon
from tickets.clocks.rules import NAMES
from tickets.clocks.sla import Matter, Profile

STEPS: dict[str, tuple[tuple[Kind, str], ...]] = {
    "dispatch": ((Kind.MEET, "divert_by"), (Kind.START, "sign_by")),
    "sign": ((Kind.MEET, "sign_by"),),
    "transfer": ((Kind.MEET, "transfer_by"),),
    "inform": ((Kind.MEET, "inform_by"),),
    "reply": ((Kind.MEET, "close_by"), (Kind.START, "review_by")),
    "accept": ((Kind.MEET, "review_by"), (Kind.START, "follow_up_by")),
    "follow_up": ((Kind.MEET, "follow_up_by"),),
}
"""Steps of a ticket by what they do to its clocks."""

ON_CREATION = ("divert_by", "sign_by", "transfer_by", "inform_by", "close_by")
"""`sign_by` starts with the dispatch; where none is named, it counts as made at once."""


@dataclass(frozen=True, slots=True)
class Happening:
    """A step of `STEPS`, or a kind of `Kind` that happens to one clock."""

    what: str
    at: datetime
    clock: str = "close_by"
    amount: float = 0


def preview(
    profile: Profile, matter: Matter, created: datetime, happenings: Iterable[Happening], calendar: WorkCalendar
) -> dict[str, Reckoned]:
    """Clocks by name, in the order of a ticket's life. Raises `Impossible`, also for unknown names."""
    rules = profile.clocks(matter)
    ordered = sorted(happenings, key=lambda happening: happening.at)
    later = any(happening.what == "dispatch" for happening in ordered)
    events: dict[str, list[ClockEvent]] = {
        name: [ClockEvent(Kind.START, created)]
        for name in ON_CREATION
        if name in rules and not (name == "sign_by" and later)
    }
    for happening in ordered:
        for kind, clock in _effects(happening):
            if clock not in rules:
                continue  # this profile has no such limit
            known = events.setdefault(clock, [])
            if kind is Kind.START and known:
                raise Impossible(f"{happening.what} happens once")
            if kind is not Kind.START and not known:
                raise Impossible(f"{happening.what}: {clock} has not started")
            known.append(ClockEvent(kind, happening.at, happening.amount))
    return {name: reckon(rules[name], events[name], calendar) for name in NAMES if name in events}


def _effects(happening: Happening) -> tuple[tuple[Kind, str], ...]:
    if happening.what in STEPS:
        return STEPS[happening.what]
    if happening.clock not in NAMES:
        raise Impossible(f"no clock is called {happening.clock}: {', '.join(NAMES)}")
    try:
        kind = Kind(happening.what)
    except ValueError:
        known = ", ".join([*STEPS, *(kind.value for kind in Kind)])
        raise Impossible(f"nothing called {happening.what} happens to a clock: {known}") from None
    return ((kind, happening.clock),)
