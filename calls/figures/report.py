"""All figures of a period, in one pass over its rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncSession

from calls.callbacks.call_hours import CallHours
from calls.figures.agents import AgentTable, AgentTimes
from calls.figures.call_facts import CallFacts
from calls.figures.call_kpis import (
    CALL_KPIS,
    CONNECTED,
    SOON_S,
    Waits,
    line_class,
)
from calls.figures.exits import Exit, ExitTable, Notices, Spread, heard
from calls.figures.kpi import Figure, Kind, Kpi, Tally, figure
from calls.figures.other_kpis import (
    HANDOFF_KPIS,
    HEARD_KPIS,
    MISSED_KPIS,
    RATING_KPIS,
    SEAT_KPIS,
    HandedOver,
    Heard,
    Missed,
)
from calls.figures.period import DAY, HALF_HOUR, Scope, half_of, halves
from calls.figures.reading import (
    read_calls,
    read_fallbacks,
    read_handoffs,
    read_missed,
    read_ratings,
    read_seats,
    read_steps,
)
from calls.figures.window import SlidingWindow, Worst

SLOT_CODES = (
    *("CALL_OFFERED", "CALL_QUEUED", "CALL_ANSWERED", "CONNECT_RATE", "ANS15", "ASA", "ABANDON_RATE", "AHT"),
)
SLOT_KPIS = tuple(kpi for kpi in CALL_KPIS if kpi.code in SLOT_CODES)
TEAM_KPIS = tuple(kpi for kpi in CALL_KPIS if kpi.of_seats)
WINDOWS = (
    (
        "ANS15_24H_MIN",
        "连续24小时最低15秒接通率",
        "15秒内接听的来电÷人工请求量，取止于本时段的任意连续24小时的最低值。",
    ),
    ("CONNECT_RATE_24H_MIN", "连续24小时最低接通率", "接听量÷人工请求量，取止于本时段的任意连续24小时的最低值。"),
)


class Part(StrEnum):
    """What is read for a report. Each kind of rows costs its time: about a second for ten thousand calls."""

    CALLS = "calls"
    """Waits, talks, missed calls, ratings, the worst windows, half hours."""
    SEATS = "seats"
    """The agents' table, occupancy, seats of the half hours."""
    WAYS = "ways"
    """Exits of the script, keys before a person, the recording notice."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A half hour of the day, 0 to 47, over all days of the period. `seats`: signed in on average.

    `times`: how often the period holds it; less than 1 while it lasts.
    """

    half: int
    figures: Sequence[Figure]
    seats: float
    times: float


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a scope as they stood at `at`, of the parts that were read.

    `worst` by code, None when no call came.
    """

    scope: Scope
    at: datetime
    figures: dict[str, Figure]
    worst: dict[str, Worst | None]
    slots: Sequence[Slot]
    agents: Sequence[AgentTimes]
    exits: Sequence[Exit]
    hang_ups: Sequence[Exit]
    to_queue: Spread
    to_person: Spread
    line_class: str


class _Calls:
    """What incoming calls add up to."""

    def __init__(self, scope: Scope) -> None:
        self._start = scope.start
        team = scope.unit_id is not None
        self.all: Tally[CallFacts] = Tally(TEAM_KPIS if team else CALL_KPIS)
        self._slot_kpis = [kpi for kpi in SLOT_KPIS if kpi.of_seats or not team]
        self.slots: dict[int, Tally[CallFacts]] = {}
        self.waits = Waits()
        self.in_time = SlidingWindow(scope.start, scope.end)
        self.connected = SlidingWindow(scope.start, scope.end)

    def add(self, call: CallFacts) -> None:
        if call.queued:
            self.in_time.add(call.started_at, call.answered and call.wait_s <= SOON_S)
            self.connected.add(call.started_at, call.answered)
        if call.started_at < self._start:
            return
        self.all.add(call)
        self.waits.add(call)
        half = half_of(call.started_at.timestamp())
        self.slot(half).add(call)

    def worst(self) -> dict[str, Worst | None]:
        """By code, as in WINDOWS."""
        codes = [code for code, *_ in WINDOWS]
        return dict(zip(codes, (self.in_time.worst(), self.connected.worst()), strict=True))

    def slot(self, half: int) -> Tally[CallFacts]:
        if half not in self.slots:
            self.slots[half] = Tally(self._slot_kpis)
        return self.slots[half]


async def report(
    session: AsyncSession,
    scope: Scope,
    now: datetime,
    *,
    hours: CallHours,
    notices: Notices,
    parts: Collection[Part] = frozenset(Part),
) -> Report:
    """What is counted of this scope, up to `now`, in one pass over each kind of rows.

    `hours`: when citizens may be called back. `notices`: which nodes of which scripts tell of the recording.
    """
    scope = scope.until(now)
    calls, seats, table = _Calls(scope), AgentTable(), ExitTable()
    staffed = dict.fromkeys(range(48), 0.0)
    found: list[Figure] = []
    worst: dict[str, Worst | None] = {}
    if Part.CALLS in parts:
        async for call in read_calls(session, scope, before=DAY):
            calls.add(call)
        found += calls.all.figures()
        if scope.unit_id is None:
            found += calls.waits.figures()
            worst = calls.worst()
            found += [_lowest(code, name, told, worst[code]) for code, name, told in WINDOWS]
            found += await _missed(session, scope, hours)
            found += await _handed_over(session, scope)
        found += await _ratings(session, scope)
    if Part.SEATS in parts:
        async for state in read_seats(session, scope, now):
            seats.add(state)
            for half, seconds in halves(state.since, state.until):
                staffed[half] += seconds
        if not scope.queue:  # seats serve several queues: their time is no one queue's
            found += [figure(kpi, *seats.occupancy()) for kpi in SEAT_KPIS]
    if Part.WAYS in parts and scope.unit_id is None:
        found += await _heard(session, scope, notices, table)
    figures = {each.code: each for each in found}
    return Report(
        scope=scope,
        at=now,
        figures=figures,
        worst=worst,
        slots=_slots(scope, calls, staffed),
        agents=seats.rows(),
        exits=table.exits(),
        hang_ups=table.hang_ups(),
        to_queue=table.seconds_to_queue(),
        to_person=table.seconds_to_person(),
        line_class=line_class(figures["CONNECT_RATE"].value) if "CONNECT_RATE" in figures else "",
    )


def _lowest(code: str, name: str, definition: str, worst: Worst | None) -> Figure:
    hits, calls = (worst.hits, worst.calls) if worst else (0, 0)
    kpi: Kpi[object] = Kpi(code, name, Kind.RATE, definition, lambda _: (0, 0), CONNECTED)
    return figure(kpi, hits, calls)


async def _missed(session: AsyncSession, scope: Scope, hours: CallHours) -> list[Figure]:
    tally: Tally[Missed] = Tally(MISSED_KPIS)
    async for call in read_missed(session, scope, hours):
        tally.add(call)
    return tally.figures()


async def _handed_over(session: AsyncSession, scope: Scope) -> list[Figure]:
    tally: Tally[HandedOver] = Tally(HANDOFF_KPIS)
    async for handoff in read_handoffs(session, scope):
        tally.add(handoff)
    return tally.figures()


async def _heard(session: AsyncSession, scope: Scope, notices: Notices, table: ExitTable) -> list[Figure]:
    tally: Tally[Heard] = Tally(HEARD_KPIS)
    fallbacks = await read_fallbacks(session, scope)
    async for call in read_steps(session, scope):
        tally.add(heard(call, notices, fallback=call.call_id in fallbacks))
        table.add(call)
    return tally.figures()


async def _ratings(session: AsyncSession, scope: Scope) -> list[Figure]:
    answers = await read_ratings(session, scope)
    found = []
    for kpi in RATING_KPIS:
        shares = [(kpi.adds(answer), count) for answer, count in answers.items()]
        found.append(
            figure(kpi, sum(share[0] * count for share, count in shares), sum(s[1] * count for s, count in shares))
        )
    return found


def _slots(scope: Scope, calls: _Calls, staffed: dict[int, float]) -> list[Slot]:
    """The half hours of the day that the period touches, in the order in which it comes to them."""
    covered: dict[int, float] = {}
    for half, seconds in halves(scope.start, scope.end):
        covered[half] = covered.get(half, 0.0) + seconds
    order = list(covered) if scope.end - scope.start <= DAY else sorted(covered)
    return [
        Slot(
            half=half,
            figures=calls.slot(half).figures(),
            seats=staffed[half] / covered[half] if covered[half] else 0.0,
            times=covered[half] / HALF_HOUR.total_seconds(),
        )
        for half in order
    ]
