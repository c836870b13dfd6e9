"""The call-backs beside the calls: makes tasks of abandoned calls, closes them, and follows the claims."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from calls.callbacks.call_hours import CallHours
from calls.callbacks.callback_claims import settle, sweep
from calls.callbacks.tasks import DAY, SHORT_S, request, tell
from db.models.call import Call, CallbackTask
from db.session import AWAY, Sessions
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import AgentStateChanged, CallAnswered, CallEnded, Event, QueueAbandoned

log = logging.getLogger(__name__)

RETRY_S = 1.0
ROW_TRIES = 30
"""How often a call's row is looked for, once a second: events go out ahead of rows that cannot be written yet."""

Moved = Sequence[CallbackTask | None]


class Callbacks:
    """One per node; `start` subscribes. Desks hear of every change by `CallbackChanged`."""

    def __init__(self, sessions: Sessions, bus: Bus, clock: Clock, *, hours: CallHours = DAY) -> None:
        self._hours = hours
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(
            self._heard, QueueAbandoned, CallAnswered, CallEnded, AgentStateChanged
        )

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()

    async def _heard(self, event: Event) -> None:
        if isinstance(event, AgentStateChanged):
            if event.state == "offline":
                await self.sweep()
            return
        await self._tell(await self._take_in_at_last(event))

    async def _take_in_at_last(self, event: Event) -> Moved:
        """Who gave up while the database was away is called back all the same; later events wait, in order."""
        tries = 0
        while True:
            try:
                moved = await self._take_in(event)
            except AWAY as error:
                log.warning("call-backs wait for the database: %s", type(error).__name__)
            else:
                tries += 1
                if moved is not None or tries >= ROW_TRIES:
                    return moved or ()
            await asyncio.sleep(RETRY_S)

    async def _take_in(self, event: Event) -> Moved | None:
        """The tasks that this event makes or moves; None when the call has no row yet."""
        async with self._sessions.begin() as session:
            call = await session.get(Call, event.call_id)
            if call is None:
                return None
            moved: list[CallbackTask | None] = []
            if not call.caller:
                return moved
            if isinstance(event, CallEnded) and call.direction == "out":
                moved = [await settle(session, self._clock, call)]
            elif call.direction != "in":
                return moved
            elif isinstance(event, QueueAbandoned):
                if event.wait_s >= SHORT_S:
                    moved = [await self._missed(session, call)]
            elif isinstance(event, CallEnded):
                if event.outcome == "unknown" and _waited(call, event.at) >= SHORT_S:
                    moved = [await self._missed(session, call)]  # cut off in the queue: Asterisk went, or we did
            else:
                rows = await session.scalars(
                    select(CallbackTask).where(
                        CallbackTask.phone == call.caller,
                        CallbackTask.state == "open",
                        CallbackTask.kind == "missed",
                    )
                )
                for task in rows:
                    task.state, task.done_at, task.result = "done", self._clock.now(), "市民再次来电已接通"
                    moved.append(task)
        return moved

    async def _missed(self, session: AsyncSession, call: Call) -> CallbackTask:
        return await request(
            session, self._clock, call_id=call.id, phone=call.caller, kind="missed", hours=self._hours
        )

    async def sweep(self) -> None:
        """Give back the claims of agents who left."""
        async with self._sessions.begin() as session:
            moved = await sweep(session, self._clock)
        await self._tell(moved)

    async def _tell(self, moved: Moved) -> None:
        for task in moved:
            if task is not None:
                await tell(self._bus, self._clock, task)


def _waited(call: Call, ended_at: datetime) -> float:
    """Seconds in queues of a caller whom nobody answered, 0 for others."""
    if call.queued_at is None or call.answered_at is not None:
        return 0.0
    return (ended_at - call.queued_at).total_seconds()
