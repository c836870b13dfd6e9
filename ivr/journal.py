"""What the script leaves behind: events and rows, written beside the call so that nothing here delays a caller.

Events go out at once and in order. Rows wait in memory for the database; while it is away they are kept, up to
a bound, and written when it is back.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import Table, insert, select
from sqlalchemy.exc import SQLAlchemyError, StatementError
from sqlalchemy.ext.asyncio import AsyncSession

from calls.callbacks.call_hours import CallHours
from calls.callbacks.tasks import DAY
from db.models import Call, CallbackTask, Handoff, ScriptStepRow, SurveyAnswer, Voicemail
from db.session import AWAY, Sessions
from runtime.bus import Bus
from runtime.callid import began_at, is_call_id
from runtime.clock import Clock
from runtime.events import Event, ScriptStep

log = logging.getLogger(__name__)

KEPT = 20_000
"""Rows kept while the database is away: hours of calls, some megabytes."""
BATCH = 200
GATHER_SECONDS = 0.5
"""How long steps gather before a transaction: hundreds of calls then share one. What a caller asked for or said
does not wait so long."""
WRITE_SECONDS = 15.0
RETRY_SECONDS = 1.0
CALL_ROW_SECONDS = 10.0
"""How long a row waits for its call's row, which the tracker writes; then we write a small one ourselves."""
CALLBACK_DUE = timedelta(minutes=30)
"""domain.md 3.2, N07."""


_STEPS = cast(Table, ScriptStepRow.__table__)
"""Written as plain rows: objects would be made and thrown away for nothing."""


class Journal(Protocol):
    """What the runner may note. All of it returns at once and never fails."""

    def step(self, call_id: str, script: str, version: int, node: str, kind: str, detail: str) -> None:
        """The script entered a node; `detail` says by which exit it came."""
        ...

    def survey(self, call_id: str, question: str, answer: int, agent: str) -> None: ...

    def voicemail(self, call_id: str, path: str, seconds: float, *, cut: float = 0.0) -> None:
        """A message lies at `path`, relative to the recordings; it ended `cut` seconds ago."""
        ...

    def callback(self, call_id: str, phone: str, caller: str) -> bool:
        """The caller asked to be called back at `phone`. False when that will not be before the morning."""
        ...

    def handoff(self, call_id: str, target: str, began: datetime, *, answered: bool) -> None: ...


Write = Callable[[AsyncSession], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class _CallNeeded:
    """What a row says of the call that it refers to: all that is known if nobody else writes that call's row."""

    call_id: str
    outcome: str
    at: datetime
    caller: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row to write: a step's values, or a function. `needs_call`: it refers to the call's own row."""

    step: dict[str, Any] | None = None
    write: Write | None = None
    needs_call: _CallNeeded | None = None
    at: float = 0.0


class DatabaseJournal:
    """The journal of a running node. `start` it, and `close` it to write what is left (bounded)."""

    def __init__(
        self, sessions: Sessions, bus: Bus, clock: Clock, *, hours: CallHours = DAY, node: str = ""
    ) -> None:
        self._hours = hours
        self._node = node
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._rows: deque[_Entry] = deque()
        self._more = asyncio.Event()
        self._urgent = asyncio.Event()
        """Something beside steps waits to be written, or somebody waits for all of it."""
        self._idle = asyncio.Event()
        self._idle.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._lost = 0

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._publish(), name="ivr:events"),
            asyncio.create_task(self._write(), name="ivr:rows"),
        ]

    async def close(self, within: float = 5.0) -> None:
        """Write what is left, for at most `within` seconds, then stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self.settle()
        if self._rows:
            log.error("%d rows of the script could not be written", len(self._rows))
            self._rows.clear()
            self._idle.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until all that was noted is published and written."""
        await self._events.join()
        self._urgent.set()
        await self._idle.wait()

    # -- notes ---------------------------------------------------------------------------------
    def step(self, call_id: str, script: str, version: int, node: str, kind: str, detail: str) -> None:
        at = self._clock.now()
        self._events.put_nowait(
            ScriptStep(call_id=call_id, script=script, version=version, step=node, kind=kind, at=at, detail=detail)
        )

        self._put(
            _Entry(
                step={
                    "call_id": call_id,
                    "script": script,
                    "version": version,
                    "node": node,
                    "kind": kind,
                    "at": at,
                    "detail": detail[:200],
                }
            )
        )

    def survey(self, call_id: str, question: str, answer: int, agent: str) -> None:
        at = self._clock.now()

        async def write(session: AsyncSession) -> None:
            session.add(SurveyAnswer(call_id=call_id, question=question, answer=answer, agent=agent[:8], at=at))

        self._keep(write)

    def voicemail(self, call_id: str, path: str, seconds: float, *, cut: float = 0.0) -> None:
        at = self._clock.now() - timedelta(seconds=cut)

        async def write(session: AsyncSession) -> None:
            known = select(Voicemail.id).where(Voicemail.call_id == call_id, Voicemail.path == path)
            if await session.scalar(known) is None:  # else the file was found before this row could be written
                session.add(
                    Voicemail(
                        call_id=call_id, node=self._node, path=path, seconds=round(seconds, 2), created_at=at
                    )
                )

        self._keep(write, _CallNeeded(call_id, "voicemail", at))

    def callback(self, call_id: str, phone: str, caller: str) -> bool:
        at = self._clock.now()
        due_at = self._hours.next_open(at + CALLBACK_DUE)

        async def write(session: AsyncSession) -> None:
            session.add(
                CallbackTask(
                    call_id=call_id,
                    phone=phone,
                    kind="requested",
                    created_at=at,
                    due_at=due_at,
                )
            )

        self._keep(write, _CallNeeded(call_id, "callback", at, caller))
        return due_at == at + CALLBACK_DUE

    def handoff(self, call_id: str, target: str, began: datetime, *, answered: bool) -> None:
        at = self._clock.now()

        async def write(session: AsyncSession) -> None:
            session.add(
                Handoff(
                    call_id=call_id,
                    target=target,
                    mode="transfer",
                    started_by="ivr",
                    started_at=began,
                    ended_at=at,
                    result="accepted" if answered else "no_answer",
                )
            )

        self._keep(write, _CallNeeded(call_id, "handed_over" if answered else "unknown", at))

    def _keep(self, write: Write, needs_call: _CallNeeded | None = None) -> None:
        self._put(_Entry(write=write, needs_call=needs_call, at=self._clock.monotonic()))
        self._urgent.set()

    def _put(self, entry: _Entry) -> None:
        if len(self._rows) >= KEPT:
            self._rows.popleft()
            self._lost += 1
            if self._lost % 1000 == 1:
                log.error("the database is away for so long that %d rows were given up", self._lost)
        self._rows.append(entry)
        self._idle.clear()
        self._more.set()

    # -- tasks ---------------------------------------------------------------------------------
    async def _publish(self) -> None:
        while True:
            event = await self._events.get()
            try:
                await self._bus.publish(event)
            except Exception:
                log.exception("a step of the script could not be published")
            finally:
                self._events.task_done()

    async def _write(self) -> None:
        while True:
            await self._more.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GATHER_SECONDS):
                    await self._urgent.wait()
            self._more.clear()
            self._urgent.clear()
            while self._rows:
                batch = [self._rows.popleft() for _ in range(min(BATCH, len(self._rows)))]
                waiting = batch
                try:
                    waiting = await self._write_bounded(batch)
                finally:
                    self._rows.extendleft(reversed(waiting))
                if waiting:
                    await asyncio.sleep(RETRY_SECONDS)
            self._idle.set()

    async def _write_bounded(self, batch: list[_Entry]) -> list[_Entry]:
        """Write these; returns those that must be tried again."""
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                return await self._write_batch(batch)
        except (OSError, TimeoutError) as error:
            log.warning("rows of the script wait for the database: %s", type(error).__name__)
            return batch
        except SQLAlchemyError as error:
            if len(batch) > 1:
                return await self._one_by_one(batch)
            if isinstance(error, StatementError) and not isinstance(error, AWAY):
                log.exception("a row of the script was refused by the database and is given up")
                return []
            log.warning("rows of the script wait for the database: %s", type(error).__name__)
            return batch

    async def _write_batch(self, batch: list[_Entry]) -> list[_Entry]:
        """Write these; returns those whose call has no row yet and that may still wait for it."""
        waiting = []
        async with self._sessions.begin() as session:
            # Steps are most of the rows by far: written in one statement.
            if steps := [entry.step for entry in batch if entry.step is not None]:
                await session.execute(insert(_STEPS), steps)
            for entry in batch:
                if entry.write is None:
                    continue
                if entry.needs_call and not await self._call_is_there(session, entry):
                    waiting.append(entry)
                    continue
                await entry.write(session)
        return waiting

    async def _call_is_there(self, session: AsyncSession, entry: _Entry) -> bool:
        assert entry.needs_call is not None
        needed = entry.needs_call
        if await session.get(Call, needed.call_id) is not None:
            return True
        if self._clock.monotonic() - entry.at < CALL_ROW_SECONDS:
            return False
        # The tracker is away. What the citizen asked for counts more than a complete call row; should the call
        # still go on, the tracker writes over it when it is back.
        session.add(
            Call(
                id=needed.call_id,
                node=self._node,
                caller=needed.caller,
                started_at=min(began_at(needed.call_id), needed.at) if is_call_id(needed.call_id) else needed.at,
                ended_at=needed.at,
                state="ended",
                outcome=needed.outcome,
                hungup_by="unknown",
            )
        )
        await session.flush()
        return True

    async def _one_by_one(self, batch: list[_Entry]) -> list[_Entry]:
        """After a batch was refused: find the row that is at fault instead of losing all."""
        for at, entry in enumerate(batch):
            if await self._write_bounded([entry]):
                return batch[at:]  # the database is away, or this row's call: the rest waits with it
        return []


class NoJournal:
    """Keeps nothing: for walking a script on paper."""

    def step(self, call_id: str, script: str, version: int, node: str, kind: str, detail: str) -> None: ...

    def survey(self, call_id: str, question: str, answer: int, agent: str) -> None: ...

    def voicemail(self, call_id: str, path: str, seconds: float, *, cut: float = 0.0) -> None: ...

    def callback(self, call_id: str, phone: str, caller: str) -> bool:
        return True

    def handoff(self, call_id: str, target: str, began: datetime, *, answered: bool) -> None: ...
