"""Changes that happened in the past: a seat's live state is not theirs to write."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from calls.state.changes import Changes
from calls.state.live import LiveAgent
from db.models import AgentStateLog

Lines = dict[str, dict[str, Any]]
"""Seat -> the line of its history that is not closed yet."""


@dataclass(slots=True)
class PastChanges(Changes):
    """As `Changes`, but the row of a seat as it stands now is somebody's who works there: it is left alone.

    So is its open line of history: ours are written when they end.
    """

    lines: Lines = field(default_factory=dict)

    def take_seat(self, agent: LiveAgent) -> None:
        return None

    def save_agent(self, agent: LiveAgent) -> None:
        return None

    def log_state(self, agent: LiveAgent, at: datetime) -> None:
        ended = self.lines.get(agent.agent)
        self.lines[agent.agent] = {
            "agent": agent.agent,
            "user_id": agent.user_id,
            "state": str(agent.state),
            "reason": agent.reason,
            "call_id": agent.call_id or None,
            "node": self.node,
            "since": at,
        }
        if ended is None or ended["state"] == "offline":
            return

        async def op(session: AsyncSession) -> None:
            session.add(AgentStateLog(**ended, until=at))

        self.rows.append(op)
