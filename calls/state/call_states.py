"""A call's states as a table: what may follow what, and what is assumed when the impossible happens."""

from __future__ import annotations

from enum import StrEnum


class CallState(StrEnum):
    """Where a call stands (db: `call.state`)."""

    IVR = "ivr"
    QUEUED = "queued"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    CONFERENCE = "conference"
    ENDED = "ended"


class CallTrigger(StrEnum):
    """What happened to a call."""

    QUEUE = "queue"
    RING = "ring"
    RING_STOPPED = "ring_stopped"
    LEAVE_QUEUE = "leave_queue"
    ANSWER = "answer"
    HOLD = "hold"
    UNHOLD = "unhold"
    CONFERENCE = "conference"
    AGENT_GONE = "agent_gone"
    END = "end"


S, T = CallState, CallTrigger

TABLE: dict[CallState, dict[CallTrigger, CallState]] = {
    S.IVR: {
        T.QUEUE: S.QUEUED,
        T.RING: S.RINGING,
        T.CONFERENCE: S.CONFERENCE,
        T.AGENT_GONE: S.IVR,
        T.LEAVE_QUEUE: S.IVR,
        T.END: S.ENDED,
    },
    S.QUEUED: {
        T.QUEUE: S.QUEUED,
        T.RING: S.RINGING,
        T.RING_STOPPED: S.QUEUED,
        T.LEAVE_QUEUE: S.IVR,
        # The queue's own event may overtake the telephone's.
        T.ANSWER: S.TALKING,
        T.END: S.ENDED,
    },
    S.RINGING: {
        T.RING: S.RINGING,
        T.RING_STOPPED: S.QUEUED,
        T.LEAVE_QUEUE: S.IVR,
        T.ANSWER: S.TALKING,
        T.END: S.ENDED,
    },
    S.TALKING: {
        # An agent sent the citizen to another queue; the queue may tell of it before the agent's leg has ended.
        T.QUEUE: S.QUEUED,
        T.ANSWER: S.TALKING,
        T.HOLD: S.HELD,
        T.UNHOLD: S.TALKING,
        T.CONFERENCE: S.CONFERENCE,
        T.AGENT_GONE: S.IVR,
        T.END: S.ENDED,
    },
    S.HELD: {
        T.QUEUE: S.QUEUED,
        T.HOLD: S.HELD,
        T.UNHOLD: S.TALKING,
        T.CONFERENCE: S.CONFERENCE,
        T.AGENT_GONE: S.IVR,
        T.END: S.ENDED,
    },
    S.CONFERENCE: {
        T.RING: S.CONFERENCE,
        T.RING_STOPPED: S.CONFERENCE,
        T.ANSWER: S.CONFERENCE,
        T.HOLD: S.CONFERENCE,
        T.UNHOLD: S.CONFERENCE,
        T.CONFERENCE: S.CONFERENCE,
        T.AGENT_GONE: S.CONFERENCE,
        # The agent was lost before anybody else had taken the citizen: back to the queue.
        T.QUEUE: S.QUEUED,
        T.END: S.ENDED,
    },
    S.ENDED: {},
}

ASSUMED: dict[CallTrigger, CallState] = {
    T.QUEUE: S.QUEUED,
    T.RING: S.RINGING,
    T.RING_STOPPED: S.QUEUED,
    T.LEAVE_QUEUE: S.IVR,
    T.ANSWER: S.TALKING,
    T.HOLD: S.HELD,
    T.UNHOLD: S.TALKING,
    T.CONFERENCE: S.CONFERENCE,
    T.AGENT_GONE: S.IVR,
    T.END: S.ENDED,
}
"""Asterisk is right about what happens on the line: where the table is at odds with it, this is the state."""

WITH_AGENT = frozenset({S.TALKING, S.HELD, S.CONFERENCE})


class IllegalCallTransition(Exception):
    """The table does not know this step."""

    def __init__(self, state: CallState, trigger: CallTrigger) -> None:
        expected = ", ".join(sorted(s for s, row in TABLE.items() if trigger in row))
        super().__init__(f"cannot {trigger}: call is {state}, expected {expected}")


def step(state: CallState, trigger: CallTrigger) -> CallState:
    """The state after this. Raises IllegalCallTransition, quoting both sides."""
    try:
        return TABLE[state][trigger]
    except KeyError:
        raise IllegalCallTransition(state, trigger) from None
