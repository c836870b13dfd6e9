"""The floor as it is, made of events alone: events in, a picture out.

Pure: no database, no clock of its own, nothing of the telephony. `remembered.py` tells it what the database knows
when a desk starts; from then on it hears what everybody hears.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime

from calls.asterisk.queues import QUEUES
from calls.floor.figures import HALF_HOUR, Buckets, Figures, minute_of
from calls.floor.floor_calls import WHOLE_FLOOR, FloorCall, FloorCalls, Stay, Step
from calls.floor.floor_seats import OFFLINE, FloorSeats, Seat, SeatDay
from calls.state.call_states import CallState
from runtime.clock import local, midnight
from runtime.events import AgentStateChanged, CallbackChanged, Event

LATELY_MINUTES = 30
DAY_MINUTES = 24 * 60
OPEN_CALLBACKS = ("open", "taken")


@dataclass(frozen=True, slots=True)
class Staff:
    """How many seats are in which state; `not_ready` by reason. `talking` has those who hold the line too."""

    staffed: int
    ready: int
    ringing: int
    talking: int
    wrap_up: int
    not_ready: dict[str, int]


@dataclass(frozen=True, slots=True)
class QueueNow:
    """One queue, or the whole floor (`queue` is ""). `oldest_since`: since when the first waits."""

    queue: str
    waiting: int
    oldest_since: datetime | None
    staff: Staff
    lately: Figures
    today: Figures
    last_day: Figures


@dataclass(frozen=True, slots=True)
class Waiting:
    """A caller in a queue. `tries`: which call of this number within 24 hours it is."""

    call_id: str
    node: str
    queue: str
    caller: str
    since: datetime
    rung: str
    tries: int
    emergency: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class CallNow:
    """A call in progress; `since`: of the talk, of the wait, or of the call."""

    call_id: str
    node: str
    inbound: bool
    caller: str
    state: str
    queue: str
    agent: str
    since: datetime | None
    talked: bool
    emergency: bool


@dataclass(frozen=True, slots=True)
class SeatNow:
    """A seat at which somebody is signed in, with the day's work of who sits there."""

    agent: str
    node: str
    user_id: int | None
    state: str
    reason: str
    since: datetime
    call_id: str
    queues: tuple[str, ...]
    counted_to: datetime
    day: SeatDay


@dataclass(frozen=True, slots=True)
class EmergencyNow:
    """A call in progress in which an emergency was heard; `handoff` is how far its hand-off is, "" for none."""

    call_id: str
    node: str
    since: datetime
    target: str
    agent: str
    handoff: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything a board shows. `half_hours` are today's of the whole floor, from midnight to now."""

    at: datetime
    floor: QueueNow
    queues: tuple[QueueNow, ...]
    waiting: tuple[Waiting, ...]
    calls: tuple[CallNow, ...]
    seats: tuple[SeatNow, ...]
    emergencies: tuple[EmergencyNow, ...]
    callbacks: int
    day_began: datetime
    half_hours: tuple[Figures, ...]


class Floor:
    """All nodes together."""

    def __init__(self) -> None:
        self.calls = FloorCalls()
        self.seats = FloorSeats(self.calls.queue_of, self.calls.is_inbound, self._handled)
        self._callbacks: set[int] = set()

    def take(self, event: Event) -> None:
        """Follow what happened, whatever it is."""
        if isinstance(event, AgentStateChanged):
            self.seats.take(event)
        elif isinstance(event, CallbackChanged):
            if event.state in OPEN_CALLBACKS:
                self._callbacks.add(event.task_id)
            else:
                self._callbacks.discard(event.task_id)
        else:
            self.calls.take(event)

    def knows(self, event: Event) -> bool:
        """Whether taking this would count it a second time. Events of calls may always be taken again."""
        return isinstance(event, AgentStateChanged) and self.seats.knows(event)

    def forget(self, now: datetime) -> None:
        """Drop what is too old to be shown; call it now and then."""
        self.calls.forget(now)

    def _handled(self, queue: str, length_ms: int, at: datetime) -> None:
        for name in (queue, WHOLE_FLOOR):
            self.calls.figures[name].count(at, handled=1, handling_ms=length_ms)

    # -- the picture ---------------------------------------------------------------------------
    def picture(self, now: datetime, away: Collection[str] = ()) -> Picture:
        """The floor at this moment. What is at nodes that are `away` is shown and not counted."""
        live, today = list(self.calls.live.values()), local(now).date()
        waits = [(call, stay) for call in live if (stay := call.waits) is not None]
        signed_in = [seat for seat in self.seats.seats.values() if seat.state != OFFLINE]
        here = [seat for seat in signed_in if seat.node not in away]
        waiting_here = [(call, stay) for call, stay in waits if call.node not in away]
        names = list(QUEUES)
        seen = {stay.queue for _, stay in waits} | {queue for seat in signed_in for queue in seat.queues}
        seen |= {queue for queue, buckets in self.calls.figures.items() if buckets and queue != WHOLE_FLOOR}
        names += sorted(seen - set(QUEUES))
        return Picture(
            at=now,
            floor=self._queue(WHOLE_FLOOR, waiting_here, here, now),
            queues=tuple(
                self._queue(
                    name,
                    [(call, stay) for call, stay in waiting_here if stay.queue == name],
                    [seat for seat in here if name in seat.queues],
                    now,
                )
                for name in names
            ),
            waiting=tuple(sorted((self._waiting(*each) for each in waits), key=lambda w: (w.since, w.call_id))),
            calls=tuple(sorted((_call(call) for call in live), key=lambda c: c.call_id)),
            seats=tuple(sorted((self._seat(seat, now, today) for seat in signed_in), key=lambda s: s.agent)),
            emergencies=tuple(
                EmergencyNow(c.call_id, c.node, c.emergency_at, c.target, c.agent, c.handoff)
                for c in sorted(live, key=lambda c: c.call_id)
                if c.emergency_at is not None
            ),
            callbacks=len(self._callbacks),
            day_began=midnight(now),
            half_hours=self._half_hours(now),
        )

    def _queue(
        self, name: str, waiting: list[tuple[FloorCall, Stay]], seats: list[Seat], now: datetime
    ) -> QueueNow:
        figures = self.calls.figures.get(name) or Buckets()
        end = minute_of(now) + 1
        return QueueNow(
            queue=name,
            waiting=len(waiting),
            oldest_since=min((stay.entered_at for _, stay in waiting), default=None),
            staff=_staff(seats),
            lately=figures.sum(end - LATELY_MINUTES, end),
            today=figures.sum(minute_of(midnight(now)), end),
            last_day=figures.sum(end - DAY_MINUTES, end),
        )

    def _half_hours(self, now: datetime) -> tuple[Figures, ...]:
        first = minute_of(midnight(now))
        end = minute_of(now) // HALF_HOUR * HALF_HOUR + HALF_HOUR
        return tuple(self.calls.figures[WHOLE_FLOOR].half_hours(first, end))

    def _waiting(self, call: FloorCall, stay: Stay) -> Waiting:
        return Waiting(
            call_id=call.call_id,
            node=call.node,
            queue=stay.queue,
            caller=call.caller,
            since=stay.entered_at,
            rung=call.rung,
            tries=self.calls.tries(call),
            emergency=call.emergency_at is not None,
            steps=tuple(call.steps),
        )

    def _seat(self, seat: Seat, now: datetime, today: date) -> SeatNow:
        day = self.seats.day_of(seat, today)
        since = seat.since or now
        return SeatNow(
            agent=seat.agent,
            node=seat.node,
            user_id=seat.user_id,
            state=seat.state,
            reason=seat.reason,
            since=since,
            call_id=seat.call_id,
            queues=seat.queues,
            counted_to=seat.counted_to or since,
            day=replace(day, not_ready_ms=dict(day.not_ready_ms)),
        )


def _staff(seats: list[Seat]) -> Staff:
    reasons: dict[str, int] = {}
    counts = dict.fromkeys(("ready", "ringing", "talking", "held", "wrap_up"), 0)
    for seat in seats:
        if seat.state in counts:
            counts[seat.state] += 1
        else:
            reasons[seat.reason] = reasons.get(seat.reason, 0) + 1
    held = counts.pop("held")
    counts["talking"] += held
    return Staff(staffed=len(seats), not_ready=reasons, **counts)


def _call(call: FloorCall) -> CallNow:
    stay = call.waits
    since = call.talk_since or (stay.entered_at if stay else None) or call.started_at or call.last_at
    return CallNow(
        call_id=call.call_id,
        node=call.node,
        inbound=call.inbound,
        caller=call.caller,
        state=str(call.state),
        queue=call.stays[-1].queue if call.stays else "",
        agent=call.rung if stay is not None or call.rung else call.agent,
        since=since,
        talked=call.answered_at is not None and call.state is CallState.IVR,
        emergency=call.emergency_at is not None,
    )
