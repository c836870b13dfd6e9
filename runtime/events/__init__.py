"""What happened, one dataclass an event: past tense, immutable, JSON-serialisable.

A consumer ignores fields it does not know (and events it does not know), so that rooms may be
upgraded one by one. Times are UTC; durations are seconds (`_s`) or milliseconds (`_ms`).
"""

from __future__ import annotations

from runtime.events.calls import (
    CallAnswered,
    CallbackChanged,
    CallEnded,
    CallHeld,
    CallOwnerChanged,
    CallQueued,
    CallRinging,
    CallStarted,
    HandoffChanged,
    LegJoined,
    LegLeft,
    QueueAbandoned,
    QueueLeft,
    RecordingFailed,
    RecordingReady,
    RingMissed,
    ScriptStep,
)
from runtime.events.control import ControlAsked, ControlDone
from runtime.events.event import REGISTRY, Event
from runtime.events.help import Answer, AnswersSuggested, DraftUpdated, EmergencyHeard, Suggestion, TicketChanged
from runtime.events.seats import AgentStateChanged, NoticeGiven, QueueChanged, SeatTaken, TelephonyStale
from runtime.events.speech import (
    MessageLeft,
    MessageTranscribed,
    Speaker,
    SpeechDelayed,
    SpeechStateChanged,
    TapClosed,
    TapOpened,
    TapsEnded,
    TapSilent,
    TranscriptGap,
    Utterance,
)
from runtime.events.wire import from_json, to_json

__all__ = [
    "REGISTRY",
    "AgentStateChanged",
    "Answer",
    "AnswersSuggested",
    "CallAnswered",
    "CallEnded",
    "CallHeld",
    "CallOwnerChanged",
    "CallQueued",
    "CallRinging",
    "CallStarted",
    "CallbackChanged",
    "ControlAsked",
    "ControlDone",
    "DraftUpdated",
    "EmergencyHeard",
    "Event",
    "HandoffChanged",
    "LegJoined",
    "LegLeft",
    "MessageLeft",
    "MessageTranscribed",
    "NoticeGiven",
    "QueueAbandoned",
    "QueueChanged",
    "QueueLeft",
    "RecordingFailed",
    "RecordingReady",
    "RingMissed",
    "ScriptStep",
    "SeatTaken",
    "Speaker",
    "SpeechDelayed",
    "SpeechStateChanged",
    "Suggestion",
    "TapClosed",
    "TapOpened",
    "TapSilent",
    "TapsEnded",
    "TelephonyStale",
    "TicketChanged",
    "TranscriptGap",
    "Utterance",
    "from_json",
    "to_json",
]
