"""An agent's states as a table: what may follow what, and what is assumed when the impossible happens."""

from __future__ import annotations

from enum import StrEnum


class AgentState(StrEnum):
    """Where a seat stands (db: `agent_session.state`)."""

    OFFLINE = "offline"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    HELD = "held"
    WRAP_UP = "wrap_up"
    NOT_READY = "not_ready"


class Trigger(StrEnum):
    """What happened to an agent."""

    LOGIN = "login"
    LOGOUT = "logout"
    READY = "ready"
    NOT_READY = "not_ready"
    RING = "ring"
    RING_STOPPED = "ring_stopped"
    MISSED = "missed"
    ANSWER = "answer"
    HOLD = "hold"
    UNHOLD = "unhold"
    CALL_OVER = "call_over"
    LOST = "lost"


S, T = AgentState, Trigger

TABLE: dict[AgentState, dict[Trigger, AgentState]] = {
    S.OFFLINE: {T.LOGIN: S.NOT_READY, T.LOGOUT: S.OFFLINE},
    S.READY: {
        T.LOGIN: S.READY,
        T.READY: S.READY,
        T.NOT_READY: S.NOT_READY,
        T.LOGOUT: S.OFFLINE,
        T.RING: S.RINGING,
        # Asterisk may hang up the ringing leg before it says that nobody answered.
        T.MISSED: S.NOT_READY,
        T.LOST: S.NOT_READY,
    },
    S.RINGING: {
        T.LOGIN: S.RINGING,
        T.RING: S.RINGING,
        T.RING_STOPPED: S.READY,
        T.MISSED: S.NOT_READY,
        T.ANSWER: S.TALKING,
        T.NOT_READY: S.NOT_READY,
        T.LOGOUT: S.OFFLINE,
        T.LOST: S.NOT_READY,
    },
    S.TALKING: {
        T.LOGIN: S.TALKING,
        T.ANSWER: S.TALKING,
        T.HOLD: S.HELD,
        T.UNHOLD: S.TALKING,
        T.CALL_OVER: S.WRAP_UP,
        # A desk that is lost in mid-call harms no call: the loss counts when the call is over.
        T.LOST: S.TALKING,
    },
    S.HELD: {
        T.LOGIN: S.HELD,
        T.HOLD: S.HELD,
        T.UNHOLD: S.TALKING,
        T.CALL_OVER: S.WRAP_UP,
        T.LOST: S.HELD,
    },
    S.WRAP_UP: {
        T.LOGIN: S.WRAP_UP,
        T.READY: S.READY,
        T.NOT_READY: S.NOT_READY,
        T.LOGOUT: S.OFFLINE,
        T.RING: S.RINGING,
        T.LOST: S.NOT_READY,
    },
    S.NOT_READY: {
        T.LOGIN: S.NOT_READY,
        T.READY: S.READY,
        T.NOT_READY: S.NOT_READY,
        T.LOGOUT: S.OFFLINE,
        # A call-back rings the agent's own softphone; a queue's ring may have been on its way already.
        T.RING: S.RINGING,
        T.MISSED: S.NOT_READY,
        T.LOST: S.NOT_READY,
    },
}

ASSUMED: dict[Trigger, AgentState] = {
    T.LOGIN: S.NOT_READY,
    T.LOGOUT: S.OFFLINE,
    T.READY: S.READY,
    T.NOT_READY: S.NOT_READY,
    T.RING: S.RINGING,
    T.RING_STOPPED: S.NOT_READY,
    T.MISSED: S.NOT_READY,
    T.ANSWER: S.TALKING,
    T.HOLD: S.HELD,
    T.UNHOLD: S.TALKING,
    T.CALL_OVER: S.WRAP_UP,
    T.LOST: S.NOT_READY,
}
"""Asterisk is right about what happens on the line: where the table is at odds with it, this is the state."""

BUSY = frozenset({S.RINGING, S.TALKING, S.HELD})
ON_CALL = frozenset({S.TALKING, S.HELD})


class IllegalAgentTransition(Exception):
    """The table does not know this step."""

    def __init__(self, state: AgentState, trigger: Trigger) -> None:
        expected = ", ".join(sorted(s for s, row in TABLE.items() if trigger in row))
        super().__init__(f"cannot {trigger}: agent is {state}, expected {expected}")


def step(state: AgentState, trigger: Trigger) -> AgentState:
    """The state after this. Raises IllegalAgentTransition, quoting both sides."""
    try:
        return TABLE[state][trigger]
    except KeyError:
        raise IllegalAgentTransition(state, trigger) from None
