"""Citizens to be called back: who gave up after five seconds or more, and who asked for it.

One open task a phone number: who tries four times is called back once. Source: domain.md 3.2, N07.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models.call import Call, CallbackTask
from db.session import Sessions
from hotline.bus import Bus
from hotline.clock import Clock
from hotline.events import CallAnswered, Event, QueueAbandoned

log = logging.getLogger(__name__)

SHORT_S = 5.0
"""Who hangs up sooner has mis-dialled or thought better of it."""
DUE = timedelta(minutes=30)
ATTEMPTS = 3

OPEN = ("open", "taken")


class CallbackError(Exception):
    """The task cannot be taken or finished; the text is Chinese, for people."""


async def request(
    session: AsyncSession, clock: Clock, *, call_id: str, phone: str, kind: str = "requested"
) -> CallbackTask:
    """A task to call `phone` (normalised digits) back within 30 minutes; the open one if there is one.

    kind: requested (asked by key), missed, voicemail. Raises CallbackError for an empty phone.
    """
    if not phone:
        raise CallbackError("没有可回拨的号码。")
    found = await session.scalar(
        select(CallbackTask).where(CallbackTask.phone == phone, CallbackTask.state.in_(OPEN)).limit(1)
    )
    if found is not None:
        if kind == "requested":
            found.kind = kind
        return found
    now = clock.now()
    task = CallbackTask(
        call_id=call_id, phone=phone, kind=kind, state="open", created_at=now, due_at=now + DUE, attempts=0
    )
    session.add(task)
    await session.flush()
    return task


async def list_open(session: AsyncSession, *, limit: int = 200) -> Sequence[CallbackTask]:
    """Tasks not yet done, the most urgent first."""
    query = select(CallbackTask).where(CallbackTask.state.in_(OPEN)).order_by(CallbackTask.due_at).limit(limit)
    return (await session.scalars(query)).all()


async def take(session: AsyncSession, task_id: int, user_id: int) -> CallbackTask:
    """The user takes the task, so that nobody else calls. Raises CallbackError when somebody has it."""
    taken = await session.execute(
        update(CallbackTask)
        .where(
            CallbackTask.id == task_id,
            or_(
                CallbackTask.state == "open", (CallbackTask.state == "taken") & (CallbackTask.taken_by == user_id)
            ),
        )
        .values(state="taken", taken_by=user_id)
        .returning(CallbackTask.id)
    )
    if taken.scalar_one_or_none() is None:
        raise CallbackError("这个回拨任务已经由他人处理。")
    task = await session.get(CallbackTask, task_id, populate_existing=True)
    assert task is not None
    return task


async def finish(
    session: AsyncSession, clock: Clock, task_id: int, user_id: int, *, reached: bool, result: str = ""
) -> CallbackTask:
    """Note how the call-back went: reached = done; else open again, given up after three attempts."""
    task = await session.get(CallbackTask, task_id, with_for_update=True)
    if task is None or task.state not in OPEN:
        raise CallbackError("这个回拨任务已经结束。")
    if task.taken_by not in (None, user_id):
        raise CallbackError("这个回拨任务已经由他人处理。")
    task.attempts += 1
    task.result = result[:64]
    if reached or task.attempts >= ATTEMPTS:
        task.state = "done" if reached else "given_up"
        task.done_at = clock.now()
    else:
        task.state, task.taken_by = "open", None
    return task


class Callbacks:
    """Makes tasks of abandoned calls, and closes them when the citizen gets through by themselves."""

    def __init__(self, sessions: Sessions, bus: Bus, clock: Clock) -> None:
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._heard, QueueAbandoned, CallAnswered)

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()

    async def _heard(self, event: Event) -> None:
        async with self._sessions.begin() as session:
            call = await session.get(Call, event.call_id)
            if call is None or not call.caller:
                return
            if isinstance(event, QueueAbandoned):
                if event.wait_s >= SHORT_S and call.direction == "in":
                    await request(session, self._clock, call_id=call.id, phone=call.caller, kind="missed")
            elif call.direction == "in":
                await session.execute(
                    update(CallbackTask)
                    .where(
                        CallbackTask.phone == call.caller,
                        CallbackTask.state == "open",
                        CallbackTask.kind == "missed",
                    )
                    .values(state="done", done_at=self._clock.now(), result="市民再次来电已接通")
                )
