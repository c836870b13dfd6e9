"""Call control for the desk without Asterisk: it obeys, or refuses as told, and remembers what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from calls.acts.client import ControlRefused, NodeAway
from db.models import AgentSession, Handoff
from db.session import Sessions
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import AgentStateChanged, HandoffChanged


@dataclass
class FakeControl:
    """Call control that obeys: agents' states follow, hand-offs begin, and every act is kept."""

    sessions: Sessions
    bus: Bus
    clock: Clock
    done: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """action -> the reason with which it is refused."""
    away: bool = False
    """The node does not run."""

    async def do(
        self, action: str, *, actor: str, call_id: str = "", timeout: float = 5.0, **args: Any
    ) -> dict[str, Any]:
        self.done.append((action, actor, call_id, args))
        if self.away:
            raise NodeAway("节点失联")
        if action in self.refuse:
            raise ControlRefused(self.refuse[action])
        match action:
            case "login":
                await self._log_in(actor, args["user_id"], args["queues"])
            case "ready" | "clear_missed" | "wrap_up_done":
                await self.set_state(actor, "ready")
            case "not_ready":
                await self.set_state(actor, "not_ready", args["reason"])
            case "logout":
                await self.set_state(actor, "offline")
            case "handoff":
                return await self._hand_off(actor, call_id, args)
        return {}

    def acts(self, action: str) -> list[tuple[str, str, dict[str, Any]]]:
        """What was asked of this kind: (seat, call id, arguments)."""
        return [(actor, call_id, args) for kind, actor, call_id, args in self.done if kind == action]

    async def _log_in(self, seat: str, user_id: int, queues: list[str]) -> None:
        async with self.sessions.begin() as session:
            row = await session.get(AgentSession, seat)
            if row is not None and row.state != "offline":
                return
            if row is None:
                row = AgentSession(agent=seat, since=self.clock.now())
                session.add(row)
            row.user_id, row.queues = user_id, queues
        await self.set_state(seat, "not_ready", "login")

    async def set_state(self, seat: str, state: str, reason: str = "", call_id: str | None = None) -> None:
        now = self.clock.now()
        async with self.sessions.begin() as session:
            row = await session.get(AgentSession, seat)
            if row is None:
                row = AgentSession(agent=seat)
                session.add(row)
            row.state, row.reason, row.since, row.call_id = state, reason, now, call_id
            user_id, queues = row.user_id, tuple(row.queues or ())
        await self.bus.publish(
            AgentStateChanged(
                agent=seat,
                state=state,
                reason=reason,
                since=now,
                call_id=call_id or "",
                at=now,
                user_id=user_id,
                queues=queues,
            )
        )

    async def _hand_off(self, seat: str, call_id: str, args: dict[str, Any]) -> dict[str, Any]:
        now = self.clock.now()
        async with self.sessions.begin() as session:
            row = Handoff(
                call_id=call_id,
                target=args["target"],
                reason_code=args["reason_code"],
                summary=args["summary"],
                place=args["place"],
                started_by=seat,
                started_at=now,
            )
            session.add(row)
            await session.flush()
            handoff_id = row.id
        await self.bus.publish(
            HandoffChanged(call_id=call_id, handoff_id=handoff_id, target=args["target"], status="calling", at=now)
        )
        return {"handoff_id": handoff_id}

    async def accept(self, handoff_id: int) -> None:
        """The other side of this hand-off answers."""
        now = self.clock.now()
        async with self.sessions.begin() as session:
            row = await session.get_one(Handoff, handoff_id)
            row.result, row.accepted_at, row.accepted_by = "accepted", now, row.target
            changed = HandoffChanged(
                call_id=row.call_id, handoff_id=handoff_id, target=row.target, status="accepted", at=now
            )
        await self.bus.publish(changed)
