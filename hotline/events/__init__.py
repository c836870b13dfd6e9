"""What happened, one dataclass an event: past tense, immutable, JSON-serialisable.

A consumer ignores fields it does not know (and events it does not know), so that rooms may be
upgraded one by one. Times are UTC; durations are seconds (`_s`) or milliseconds (`_ms`).
"""

from __future__ import annotations

from hotline.events.calls import (
    CallAnswered,
    CallbackChanged,
    CallEnded,
    CallHeld,
    CallQueued,
    CallRinging,
    CallStarted,
    HandoffChanged,
    LegJoined,
    LegLeft,
    QueueAbandoned,
    RecordingFailed,
    RecordingReady,
    RingMissed,
    ScriptStep,
)
from hotline.events.control import (
    ControlAsked,
    ControlDone,
)
from hotline.events.event import (
    REGISTRY,
    Event,
)
from hotline.events.help import (
    Answer,
    AnswersSuggested,
    DraftUpdated,
    EmergencyHeard,
    Suggestion,
    TicketChanged,
)
from hotline.events.seats import (
    AgentStateChanged,
    QueueChanged,
    SeatTaken,
    TelephonyStale,
)
from hotline.events.speech import (
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
from hotline.events.wire import (
    from_json,
    to_json,
)

__all__ = [
    "REGISTRY",
    "AgentStateChanged",
    "Answer",
    "AnswersSuggested",
    "CallAnswered",
    "CallEnded",
    "CallHeld",
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
    "QueueAbandoned",
    "QueueChanged",
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
