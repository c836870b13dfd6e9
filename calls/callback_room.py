"""The call-backs beside the calls: makes tasks of abandoned calls, closes them, and follows the claims."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from calls.call_hours import CallHours
from calls.callback_claims import settle, sweep
from calls.callbacks import DAY, SHORT_S, request, tell
from db.models.call import Call, CallbackTask
from db.session import Sessions
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.events import AgentStateChanged, CallAnswered, CallEnded, Event, QueueAbandoned


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
        async with self._sessions.begin() as session:
            call = await session.get(Call, event.call_id)
            if call is None or not call.caller:
                return
            moved: list[CallbackTask | None] = []
            if isinstance(event, CallEnded):
                if call.direction == "out":
                    moved = [await settle(session, self._clock, call)]
            elif call.direction != "in":
                return
            elif isinstance(event, QueueAbandoned):
                if event.wait_s >= SHORT_S:
                    moved = [
                        await request(
                            session,
                            self._clock,
                            call_id=call.id,
                            phone=call.caller,
                            kind="missed",
                            hours=self._hours,
                        )
                    ]
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
        await self._tell(moved)

    async def sweep(self) -> None:
        """Give back the claims of agents who left."""
        async with self._sessions.begin() as session:
            moved = await sweep(session, self._clock)
        await self._tell(moved)

    async def _tell(self, moved: list[CallbackTask | None] | list[CallbackTask]) -> None:
        for task in moved:
            if task is not None:
                await tell(self._bus, self._clock, task)
