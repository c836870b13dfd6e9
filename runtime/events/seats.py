"""How agents, queues and the link to Asterisk stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runtime.events.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentStateChanged(Event):
    """An agent (seat extension) changed state, see `calls.state.agent_states`. `call_id` names the call if any.

    `since` is when the state began; `at` is when this change was, which may be later: only the reason or the call
    is another. `at` is None, `user_id` None and `queues` empty from senders that do not tell.
    """

    agent: str
    state: str
    reason: str
    since: datetime
    at: datetime | None = None
    user_id: int | None = None
    queues: tuple[str, ...] = ()


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
class SeatTaken(Event):
    """A browser tab (`tab`, a random name) took over this seat; any other tab of the account gives it up."""

    agent: str
    tab: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeGiven(Event):
    """A supervisor (`by`, a name) tells these seats something; it is kept until each has read it."""

    notice_id: int
    text: str
    by: str
    at: datetime
    seats: tuple[str, ...]
