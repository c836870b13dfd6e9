"""Which nodes run, and at which of them a call or a seat is: what desks need to ask the right one.

Read from the database every few seconds, once for all pages of a desk.
"""

from __future__ import annotations

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from calls.acts.client import NodeAway
from calls.nodes.lease import LOST_AFTER
from db.models import AgentSession, Call, Node, User
from db.session import AWAY, Sessions
from runtime.clock import Clock, local

log = logging.getLogger(__name__)

LOOK_S = 3.0
SIGN_IN = frozenset({"login", "softphone"})
"""Acts with which an agent begins at a seat: they choose the node, later ones follow it."""

OF_ANOTHER = frozenset({"repair", "force"})
"""Acts of a supervisor at the seat named `agent`."""


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node as its own row tells. `since`: when it was last heard of, or stopped."""

    name: str
    since: datetime
    lost: bool
    stopped: bool
    sip_url: str
    home: str
    recordings: str

    @property
    def runs(self) -> bool:
        return not (self.lost or self.stopped)

    @property
    def words(self) -> str:
        """How it stands, for people; "" while it runs."""
        if self.runs:
            return ""
        return f"节点 {self.name} 自 {local(self.since):%H:%M} 起{'失联' if self.lost else '停止运行'}"


class Places:
    """Needs `start`; `changed` handlers are called with each node that is lost, stopped or back."""

    def __init__(self, sessions: Sessions, clock: Clock, *, look_s: float = LOOK_S) -> None:
        self._sessions = sessions
        self._clock = clock
        self._look_s = look_s
        self._judge_from: datetime | None = None
        self._task: asyncio.Task[None] | None = None
        self._handlers: list[Callable[[NodeState], Awaitable[None]]] = []
        self.nodes: dict[str, NodeState] = {}

    async def start(self) -> None:
        await self.look()
        self._task = asyncio.create_task(self._run(), name="calls:places")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def on_change(self, handler: Callable[[NodeState], Awaitable[None]]) -> None:
        self._handlers.append(handler)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._look_s)
            try:
                await self.look()
            except AWAY:
                # The nodes could not write either: they get the usual time to be heard again.
                self._judge_from = self._clock.now() + LOST_AFTER
            except Exception:
                log.exception("the nodes could not be looked at")

    async def look(self) -> None:
        """Read the nodes' rows and tell of what changed."""
        now = self._clock.now()
        async with self._sessions() as session:
            rows = list(await session.scalars(select(Node).order_by(Node.name)))
        judging = self._judge_from is None or now >= self._judge_from
        before, self.nodes = self.nodes, {row.name: self._state(row, now, judging=judging) for row in rows}
        for name, node in self.nodes.items():
            old = before.get(name)
            if old is not None and (old.lost, old.stopped) != (node.lost, node.stopped):
                log.warning("node %s %s", name, "runs" if node.runs else "is lost" if node.lost else "was stopped")
                for handler in self._handlers:
                    await handler(node)

    def _state(self, row: Node, now: datetime, *, judging: bool) -> NodeState:
        stopped = row.stopped_at is not None
        before = self.nodes.get(row.name)
        silent = now - row.heartbeat_at > LOST_AFTER
        return NodeState(
            name=row.name,
            since=row.stopped_at or row.heartbeat_at,
            lost=not stopped and (silent if judging else before is not None and before.lost),
            stopped=stopped,
            sip_url=row.sip_url,
            home=row.home,
            recordings=row.recordings,
        )

    @property
    def away(self) -> list[NodeState]:
        """Nodes that do not run though nobody stopped them."""
        return [node for node in self.nodes.values() if node.lost]

    # -- where ---------------------------------------------------------------------------------
    async def of_call(self, call_id: str) -> str:
        """The node that has this call; "" when it has no row yet."""
        async with self._sessions() as session:
            return await session.scalar(select(Call.node).where(Call.id == call_id)) or ""

    async def of_seat(self, extension: str, *, signing_in: bool = False) -> str:
        """The node of this seat. For who signs in now: the own one, else where they last were, else any."""
        async with self._sessions() as session:
            seat = await session.get(AgentSession, extension)
            own = await session.scalar(select(User.node).where(User.extension == extension)) or ""
        last = seat.node if seat is not None else ""
        state = self.nodes.get(last)
        runs = state is not None and state.runs
        sits = seat is not None and last and seat.state != "offline"
        talks = state is not None and seat is not None and seat.call_id is not None
        # Also at a node that is away: a talk goes on there. Without one, who signs in may go elsewhere.
        if sits and (not signing_in or runs or talks):
            return last
        if own:
            return own
        if runs:
            return last
        running = [name for name, node in self.nodes.items() if node.runs]
        # Agents spread evenly, and each finds the same node again.
        return running[zlib.crc32(extension.encode()) % len(running)] if running else last

    async def node_for(self, action: str, actor: str, call_id: str, args: dict[str, Any]) -> str:
        """The node that is to do this act. Raises NodeAway when it is known to be away."""
        node = await self.of_call(call_id) if call_id else ""
        if not node:
            seat = str(args.get("agent", "")) if action in OF_ANOTHER else actor
            node = await self.of_seat(seat, signing_in=action in SIGN_IN)
        state = self.nodes.get(node)
        if state is not None and not state.runs:
            raise NodeAway(f"{state.words}，暂时不能操作；正在进行的通话不受影响。")
        return node
