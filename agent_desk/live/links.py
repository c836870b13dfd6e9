"""The link to one page: who is behind it, what it wants to hear, what waits to be sent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from agent_desk.web.web_sessions import Identity

BACKLOG = 1000
"""Messages a page may lag behind before it is cut off."""


@dataclass(eq=False, slots=True)
class Link:
    """One page's socket."""

    who: Identity
    topics: frozenset[str]
    tab: str
    node: str = ""
    """The node of this person's seat, "" for who has none: boards hear of all nodes."""
    queue: asyncio.Queue[dict[str, Any]] = field(default_factory=lambda: asyncio.Queue(BACKLOG))
    holds_seat: bool = False
    signed_in: bool = False
    """The node of the seat knows that its agent is here."""
    overflowed: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, message: dict[str, Any]) -> None:
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            self.overflowed.set()
