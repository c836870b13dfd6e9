"""Corrects the outcome of a call that ended without an agent: a message left or a call-back asked for counts.

The script writes those rows by itself, perhaps a moment after the citizen hung up; so this looks later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from calls import callbacks
from db.models.call import Call, CallbackTask, Voicemail
from db.session import Sessions
from hotline.bus import Bus
from hotline.clock import Clock, SystemClock
from hotline.events import CallEnded

log = logging.getLogger(__name__)

UNSERVED = ("abandoned", "ivr")


class Outcomes:
    """`after_s`: how long the script's rows may take, seconds."""

    def __init__(self, sessions: Sessions, bus: Bus, *, after_s: float = 3.0, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._sessions = sessions
        self._bus = bus
        self._after_s = after_s
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._ended, CallEnded)

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _ended(self, event: CallEnded) -> None:
        if event.outcome in UNSERVED:
            task = asyncio.create_task(self._look(event.call_id), name="calls:outcome")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _look(self, call_id: str) -> None:
        await asyncio.sleep(self._after_s)
        try:
            await self.correct(call_id)
        except Exception:
            log.exception("the outcome of call %s could not be looked at again", call_id)

    async def correct(self, call_id: str) -> None:
        """Set the outcome to voicemail or callback when the call left such a row."""
        async with self._sessions.begin() as session:
            if await session.scalar(select(Voicemail.id).where(Voicemail.call_id == call_id).limit(1)):
                outcome = "voicemail"
                await self._call_back(session, call_id)
            elif await session.scalar(
                select(CallbackTask.id)
                .where(CallbackTask.call_id == call_id, CallbackTask.kind == "requested")
                .limit(1)
            ):
                outcome = "callback"
            else:
                return
            await session.execute(
                update(Call).where(Call.id == call_id, Call.outcome.in_(UNSERVED)).values(outcome=outcome)
            )

    async def _call_back(self, session: AsyncSession, call_id: str) -> None:
        """A message asks for an answer: somebody is to call back, if the number is known."""
        phone = await session.scalar(select(Call.caller).where(Call.id == call_id))
        if phone:
            await callbacks.request(session, self._clock, call_id=call_id, phone=phone, kind="voicemail")
