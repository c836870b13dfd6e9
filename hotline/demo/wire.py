"""A bus whose subscribers have done their part when `publish` returns: one step is over before the next begins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from runtime.events import Event

E = TypeVar("E", bound=Event)


class Wire:
    """A `Bus` of this process. A subscriber's fault is the publisher's: nothing is invented half."""

    def __init__(self) -> None:
        self._subscribers: list[tuple[Callable[[Any], Awaitable[None]], tuple[type[Event], ...]]] = []

    async def publish(self, event: Event) -> None:
        for handler, kinds in list(self._subscribers):
            if not kinds or isinstance(event, kinds):
                await handler(event)

    def subscribe(self, handler: Callable[[E], Awaitable[None]], *kinds: type[E]) -> Callable[[], None]:
        entry = (handler, kinds)
        self._subscribers.append(entry)
        return lambda: self._subscribers.remove(entry)
