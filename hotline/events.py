"""What happened, one dataclass an event: past tense, immutable, JSON-serialisable.

A consumer ignores fields it does not know (and events it does not know), so that rooms may be
upgraded one by one. Times are UTC; durations are seconds (`_s`) or milliseconds (`_ms`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import TypeAdapter

Speaker = Literal["citizen", "agent"]

REGISTRY: dict[str, type[Event]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events. `call_id` is "" where no call is concerned."""

    call_id: str = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # No zero-argument super() here: slots=True rebuilds the class and would break its cell.
        REGISTRY[cls.__name__] = cls


# -- the call --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class CallStarted(Event):
    """A call reached us. `caller` is normalised ("" when anonymous), `caller_raw` is what the trunk said."""

    caller: str
    caller_raw: str
    callee: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptStep(Event):
    """The IVR script entered a node."""

    script: str
    version: int
    node: str
    kind: str
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallQueued(Event):
    queue: str
    position: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueAbandoned(Event):
    """The citizen hung up while waiting; `wait_s` counts from entering the queue."""

    queue: str
    wait_s: float
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(Event):
    """An agent's softphone rings."""

    agent: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RingMissed(Event):
    agent: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(Event):
    """An agent took the call. `origin` is the moment the recording began: zero of the call's time line."""

    agent: str
    citizen_channel: str
    agent_channel: str
    at: datetime
    origin: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(Event):
    agent: str
    held: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LegJoined(Event):
    """Somebody came on the line: role: citizen, agent, supervisor, emergency, unit; name: seat or number."""

    role: str
    name: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLeft(Event):
    role: str
    name: str
    channel: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(Event):
    """The citizen's leg is gone. outcome: answered, abandoned, ivr, voicemail, callback, handed_over, failed."""

    outcome: str
    at: datetime
    hungup_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackChanged(Event):
    """A call-back task was made, taken, given back or closed (`state`: open, taken, done, given_up)."""

    task_id: int
    state: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingReady(Event):
    """The two-channel recording (left citizen, right agent) is complete; `path` is relative to the recordings."""

    path: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFailed(Event):
    """The recording of this call could not be written (disk full, folder not writable): a person must act."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged(Event):
    """An agent (seat extension) changed state, see `calls.agent_states`. `call_id` names the call if any."""

    agent: str
    state: str
    reason: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChanged(Event):
    """How a queue stands now: waiting calls, oldest wait's start, ready agents."""

    queue: str
    waiting: int
    oldest_since: datetime | None
    ready: int
    staffed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephonyStale(Event):
    """The link to Asterisk is lost (`stale`) or back; boards show the age instead of old numbers as live."""

    stale: bool
    since: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffChanged(Event):
    """A hand-off to 110/119/120/122, a unit or an agent moved on.

    status: calling, accepted, no_answer, failed, completed (our agent left), returned, cancelled.
    """

    handoff_id: int
    target: str
    status: str
    at: datetime
    reason: str = ""
    """Why it failed, as a code: busy, no_answer, refused, no_number, congestion, left, failed."""
    name: str = ""
    """A unit's name; `target` is then its number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatTaken(Event):
    """A browser tab (`tab`, a random name) took over this seat; any other tab of the account gives it up."""

    agent: str
    tab: str
    at: datetime


# -- control: a desk asks, the node beside Asterisk does ---------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class ControlAsked(Event):
    """Ask the node to act. `deadline` refuses what comes too late, so that nothing old is replayed."""

    request_id: str
    actor: str
    action: str
    args: dict[str, Any] = field(default_factory=dict)
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDone(Event):
    request_id: str
    ok: bool
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)


# -- speech ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class TapOpened(Event):
    """An AudioSocket leg with this UUID is about to connect and carries one speaker of the call."""

    tap_id: str
    speaker: Speaker
    origin: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TapSilent(Event):
    """No audio frames for `silent_s` on a tap (alarm), or audio is back (`silent_s` = 0)."""

    tap_id: str
    speaker: Speaker
    silent_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TapClosed(Event):
    tap_id: str
    speaker: Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class TapsEnded(Event):
    """Our agent has left a call that goes on without us: nobody listens for its transcript any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance(Event):
    """Something was said: partial while `final` is false, then once final with the same `utterance_id`.

    `start_ms`/`end_ms` count from the call's origin. `text` is clerk's Chinese (no spaces, digits);
    `raw` is what the recogniser said. `latency_ms` runs from the end of the sound to publishing.
    `words` (finals only) are (word, start_ms, end_ms, confidence).
    """

    utterance_id: str
    speaker: Speaker
    start_ms: int
    end_ms: int
    text: str
    final: bool
    raw: str = ""
    confidence: float = 0.0
    latency_ms: int = 0
    words: tuple[tuple[str, int, int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptGap(Event):
    """Speech was not transcribed between these moments of the call (recogniser restarted, overload)."""

    speaker: Speaker
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLeft(Event):
    """A citizen left a message (`voicemail` row `message_id`). Told again until it is transcribed."""

    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTranscribed(Event):
    """A message's text is in the database. Told again until its ticket is made, or found not worth one."""

    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStateChanged(Event):
    """The recogniser as a whole: `available` with model name, or not, with the reason to show people.

    Repeated every 10 s; `instance` changes when the speech process was restarted.
    """

    available: bool
    model: str
    reason: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechDelayed(Event):
    """Decoding runs behind by `delay_s` seconds on this call; 0 = caught up."""

    delay_s: float


# -- help beside the call --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A draft field's suggested value, how sure (0..1), and the words it came from."""

    value: str
    label: str
    confidence: float
    utterance_id: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftUpdated(Event):
    """Suggestions for the draft ticket by field name (domain.md 2.9), best first. Whole state, not a delta."""

    revision: int
    fields: dict[str, list[Suggestion]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyHeard(Event):
    """The spotter heard an emergency (domain.md 3.3); a human decides what to do."""

    code: str
    target: str
    words: tuple[str, ...]
    utterance_id: str
    speaker: Speaker
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A knowledge article offered: the short answer is what the agent can read aloud.

    `why` names the words that matched; `expired` articles may mislead and are shown as such.
    """

    article_id: str
    title: str
    short_answer: str
    owner: str
    score: float
    why: str = ""
    expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersSuggested(Event):
    utterance_id: str
    query: str
    answers: tuple[Answer, ...]


# -- tickets ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChanged(Event):
    ticket_id: int
    ticket_no: str
    state: str
    unit_id: int | None
    at: datetime


_ADAPTERS: dict[str, TypeAdapter[Event]] = {}


def _adapter(kind: type[Event]) -> TypeAdapter[Event]:
    """Building an adapter takes a millisecond: one a kind is kept."""
    if kind.__name__ not in _ADAPTERS:
        _ADAPTERS[kind.__name__] = TypeAdapter(kind)
    return _ADAPTERS[kind.__name__]


def to_json(event: Event) -> bytes:
    """One line of JSON: the event's fields and its name under "event"."""
    body = _adapter(type(event)).dump_python(event, mode="json")
    body["event"] = type(event).__name__
    return TypeAdapter(dict[str, Any]).dump_json(body)


def from_json(line: bytes | str) -> Event | None:
    """The event in this line, or None when its kind is unknown here. Raises ValueError on broken input."""
    body = TypeAdapter(dict[str, Any]).validate_json(line)
    kind = REGISTRY.get(str(body.pop("event", "")))
    return _adapter(kind).validate_python(body) if kind else None
