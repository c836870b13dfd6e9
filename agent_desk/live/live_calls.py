"""What is live about the calls and is kept nowhere else: whose they are, half-said sentences, offers.

Built from the bus alone, so that a page that (re)connects is shown the present, not only what follows.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from language.phone import normalise
from runtime.events import (
    AnswersSuggested,
    CallAnswered,
    CallEnded,
    CallOwnerChanged,
    CallRinging,
    CallStarted,
    EmergencyHeard,
    Event,
    HandoffChanged,
    LegJoined,
    LegLeft,
    QueueChanged,
    RecordingFailed,
    RingMissed,
    SpeechDelayed,
    SpeechStateChanged,
    TapSilent,
    TelephonyStale,
    Utterance,
)

KEPT = 5000
"""Calls remembered, the oldest forgotten first: more than are live on all nodes at any time."""


@dataclass(slots=True)
class WatchedCall:
    """What the bus told about one call; the node that has the call keeps the call itself (`calls.state.live`)."""

    display: str = ""
    """The caller's number as people read it; "" when the call began before we did."""
    ringing: str = ""
    owners: set[str] = field(default_factory=set)
    """Seats that are (or last were) on this call: the only ones that hear of it."""
    owner: str = ""
    """The seat that has the call and writes its ticket; the others were invited."""
    answered: bool = False
    ended: bool = False
    origin: datetime | None = None
    partials: dict[str, Utterance] = field(default_factory=dict)
    answers: AnswersSuggested | None = None
    emergencies: list[EmergencyHeard] = field(default_factory=list)
    handoff: HandoffChanged | None = None
    delay_s: float = 0.0
    silent: dict[str, float] = field(default_factory=dict)
    legs: dict[str, LegJoined] = field(default_factory=dict)
    recording_failed: str = ""

    def seats(self) -> set[str]:
        if self.owners:
            return set(self.owners)
        return {self.ringing} if self.ringing else set()


class LiveCalls:
    """The live calls by id; speech and telephony of each node, and the queues of all nodes together."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, WatchedCall] = OrderedDict()
        self.speech: dict[str, SpeechStateChanged] = {}
        self.telephony: dict[str, TelephonyStale] = {}
        self._queues: dict[str, dict[str, QueueChanged]] = {}
        """By queue and then by node."""

    def speech_at(self, node: str) -> SpeechStateChanged | None:
        """The recogniser of this node; of any that has one for who sits at none ("")."""
        if node:
            return self.speech.get(node) or self.speech.get("")
        return max(self.speech.values(), key=lambda speech: speech.available, default=None)

    def telephony_at(self, node: str) -> TelephonyStale | None:
        """The telephony of this node; the worst of all for who sits at none ("")."""
        if node:
            return self.telephony.get(node) or self.telephony.get("")
        return max(self.telephony.values(), key=lambda telephony: telephony.stale, default=None)

    def queue(self, queue: str) -> QueueChanged | None:
        """How this queue is over all nodes."""
        parts = list(self._queues.get(queue, {}).values())
        if not parts:
            return None
        return QueueChanged(
            queue=queue,
            waiting=sum(part.waiting for part in parts),
            oldest_since=min((part.oldest_since for part in parts if part.oldest_since), default=None),
            ready=sum(part.ready for part in parts),
            staffed=sum(part.staffed for part in parts),
        )

    @property
    def waiting(self) -> dict[str, int]:
        """Calls waiting in each queue of which the bus has told, over all nodes."""
        return {queue: sum(part.waiting for part in parts.values()) for queue, parts in self._queues.items()}

    def forget_node(self, node: str) -> None:
        """This node is away: what it last said of its queues counts no longer."""
        for parts in self._queues.values():
            parts.pop(node, None)

    def get(self, call_id: str) -> WatchedCall | None:
        return self._calls.get(call_id)

    def of(self, call_id: str) -> WatchedCall:
        """The call, remembered from now on."""
        call = self._calls.setdefault(call_id, WatchedCall())
        self._calls.move_to_end(call_id)
        while len(self._calls) > KEPT:
            self._calls.popitem(last=False)
        return call

    def own(self, call_id: str, seat: str) -> None:
        """Known from the database: this seat has the call (the desk was started in mid-call)."""
        call = self.of(call_id)
        call.owners.add(seat)
        call.answered = True

    def seats(self, call_id: str) -> set[str]:
        call = self._calls.get(call_id)
        return call.seats() if call else set()

    def ringing_at(self, seat: str) -> str:
        """The call ringing at this seat; "" when none is."""
        return next((call_id for call_id, call in self._calls.items() if call.ringing == seat), "")

    def take(self, event: Event) -> None:
        """Follow what happened."""
        match event:
            case SpeechStateChanged():
                self.speech[event.node] = event
            case TelephonyStale():
                self.telephony[event.node] = event
            case QueueChanged():
                self._queues.setdefault(event.queue, {})[event.node] = event
            case _ if not event.call_id:
                return
            case CallStarted():
                self.of(event.call_id).display = normalise(event.caller or event.caller_raw).display
            case CallRinging():
                self.of(event.call_id).ringing = event.agent
            case RingMissed():
                call = self.of(event.call_id)
                if call.ringing == event.agent:
                    call.ringing = ""
            case CallAnswered():
                call = self.of(event.call_id)
                there = {leg.name for leg in call.legs.values() if leg.role == "agent"}
                call.owners, call.owner = there | {event.agent}, event.owner or event.agent
                call.ringing, call.answered, call.origin = "", True, event.origin
            case CallOwnerChanged():
                self.of(event.call_id).owner = event.agent
            case LegJoined():
                call = self.of(event.call_id)
                call.legs[event.channel] = event
                if event.role == "agent":
                    call.owners.add(event.name)
            case LegLeft():
                call = self.of(event.call_id)
                call.legs.pop(event.channel, None)
                # Whoever is last keeps the call, to finish its ticket.
                if event.role == "agent" and len(call.owners) > 1:
                    call.owners.discard(event.name)
            case CallEnded():
                call = self.of(event.call_id)
                call.ringing = ""
                call.ended, call.partials, call.legs, call.delay_s = True, {}, {}, 0.0
                call.silent = {}
            case RecordingFailed():
                self.of(event.call_id).recording_failed = event.reason
            case Utterance():
                call = self.of(event.call_id)
                if not event.final:
                    call.partials[event.speaker] = event
                elif (old := call.partials.get(event.speaker)) and old.start_ms <= event.start_ms:
                    del call.partials[event.speaker]
            case SpeechDelayed():
                self.of(event.call_id).delay_s = event.delay_s
            case TapSilent():
                self.of(event.call_id).silent[event.speaker] = event.silent_s
            case EmergencyHeard():
                self.of(event.call_id).emergencies.append(event)
            case AnswersSuggested():
                self.of(event.call_id).answers = event
            case HandoffChanged():
                self.of(event.call_id).handoff = event
            case _:
                pass
