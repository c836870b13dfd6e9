"""What people may ask of the calls room: one request, one act, one result; a refusal is a Chinese sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from calls.acts.client import ControlRefused
from calls.state.agent_states import AgentState
from calls.state.live import LiveAgent
from calls.state.tracker import Tracker
from runtime.events import ControlAsked

Result = dict[str, Any]
Act = Callable[[ControlAsked], Awaitable[Result | None]]


def signed_in(tracker: Tracker, seat: str) -> LiveAgent:
    """The seat, if somebody works there. Raises ControlRefused."""
    agent = tracker.roster.get(seat)
    if agent is None or agent.state is AgentState.OFFLINE:
        raise ControlRefused("坐席尚未签入，请先签入。")
    return agent
