"""What happens to a call, from its first ring to its recording."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runtime.events.event import Event


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
    """The IVR script entered one of its nodes, called `step` here."""

    script: str
    version: int
    step: str
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
class QueueLeft(Event):
    """A stay in a queue is over. result: answered (by seat `agent`), abandoned, timeout, key, failed."""

    queue: str
    entered_at: datetime
    result: str
    at: datetime
    agent: str = ""


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
    owner: str = ""
    """Seat that has the call: another one than `agent` when that was invited; "" from senders that do not know."""


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
    by: str = ""
    """Seat that asked for it; the words for the others on the line are not its words."""
    kind: str = ""
    """Whom it is to: emergency, hotline, unit, number or agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOwnerChanged(Event):
    """The call and its draft went over from seat `by`, which has left, to seat `agent`, which is on the line."""

    agent: str
    by: str
    at: datetime
