"""Ask the node beside Asterisk to act: a request and its reply over the bus, with a deadline.

The messages of `ControlRefused` are Chinese sentences that a clerk understands; show them as they are.
"""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import Any, Protocol

from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import ControlAsked, ControlDone


class ControlError(Exception):
    """Base of both ways in which a request can fail; the text is for people."""


class ControlRefused(ControlError):
    """The node said no, and why."""


class NodeAway(ControlRefused):
    """The node that would have to act does not run, and people are told of that anyway."""


class ControlTimeout(ControlError):
    """No reply in time: the node is away, or the act takes longer. It will not be done later."""


class Places(Protocol):
    """Who knows where acts are to be done."""

    async def node_for(self, action: str, actor: str, call_id: str, args: dict[str, Any]) -> str:
        """The node's name, "" for any. Raises ControlRefused when that node is away."""
        ...


class ControlClient:
    """The asking side; one for a whole desk process. Needs a running event loop when made.

    `places` tells which node has the call or the seat (`calls.nodes.places`); without it any node may act.
    """

    def __init__(self, bus: Bus, clock: Clock, places: Places | None = None) -> None:
        self._bus = bus
        self._places = places
        self._clock = clock
        self._waiting: dict[str, asyncio.Future[ControlDone]] = {}
        self._unsubscribe = bus.subscribe(self._done, ControlDone)

    async def do(
        self, action: str, *, actor: str, call_id: str = "", timeout: float = 5.0, **args: Any
    ) -> dict[str, Any]:
        """Do `action` for `actor` (a seat such as "8001", or a user's login) and return its result.

        Raises ControlRefused (the node says why not) or ControlTimeout after `timeout` seconds.
        """
        node = await self._places.node_for(action, actor, call_id, args) if self._places is not None else ""
        request_id = uuid.uuid4().hex
        reply: asyncio.Future[ControlDone] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = reply
        try:
            await self._bus.publish(
                ControlAsked(
                    call_id=call_id,
                    node=node,
                    request_id=request_id,
                    actor=actor,
                    action=action,
                    args=args,
                    deadline=self._clock.now() + timedelta(seconds=timeout),
                )
            )
            # Not wait_for: before Python 3.12 it swallows a cancellation that meets the reply.
            async with asyncio.timeout(timeout):
                done = await reply
        except TimeoutError:
            raise ControlTimeout("话务服务没有及时回应，请查看当前通话状态后再操作。") from None
        finally:
            self._waiting.pop(request_id, None)
        if not done.ok:
            raise ControlRefused(done.error)
        return done.result

    async def close(self) -> None:
        self._unsubscribe()
        for reply in self._waiting.values():
            reply.cancel()

    async def _done(self, event: ControlDone) -> None:
        reply = self._waiting.get(event.request_id)
        if reply is not None and not reply.done():
            reply.set_result(event)
