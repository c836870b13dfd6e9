"""What a call that reached no agent left behind: a message, or the wish to be called back.

The script writes those rows by itself, perhaps a moment after the citizen hung up; so this looks later. A message
that the dialplan took alone, with the script away, has no row yet: it is found by its file.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from calls.callbacks import tasks as callbacks
from calls.callbacks.call_hours import CallHours
from db.models.call import Call, CallbackTask, Voicemail
from db.session import Sessions
from runtime.background import Background
from runtime.bus import Bus
from runtime.callid import is_call_id
from runtime.clock import Clock, SystemClock
from runtime.events import CallEnded, MessageLeft, MessageTranscribed
from sound import wav

log = logging.getLogger(__name__)

UNSERVED = ("abandoned", "ivr", "voicemail", "callback", "unknown")
SHORTEST_S = 1.0
"""A shorter file is a click, not a message."""
TELL_AFTER = timedelta(seconds=20)
TELL_FOR = timedelta(days=7)
"""Of a message that waits it is told again after the first, for as long as the second."""


class Outcomes:
    """`after_s`: how long the script's rows may take, seconds. `recordings`: the folder in which messages lie."""

    def __init__(
        self,
        sessions: Sessions,
        bus: Bus,
        *,
        after_s: float = 3.0,
        clock: Clock | None = None,
        recordings: Path | None = None,
        hours: CallHours = callbacks.DAY,
        node: str = "",
    ) -> None:
        self._node = node
        self._hours = hours
        self._clock = clock or SystemClock()
        self._sessions = sessions
        self._bus = bus
        self._after_s = after_s
        self._recordings = recordings
        self._background = Background()
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._ended, CallEnded)

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        await self._background.close()

    async def _ended(self, event: CallEnded) -> None:
        if event.outcome in UNSERVED:
            self._background.start(self._look(event.call_id), "calls:outcome")

    async def _look(self, call_id: str) -> None:
        await asyncio.sleep(self._after_s)
        try:
            await self.correct(call_id)
        except Exception:
            log.exception("the outcome of call %s could not be looked at again", call_id)

    async def correct(self, call_id: str) -> None:
        """Set the outcome to voicemail or callback when the call left such a row, and tell of what was left."""
        task: CallbackTask | None = None
        async with self._sessions.begin() as session:
            await self._adopt(session, call_id)
            messages = list(
                await session.scalars(
                    select(Voicemail.id).where(Voicemail.call_id == call_id, Voicemail.state == "new")
                )
            )
            if messages or await session.scalar(select(Voicemail.id).where(Voicemail.call_id == call_id).limit(1)):
                outcome = "voicemail"
                task = await self._call_back(session, call_id)
            elif task := await session.scalar(
                select(CallbackTask)
                .where(CallbackTask.call_id == call_id, CallbackTask.kind == "requested")
                .limit(1)
            ):
                outcome = "callback"
            else:
                return
            await session.execute(
                update(Call).where(Call.id == call_id, Call.outcome.in_(UNSERVED)).values(outcome=outcome)
            )
        for message_id in messages:
            await self._bus.publish(MessageLeft(call_id=call_id, message_id=message_id))
        if task is not None:
            await callbacks.tell(self._bus, self._clock, task)

    async def _adopt(self, session: AsyncSession, call_id: str) -> None:
        """Give a message that the dialplan took by itself its row."""
        if self._recordings is None or not is_call_id(call_id):
            return
        relative = f"voicemail/{call_id}.wav"
        seconds, ended = await asyncio.to_thread(_length_and_end, self._recordings / relative)
        if seconds >= SHORTEST_S and await session.get(Call, call_id) is not None:
            await keep_message(session, self._node, call_id, relative, seconds, ended)

    # -- what was not heard of -----------------------------------------------------------------
    async def sweep(self) -> None:
        """Tell again of messages that wait for their text or their ticket, and see that somebody calls back."""
        now = self._clock.now()
        tasks: list[CallbackTask] = []
        async with self._sessions.begin() as session:
            rows = await session.execute(
                select(Voicemail, Call.caller)
                .join(Call, Call.id == Voicemail.call_id)
                .where(
                    Voicemail.state.in_(("new", "transcribed")),
                    Voicemail.created_at.between(now - TELL_FOR, now - TELL_AFTER),
                )
                .order_by(Voicemail.id)
                .limit(100)
            )
            found = rows.all()
            waiting = [(message.id, message.call_id, message.node, message.state) for message, _ in found]
            for message, phone in found:
                if phone and not await self._asked_for(session, message, phone):
                    tasks.append(
                        await callbacks.request(
                            session,
                            self._clock,
                            call_id=message.call_id,
                            phone=phone,
                            kind="voicemail",
                            hours=self._hours,
                        )
                    )
        for message_id, call_id, node, state in waiting:
            kind = MessageLeft if state == "new" else MessageTranscribed
            # Told to the node that has the file: of one message no two nodes make tickets.
            await self._bus.publish(kind(call_id=call_id, node=node, message_id=message_id))
        for task in tasks:
            await callbacks.tell(self._bus, self._clock, task)

    @staticmethod
    async def _asked_for(session: AsyncSession, message: Voicemail, phone: str) -> bool:
        """Whether this message's number has or had a task since."""
        found = await session.scalar(
            select(CallbackTask.id)
            .where(
                CallbackTask.phone == phone,
                or_(CallbackTask.state.in_(callbacks.OPEN), CallbackTask.created_at >= message.created_at),
            )
            .limit(1)
        )
        return found is not None

    async def _call_back(self, session: AsyncSession, call_id: str) -> CallbackTask | None:
        """A message asks for an answer: somebody is to call back, if the number is known."""
        phone = await session.scalar(select(Call.caller).where(Call.id == call_id))
        if not phone:
            return None
        return await callbacks.request(
            session, self._clock, call_id=call_id, phone=phone, kind="voicemail", hours=self._hours
        )


async def keep_message(
    session: AsyncSession, node: str, call_id: str, path: str, seconds: float, left_at: datetime
) -> None:
    """The row of a message found on this node's disk, unless it has one; `path` is relative to the recordings."""
    if await session.scalar(select(Voicemail.id).where(Voicemail.path == path)) is None:
        session.add(
            Voicemail(call_id=call_id, node=node, path=path, seconds=round(seconds, 2), created_at=left_at)
        )
        await session.flush()


def _length_and_end(path: Path) -> tuple[float, datetime]:
    """Seconds of a WAV (0 when there is none) and when it was last written to."""
    try:
        ended = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return 0.0, datetime.now(UTC)
    return wav.seconds(path), ended
