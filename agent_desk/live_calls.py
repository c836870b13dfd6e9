"""What is live about the calls and is kept nowhere else: whose they are, half-said sentences, offers.

Built from the bus alone, so that a page that (re)connects is shown the present, not only what follows.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from hotline.events import (
    AnswersSuggested,
    CallAnswered,
    CallEnded,
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
from hotline.phone import normalise

KEPT = 500
"""Calls remembered, the oldest forgotten first: more than are live on one node's desks at any time."""


@dataclass(slots=True)
class LiveCall:
    """What the bus told about one call."""

    display: str = ""
    """The caller's number as people read it; "" when the call began before we did."""
    ringing: str = ""
    owners: set[str] = field(default_factory=set)
    """Seats that are (or last were) on this call: the only ones that hear of it."""
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
    """The live calls by id, and the state of speech, telephony and queues as a whole."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, LiveCall] = OrderedDict()
        self.speech: SpeechStateChanged | None = None
        self.telephony: TelephonyStale | None = None
        self.queues: dict[str, QueueChanged] = {}

    def get(self, call_id: str) -> LiveCall | None:
        return self._calls.get(call_id)

    def of(self, call_id: str) -> LiveCall:
        """The call, remembered from now on."""
        call = self._calls.setdefault(call_id, LiveCall())
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
                self.speech = event
            case TelephonyStale():
                self.telephony = event
            case QueueChanged():
                self.queues[event.queue] = event
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
                call.owners, call.ringing, call.answered, call.origin = {event.agent}, "", True, event.origin
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
