"""What is going on right now, in memory: calls with their legs and stop-watches, agents with their state."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from calls.state.agent_states import AgentState
from calls.state.call_states import CallState


@dataclass(slots=True)
class Stopwatch:
    """Adds up seconds over several runs."""

    total: float = 0.0
    since: datetime | None = None

    def start(self, at: datetime) -> None:
        if self.since is None:
            self.since = at

    def stop(self, at: datetime) -> None:
        if self.since is not None:
            self.total += max(0.0, (at - self.since).total_seconds())
            self.since = None

    def read(self, at: datetime) -> float:
        running = max(0.0, (at - self.since).total_seconds()) if self.since else 0.0
        return self.total + running


@dataclass(slots=True)
class LiveLeg:
    """Somebody's channel in a call; `joined_at` is None while it only rings."""

    channel: str
    uniqueid: str
    role: str
    name: str
    joined_at: datetime | None = None
    up: bool = False
    in_conference: bool = False
    let_go: bool = False
    """Whoever sits there hung up: an act of a person. A leg that ends without it was lost."""
    seq: int = 0
    """Number of the event that showed it first: a picture of Asterisk asked for earlier says nothing of it."""


@dataclass(slots=True)
class LiveHandoff:
    """The hand-off or transfer of a call that is under way; `id` is 0 when the database was away.

    status: calling, accepted, no_answer, failed, completed, returned, cancelled.
    """

    id: int
    target: str
    kind: str
    role: str
    status: str = "calling"
    channel: str = ""
    by: str = ""
    attempts: int = 1
    name: str = ""
    """A unit's name; `target` is then its number."""
    place: str = ""
    summary: str = ""
    accepted_at: datetime | None = None
    cause: str = ""
    """Q.850 cause with which the other side's channel ended; Originate itself does not tell busy from broken."""

    @property
    def shown(self) -> str:
        """How people know the other side."""
        return self.name or self.target


@dataclass(slots=True)
class LiveEntry:
    """A stay in a queue."""

    queue: str
    entered_at: datetime
    position: int
    rings: int = 0
    missed: int = 0


@dataclass(slots=True)
class LiveCall:
    """A call in progress. Channel names are its keys in Asterisk: they outlive a masquerade, unique ids do not."""

    id: str
    channel: str
    uniqueid: str
    started_at: datetime
    direction: str = "in"
    linkedid: str = ""
    caller: str = ""
    caller_raw: str = ""
    callee: str = ""
    state: CallState = CallState.IVR
    queue: str = ""
    agent: str = ""
    """The seat that owns the call: it writes the ticket. Others on the line were invited."""
    agent_user_id: int | None = None
    agent_channel: str = ""
    origin: datetime | None = None
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ring: Stopwatch = field(default_factory=Stopwatch)
    talk: Stopwatch = field(default_factory=Stopwatch)
    hold: Stopwatch = field(default_factory=Stopwatch)
    entry: LiveEntry | None = None
    legs: dict[str, LiveLeg] = field(default_factory=dict)
    hungup_by: str = ""
    cause: str = ""
    """Q.850 cause with which the citizen's channel ended: tells busy from no answer."""
    outcome_hint: str = ""
    handoff: LiveHandoff | None = None
    requeued: bool = False
    """On the way to a queue by an agent's act: until it is there, nobody else sends it anywhere."""
    rejoining: str = ""
    """Seat that is being connected again after its browser was lost: its old leg's end is not the call's."""

    @property
    def conference(self) -> str:
        """The number of this call's conference: derived, so that it is known after any restart."""
        return conference_of(self.id)

    def leg_of(self, role: str, name: str = "") -> LiveLeg | None:
        """The newest leg of this role (and name) that has joined or is ringing."""
        found = [leg for leg in self.legs.values() if leg.role == role and (not name or leg.name == name)]
        return found[-1] if found else None

    def joined(self, *roles: str) -> list[LiveLeg]:
        return [leg for leg in self.legs.values() if leg.joined_at and (not roles or leg.role in roles)]


@dataclass(slots=True)
class LiveAgent:
    """A seat and who sits there. `away` says since when the desk or Asterisk finds the softphone unregistered."""

    agent: str
    state: AgentState
    since: datetime
    reason: str = ""
    user_id: int | None = None
    queues: tuple[str, ...] = ()
    call_id: str = ""
    heartbeat_at: datetime | None = None
    away: dict[str, datetime] = field(default_factory=dict)
    mic_ok: bool = True
    wanted: str = "ready"
    wanted_reason: str = ""
    before_ring: tuple[AgentState, str] = (AgentState.READY, "")


def conference_of(call_id: str) -> str:
    """A numeric conference name from a call id (its random part)."""
    return str(10**11 + int(call_id.replace("-", "")[-16:], 16) % (9 * 10**11))
