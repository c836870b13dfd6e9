"""The calls of the last day as the floor follows them: where each is now, and what became of its waits.

Every event may come twice or late: a stay, an answer and an end are each counted once.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from calls.callbacks.tasks import SHORT_S
from calls.floor.figures import IN_TIME_S, Buckets, milliseconds, minute_of
from calls.state.call_states import WITH_AGENT, CallState
from runtime.events import (
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOwnerChanged,
    CallQueued,
    CallRinging,
    CallStarted,
    EmergencyHeard,
    Event,
    HandoffChanged,
    LegJoined,
    LegLeft,
    QueueAbandoned,
    QueueLeft,
    RingMissed,
    ScriptStep,
)

KEPT = timedelta(hours=25)
REPEAT = timedelta(hours=24)
STEPS_KEPT = 40
"""Steps of the script remembered of a call: a loop in a script must not fill the memory."""
WHOLE_FLOOR = ""
"""Stands for all queues together."""


@dataclass(slots=True)
class Stay:
    """One wait in a queue; `result` is "" while it lasts."""

    queue: str
    entered_at: datetime
    left_at: datetime | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The script was here."""

    script: str
    version: int
    step: str
    kind: str


@dataclass(slots=True)
class FloorCall:
    """One call. `inbound`: a citizen called us. `lost`, `gave_up`: its end is counted so."""

    call_id: str
    node: str = ""
    inbound: bool = False
    caller: str = ""
    started_at: datetime | None = None
    answered_at: datetime | None = None
    talk_since: datetime | None = None
    state: CallState = CallState.IVR
    agent: str = ""
    rung: str = ""
    """The seat that rings for it."""
    stays: list[Stay] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    legs: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Channel -> role and name."""
    emergency_at: datetime | None = None
    target: str = ""
    handoff: str = ""
    gave_up: bool = False
    last_at: datetime | None = None

    @property
    def waits(self) -> Stay | None:
        """The stay in a queue that lasts."""
        return self.stays[-1] if self.stays and self.stays[-1].left_at is None else None

    @property
    def live(self) -> bool:
        return self.state is not CallState.ENDED


class FloorCalls:
    """All calls by id, and the figures of each queue and of the whole floor (`WHOLE_FLOOR`).

    A queue counts stays in it; the floor counts calls, each once however often it waited.
    """

    def __init__(self) -> None:
        self.calls: dict[str, FloorCall] = {}
        self.live: dict[str, FloorCall] = {}
        """Of the calls those that have not ended."""
        self.figures: defaultdict[str, Buckets] = defaultdict(Buckets)
        self._of_caller: defaultdict[str, dict[str, datetime]] = defaultdict(dict)

    def queue_of(self, call_id: str) -> str:
        """The queue in which this call last waited; "" for a call that came through none."""
        call = self.calls.get(call_id)
        return call.stays[-1].queue if call is not None and call.stays else ""

    def is_inbound(self, call_id: str) -> bool:
        call = self.calls.get(call_id)
        return call is not None and call.inbound

    def tries(self, call: FloorCall) -> int:
        """Which call of this number within a day it is: 1 is the first."""
        if not call.caller or call.started_at is None:
            return 1
        began = call.started_at
        return sum(began - REPEAT < at <= began for at in self._of_caller[call.caller].values()) or 1

    def take(self, event: Event) -> None:
        """Follow what happened; events that tell of no call are ignored."""
        if not event.call_id or not isinstance(event, _OF_CALLS):
            return
        call = self.calls.get(event.call_id)
        if call is None:
            call = self.calls[event.call_id] = FloorCall(event.call_id, node=event.node)
            self.live[event.call_id] = call
        call.node = event.node or call.node
        call.last_at = event.at
        match event:
            case CallStarted():
                self._started(call, event)
            case CallQueued():
                self._queued(call, event)
            case QueueLeft():
                self._left(call, event.queue, event.entered_at, event.result, event.at, event.agent)
            case QueueAbandoned():
                self._leave_open(call, "abandoned", event.at, event.queue)
            case CallAnswered():
                self._answered(call, event)
            case CallEnded():
                self._ended(call, event.at)
            case EmergencyHeard():
                call.emergency_at = call.emergency_at or event.at
                call.target = call.target or event.target
            case HandoffChanged():
                call.handoff = event.status
            case ScriptStep():
                call.steps.append(Step(event.script, event.version, event.step, event.kind))
                del call.steps[:-STEPS_KEPT]
            case _ if call.live:
                _moved(call, event)

    def settle(self, call_id: str, state: CallState, agent: str) -> None:
        """The call's own row says how a call stands that waits in no queue and rings nowhere.

        Of one that does, its stay and the seat's row say more: a ring that stops is no news to the call's row.
        """
        call = self.live.get(call_id)
        if call is None or call.waits is not None or call.rung or state not in {*WITH_AGENT, CallState.IVR}:
            return
        call.state, call.agent = state, agent
        if state is CallState.IVR:
            call.talk_since = None

    def forget(self, now: datetime) -> None:
        """Drop what is older than anything that is shown; calls in progress stay."""
        before = now - KEPT
        old = [c for c in self.calls.values() if not c.live and (c.last_at is None or c.last_at < before)]
        for call in old:
            del self.calls[call.call_id]
            self._of_caller[call.caller].pop(call.call_id, None)
            if not self._of_caller[call.caller]:
                del self._of_caller[call.caller]
        for buckets in self.figures.values():
            buckets.forget(minute_of(before))

    # -- one call ------------------------------------------------------------------------------
    def _started(self, call: FloorCall, event: CallStarted) -> None:
        call.inbound, call.caller = True, event.caller
        call.started_at = call.started_at or event.at
        if call.caller:
            self._of_caller[call.caller].setdefault(call.call_id, call.started_at)

    def _queued(self, call: FloorCall, event: CallQueued) -> None:
        if any(stay.queue == event.queue and stay.entered_at == event.at for stay in call.stays):
            return
        self._leave_open(call, "failed", event.at)
        self._enter(call, event.queue, event.at)
        if call.live:
            call.state, call.rung, call.talk_since = CallState.QUEUED, "", None

    def _enter(self, call: FloorCall, queue: str, at: datetime) -> Stay:
        if not call.stays:
            self.figures[WHOLE_FLOOR].count(at, queued=1)
        self.figures[queue].count(at, queued=1)
        call.stays.append(Stay(queue, at))
        return call.stays[-1]

    def _leave_open(self, call: FloorCall, result: str, at: datetime, queue: str = "") -> None:
        stay = call.waits
        if stay is not None and queue in ("", stay.queue):
            self._left(call, stay.queue, stay.entered_at, result, at)

    def _left(
        self, call: FloorCall, queue: str, entered_at: datetime, result: str, at: datetime, agent: str = ""
    ) -> None:
        found = [stay for stay in call.stays if (stay.queue, stay.entered_at) == (queue, entered_at)]
        stay = found[0] if found else self._enter(call, queue, entered_at)
        if stay.left_at is not None:
            return
        stay.left_at, stay.result = at, result
        call.rung = ""
        if call.state in (CallState.QUEUED, CallState.RINGING):
            call.state = CallState.IVR
        waited = milliseconds(at - entered_at)
        match result:
            case "answered":
                began = call.started_at or entered_at
                counts = {"answered": 1, "wait_ms": waited, "arrival_ms": milliseconds(at - began)}
                self.figures[queue].count(entered_at, in_time=int(waited <= IN_TIME_S * 1000), **counts)
                if call.live and call.waits is None:
                    call.state, call.talk_since, call.agent = CallState.TALKING, at, agent or call.agent
            case "abandoned":
                short = int(waited < SHORT_S * 1000)
                self.figures[queue].count(entered_at, abandoned=1, abandoned_short=short)
                if call.answered_at is None and not call.gave_up:
                    call.gave_up = True
                    self.figures[WHOLE_FLOOR].count(call.stays[0].entered_at, abandoned=1, abandoned_short=short)
            case _:
                self.figures[queue].count(entered_at, lost=1)

    def _answered(self, call: FloorCall, event: CallAnswered) -> None:
        stay = call.waits
        if stay is not None and event.at >= stay.entered_at:
            self._left(call, stay.queue, stay.entered_at, "answered", event.at)
        if call.answered_at is None:
            call.answered_at = event.at
            if call.stays and not call.gave_up:
                first = call.stays[0].entered_at
                waited = milliseconds(event.at - first)
                self.figures[WHOLE_FLOOR].count(
                    first,
                    answered=1,
                    in_time=int(waited <= IN_TIME_S * 1000),
                    wait_ms=waited,
                    arrival_ms=milliseconds(event.at - (call.started_at or first)),
                )
        if not call.live or call.waits is not None:
            return
        call.agent, call.rung = event.owner or event.agent, ""
        call.talk_since = call.talk_since or event.at
        if call.state is not CallState.CONFERENCE:
            call.state = CallState.TALKING

    def _ended(self, call: FloorCall, at: datetime) -> None:
        if not call.live:
            return
        self._leave_open(call, "failed", at)
        call.state = CallState.ENDED
        self.live.pop(call.call_id, None)
        if call.stays and call.answered_at is None and not call.gave_up:
            self.figures[WHOLE_FLOOR].count(call.stays[0].entered_at, lost=1)


def _moved(call: FloorCall, event: Event) -> None:
    """What changes only how a call in progress is shown."""
    talking = call.state in (CallState.TALKING, CallState.HELD)
    match event:
        case CallRinging():
            if call.waits is not None or (not call.inbound and call.answered_at is None):
                call.state, call.rung = CallState.RINGING, event.agent
        case RingMissed():
            if call.rung == event.agent:
                call.rung = ""
                call.state = CallState.QUEUED if call.waits else CallState.IVR
        case CallHeld() if talking:
            call.state = CallState.HELD if event.held else CallState.TALKING
        case CallOwnerChanged():
            call.agent = event.agent
        case LegJoined():
            call.legs[event.channel] = (event.role, event.name)
            if event.role == "citizen":
                call.caller = call.caller or event.name
            elif event.role in ("emergency", "unit") and talking:
                call.state = CallState.CONFERENCE
        case LegLeft():
            call.legs.pop(event.channel, None)
            if event.role == "agent" and talking and not any(role == "agent" for role, _ in call.legs.values()):
                call.state, call.talk_since = CallState.IVR, None
        case _:
            pass


_OF_CALLS = (
    CallStarted,
    CallQueued,
    QueueLeft,
    QueueAbandoned,
    CallRinging,
    RingMissed,
    CallAnswered,
    CallHeld,
    CallOwnerChanged,
    CallEnded,
    LegJoined,
    LegLeft,
    EmergencyHeard,
    HandoffChanged,
    ScriptStep,
)
