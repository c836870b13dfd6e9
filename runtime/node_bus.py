"""What one node hears and says: the bus as the parts beside one Asterisk see it.

Whatever they publish carries the node's name, and they hear only what happened at this node or concerns no node
in particular. So a call is followed, drafted and recorded once, by its own node, however many there are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from runtime.bus import Bus, E, Unsubscribe
from runtime.events import Event


class NodeBus:
    """A bus for the parts of the node called `node`; `bus` is everybody's and is closed by its own owner."""

    def __init__(self, bus: Bus, node: str) -> None:
        self._bus = bus
        self.node = node

    async def publish(self, event: Event) -> None:
        await self._bus.publish(event if event.node else replace(event, node=self.node))

    def subscribe(self, handler: Callable[[E], Awaitable[None]], *kinds: type[E]) -> Unsubscribe:
        async def ours(event: Any) -> None:
            if event.node in ("", self.node):
                await handler(event)

        ours.__qualname__ = getattr(handler, "__qualname__", ours.__qualname__)  # named in the log of slow ones
        return self._bus.subscribe(ours, *kinds)
