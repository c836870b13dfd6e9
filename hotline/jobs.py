"""The jobs role: what must happen by time rather than by request.

Every job is safe to run twice and in several processes at once: rows are claimed with SKIP LOCKED, so that
nobody waits for another's rows and nothing is done twice.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import date, timedelta
from typing import Protocol

from sqlalchemy import delete, select

from agent_desk.web.web_sessions import OVERTIME
from calls.callbacks.call_hours import CallHours
from calls.callbacks.callback_room import Callbacks
from calls.callbacks.tasks import DAY, tell
from calls.state.outcomes import Outcomes
from db.models import AuditEvent, CallbackTask, Recording, WebSession
from db.session import Sessions
from db.turns import Turn, take_turn
from kb.articles import expire_articles
from runtime.bus import Bus
from runtime.clock import Clock, local
from tickets.sweeps import TicketSweeps

log = logging.getLogger(__name__)

ROUND_S = 30.0
CALLBACK_GIVE_UP = timedelta(days=2)
"""A call-back task nobody could finish is closed after two days (domain.md 3.5: attempts on 2 days)."""

RETENTION = timedelta(days=730)
"""24 months; no national figure exists (domain.md 2.10)."""


class Builds(Protocol):
    """What the jobs need of the knowledge index."""

    async def build(self) -> int: ...


class Jobs:
    """Runs all jobs every 30 s; a job that fails is logged and tried again, the others go on."""

    def __init__(
        self,
        sessions: Sessions,
        clock: Clock,
        index: Builds | None = None,
        bus: Bus | None = None,
        *,
        hours: CallHours = DAY,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._index = index
        self._bus = bus
        self._callbacks = Callbacks(sessions, bus, clock, hours=hours) if bus is not None else None
        self._outcomes = Outcomes(sessions, bus, clock=clock, hours=hours) if bus is not None else None
        self._tickets = TicketSweeps(sessions, clock, bus)
        self._validity_of: date | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="jobs")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            for job in (
                self.end_sessions,
                self.give_up_callbacks,
                self.release_callbacks,
                self.tell_of_messages,
                self.mark_recordings,
                self.move_validity,
                self.tend_tickets,
            ):
                try:
                    await job()
                except Exception:
                    log.exception("job %s failed; it is tried again in %d s", job.__name__, ROUND_S)
            await asyncio.sleep(ROUND_S)

    async def end_sessions(self) -> None:
        """Forget browser sessions that have run out, also for who was in a talk when they did."""
        over = WebSession.expires_at < self._clock.now() - OVERTIME
        async with self._sessions.begin() as session:
            await session.execute(delete(WebSession).where(over))

    async def give_up_callbacks(self) -> None:
        """Close call-back tasks that are two days old, with an audit row each."""
        now = self._clock.now()
        async with self._sessions.begin() as session:
            old = await session.scalars(
                select(CallbackTask)
                .where(CallbackTask.state == "open", CallbackTask.created_at < now - CALLBACK_GIVE_UP)
                .limit(100)
                .with_for_update(skip_locked=True)
            )
            given_up = old.all()
            for task in given_up:
                task.state = "given_up"
                task.done_at = now
                session.add(
                    AuditEvent(
                        at=now,
                        object_kind="callback",
                        object_id=str(task.id),
                        action="give_up",
                        actor_name="system",
                        from_state="open",
                        to_state="given_up",
                        reason="two days without success",
                    )
                )
        if self._bus is not None:
            for task in given_up:
                await tell(self._bus, self._clock, task)

    async def release_callbacks(self) -> None:
        """Give back call-back tasks that somebody took and does not carry out."""
        if self._callbacks is not None:
            await self._callbacks.sweep()

    async def tell_of_messages(self) -> None:
        """Have messages transcribed that were left while no recogniser was there, and their tickets made."""
        if self._outcomes is not None:
            await self._outcomes.sweep()

    async def mark_recordings(self) -> None:
        """Give recordings their retention date, unless held."""
        undated = Recording.delete_after.is_(None), Recording.legal_hold.is_(False)
        async with self._sessions.begin() as session:
            rows = select(Recording).where(*undated).limit(500).with_for_update(skip_locked=True)
            for row in await session.scalars(rows):
                row.delete_after = row.started_at + RETENTION

    async def tend_tickets(self) -> None:
        """Lamps that turn yellow or red, requests that nobody answered in time, and the archive."""
        await self._tickets.lamps()
        await self._tickets.lapse_extensions()
        await self._tickets.archive()

    async def move_validity(self) -> None:
        """Once a day, soon after midnight in Shanghai: articles begin or cease to be valid, the index follows."""
        today = local(self._clock.now()).date()
        if self._validity_of == today:
            return
        async with self._sessions.begin() as session:
            await take_turn(session, Turn.VALIDITY)
            moved = await expire_articles(session, self._clock)
        if self._index is not None:
            await self._index.build()
        self._validity_of = today
        if moved:
            log.info("%d knowledge articles changed validity today: %s", len(moved), ", ".join(moved[:20]))
