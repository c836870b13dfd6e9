"""The seats as the floor follows them: how each is now, and what its agent has done today.

What lasts is not counted here until it ends: whoever shows it adds the time since `counted_to`, so that nothing
changes on a board while nothing happens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from calls.floor.figures import milliseconds
from calls.state.agent_states import AgentState
from runtime.clock import local, midnight
from runtime.events import AgentStateChanged

HANDLING = {"talking": "talk_ms", "held": "hold_ms", "wrap_up": "wrap_ms"}
"""States that are a call's handling (domain.md 4.1, `AHT`)."""
OFFLINE = str(AgentState.OFFLINE)
NOT_READY = str(AgentState.NOT_READY)


@dataclass(slots=True)
class SeatDay:
    """What one agent has done on one day (Shanghai). Durations are milliseconds.

    `talk_ms`, `hold_ms` and `wrap_ms` are of the `handled` talks alone; `busy_ms` (of it talk, hold and after-call
    work) and `staffed_ms` are of the whole day.
    """

    day: date
    answered: int = 0
    """Talks with citizens who called us."""
    outbound: int = 0
    """Other talks: call-backs above all."""
    missed: int = 0
    handled: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_ms: int = 0
    busy_ms: int = 0
    staffed_ms: int = 0
    not_ready_ms: dict[str, int] = field(default_factory=dict)
    """By reason."""


@dataclass(slots=True)
class _Handling:
    """One talk and what follows it."""

    call_id: str
    queue: str
    inbound: bool
    lengths: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Seat:
    agent: str
    node: str = ""
    user_id: int | None = None
    state: str = OFFLINE
    reason: str = ""
    since: datetime | None = None
    call_id: str = ""
    queues: tuple[str, ...] = ()
    counted_to: datetime | None = None
    """Until when the day's durations are counted."""
    handling: _Handling | None = None

    @property
    def person(self) -> str:
        """Whose day it is: the account's, wherever it sits."""
        return f"user {self.user_id}" if self.user_id is not None else self.agent


Handled = Callable[[str, int, datetime], None]
"""handled(queue, milliseconds, when): a talk out of this queue is done with."""


class FloorSeats:
    """All seats by extension and the days of who sits there. `queue_of`, `is_inbound` tell of a call id."""

    def __init__(
        self, queue_of: Callable[[str], str], is_inbound: Callable[[str], bool], handled: Handled
    ) -> None:
        self.seats: dict[str, Seat] = {}
        self._days: dict[str, SeatDay] = {}
        self._queue_of = queue_of
        self._is_inbound = is_inbound
        self._handled = handled

    def day_of(self, seat: Seat, today: date) -> SeatDay:
        """Today's work of who sits there; an empty one when nothing was counted today."""
        day = self._days.get(seat.person)
        return day if day is not None and day.day == today else SeatDay(today)

    def knows(self, event: AgentStateChanged) -> bool:
        """Whether this or something later is counted already."""
        seat = self.seats.get(event.agent)
        if seat is None or seat.counted_to is None:
            return False
        at = event.at or event.since
        same = (event.state, event.reason, event.call_id) == (seat.state, seat.reason, seat.call_id)
        return at < seat.counted_to or (at == seat.counted_to and same)

    def take(self, event: AgentStateChanged) -> None:
        """Follow a change of a seat."""
        at = event.at or event.since
        seat = self.seats.setdefault(event.agent, Seat(event.agent))
        self._count(seat, at)
        before, before_reason, before_call = seat.state, seat.reason, seat.call_id
        seat.node = event.node or seat.node
        if event.user_id is not None or event.state == OFFLINE:
            seat.user_id = event.user_id if event.user_id is not None else seat.user_id
        seat.queues = event.queues or seat.queues
        seat.state, seat.reason, seat.since = event.state, event.reason, event.since
        seat.call_id, seat.counted_to = event.call_id, at
        day = self._day(seat, at)
        if (event.state, event.reason) == (NOT_READY, "missed") != (before, before_reason):
            day.missed += 1
        over = event.state not in HANDLING or (event.call_id != before_call and event.state != "wrap_up")
        if seat.handling is not None and over:
            self._finish(seat, day, at)
        if seat.handling is None and event.state in ("talking", "held"):
            inbound = self._is_inbound(event.call_id)
            seat.handling = _Handling(event.call_id, self._queue_of(event.call_id), inbound)
            if inbound:
                day.answered += 1
            else:
                day.outbound += 1

    def _day(self, seat: Seat, at: datetime) -> SeatDay:
        today = local(at).date()
        day = self._days.get(seat.person)
        if day is None or day.day != today:
            day = self._days[seat.person] = SeatDay(today)
        return day

    def _count(self, seat: Seat, at: datetime) -> None:
        """Add what lasted until now."""
        if seat.counted_to is None:
            return
        whole = milliseconds(at - seat.counted_to)
        if seat.handling is not None and (name := HANDLING.get(seat.state)):
            seat.handling.lengths[name] = seat.handling.lengths.get(name, 0) + whole
        if seat.state == OFFLINE:
            return
        day = self._day(seat, at)
        today = milliseconds(at - max(seat.counted_to, midnight(at)))
        day.staffed_ms += today
        if seat.state in HANDLING:
            day.busy_ms += today
        elif seat.state == NOT_READY and today:
            day.not_ready_ms[seat.reason] = day.not_ready_ms.get(seat.reason, 0) + today

    def _finish(self, seat: Seat, day: SeatDay, at: datetime) -> None:
        done = seat.handling
        assert done is not None
        seat.handling = None
        day.handled += 1
        for name, length in done.lengths.items():
            setattr(day, name, getattr(day, name) + length)
        if done.queue:
            self._handled(done.queue, sum(done.lengths.values()), at)
