"""Citizens to be called back: who gave up after five seconds or more, who asked for it, who left a message.

One open task a phone number: who tries four times is called back once. Whoever calls has the task to themselves;
who took it and when is in the audit trail, where every step of a task leaves a row (domain.md 3.2, N07, N21).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from calls.callbacks.call_hours import CallHours
from db.models.call import Call, CallbackTask
from db.models.organisation import User
from db.models.ticket import AuditEvent
from runtime.bus import Bus
from runtime.clock import Clock, local
from runtime.events import CallbackChanged

KIND = "callback"
"""`object_kind` of the tasks' rows in the audit trail."""
SHORT_S = 5.0
"""Who hangs up sooner has mis-dialled or thought better of it."""
DUE = timedelta(minutes=30)
ATTEMPTS = 3
"""domain.md 3.2, N21."""

OPEN = ("open", "taken")
RANK = {"missed": 0, "requested": 1, "voicemail": 2}
"""A task of a number that calls again becomes what asks for more: a message must be heard."""


DAY = CallHours()
ALWAYS = CallHours(0, 24)
ALARM_FOR = timedelta(days=1)
"""An alarm of the same number so long before the task belongs to it."""


class CallbackError(Exception):
    """The task cannot be taken or finished; the text is Chinese, for people."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who took a task, and when."""

    user_id: int | None
    name: str
    at: datetime


async def request(
    session: AsyncSession,
    clock: Clock,
    *,
    call_id: str,
    phone: str,
    kind: str = "requested",
    hours: CallHours = DAY,
) -> CallbackTask:
    """A task to call `phone` (normalised digits) back within 30 minutes; the open one if there is one.

    What would be due outside the hours is due when they begin.
    kind: requested (asked by key), missed, voicemail. Raises CallbackError for an empty phone.
    """
    if not phone:
        raise CallbackError("没有可回拨的号码。")
    found = await session.scalar(
        select(CallbackTask).where(CallbackTask.phone == phone, CallbackTask.state.in_(OPEN)).limit(1)
    )
    if found is not None:
        if RANK[kind] > RANK.get(found.kind, 0):
            found.kind, found.call_id = kind, call_id
        return found
    now = clock.now()
    due_at = hours.next_open(now + DUE)
    task = CallbackTask(
        call_id=call_id, phone=phone, kind=kind, state="open", created_at=now, due_at=due_at, attempts=0
    )
    session.add(task)
    await session.flush()
    return task


async def tell(bus: Bus, clock: Clock, task: CallbackTask) -> None:
    """Let every desk know that this task was made or has moved; after the transaction that did it."""
    await bus.publish(CallbackChanged(call_id=task.call_id, task_id=task.id, state=task.state, at=clock.now()))


async def list_open(session: AsyncSession, *, limit: int = 200) -> Sequence[CallbackTask]:
    """Tasks not yet done, the most urgent first."""
    query = select(CallbackTask).where(CallbackTask.state.in_(OPEN)).order_by(CallbackTask.due_at).limit(limit)
    return (await session.scalars(query)).all()


async def claims_of(session: AsyncSession, task_ids: Iterable[int]) -> dict[int, Claim]:
    """The latest claim of each of these tasks."""
    rows = await session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.object_kind == KIND,
            AuditEvent.object_id.in_([str(task_id) for task_id in task_ids]),
            AuditEvent.action == "take",
        )
        .order_by(AuditEvent.id)
    )
    return {int(row.object_id): Claim(row.actor_user_id, row.actor_name, row.at) for row in rows}


async def may_call(session: AsyncSession, task: CallbackTask, now: datetime, hours: CallHours) -> bool:
    """Whether this number may be rung now: within the hours, or at any time when life may be at stake."""
    if hours.open(now):
        return True
    alarmed = exists().where(
        Call.caller == task.phone, Call.emergency.is_(True), Call.started_at >= task.created_at - ALARM_FOR
    )
    return bool(await session.scalar(select(alarmed)))


async def take(
    session: AsyncSession, clock: Clock, task_id: int, user_id: int, *, hours: CallHours = ALWAYS
) -> CallbackTask:
    """The user takes the task, so that nobody else calls. Raises CallbackError naming who has it, or the hours."""
    wanted = await session.get(CallbackTask, task_id)
    if wanted is not None and not await may_call(session, wanted, clock.now(), hours):
        raise CallbackError(f"夜间不回拨市民，请在{hours.first}:00以后回拨。")
    other = aliased(CallbackTask)
    same_number = exists().where(
        other.phone == CallbackTask.phone, other.state == "taken", other.taken_by != user_id
    )
    taken = await session.execute(
        update(CallbackTask)
        .where(
            CallbackTask.id == task_id,
            or_(
                CallbackTask.state == "open", (CallbackTask.state == "taken") & (CallbackTask.taken_by == user_id)
            ),
            ~same_number,
        )
        .values(state="taken", taken_by=user_id)
        .returning(CallbackTask.id)
        .execution_options(synchronize_session=False)
    )
    if taken.scalar_one_or_none() is None:
        raise CallbackError(await _why_not(session, task_id))
    task = await session.get_one(CallbackTask, task_id, populate_existing=True)
    name = await session.scalar(select(User.name).where(User.id == user_id))
    _trace(session, clock, task, "take", "open", user_id=user_id, name=name or "")
    return task


async def _why_not(session: AsyncSession, task_id: int) -> str:
    task = await session.get(CallbackTask, task_id, populate_existing=True)
    if task is None:
        return "没有这个回拨任务。"
    if task.state not in OPEN:
        return f"这个回拨任务已经结束：{task.result or '已处理'}。"
    held = await session.scalar(
        select(CallbackTask).where(CallbackTask.phone == task.phone, CallbackTask.state == "taken").limit(1)
    )
    claim = (await claims_of(session, [held.id])).get(held.id) if held else None
    if claim is None:
        return "这个回拨任务已经由他人处理。"
    return f"这个回拨任务已由{claim.name}于{local(claim.at):%H:%M}认领，请回拨其他来电。"


async def release(session: AsyncSession, clock: Clock, task_id: int, *, reason: str) -> CallbackTask | None:
    """Give a taken task back, without counting an attempt; None when nobody has it."""
    task = await session.get(CallbackTask, task_id, with_for_update=True, populate_existing=True)
    if task is None or task.state != "taken":
        return None
    _trace(session, clock, task, "release", "taken", to="open", user_id=task.taken_by, reason=reason)
    task.state, task.taken_by = "open", None
    return task


async def finish(
    session: AsyncSession, clock: Clock, task_id: int, user_id: int | None, *, reached: bool, result: str = ""
) -> CallbackTask:
    """Note how the call-back went: reached = done; else open again, given up after three attempts."""
    task = await session.get(CallbackTask, task_id, with_for_update=True, populate_existing=True)
    if task is None or task.state not in OPEN:
        raise CallbackError("这个回拨任务已经结束。")
    if task.taken_by not in (None, user_id):
        raise CallbackError("这个回拨任务已经由他人处理。")
    came_from = task.state
    task.attempts += 1
    task.result = result[:64]
    if reached or task.attempts >= ATTEMPTS:
        task.state = "done" if reached else "given_up"
        task.done_at = clock.now()
    else:
        task.state, task.taken_by = "open", None
    action = {"done": "reach", "given_up": "give_up"}.get(task.state, "attempt")
    _trace(session, clock, task, action, came_from, to=task.state, user_id=user_id, reason=task.result)
    if reached:
        await _close_doubles(session, clock, task)
    return task


async def _close_doubles(session: AsyncSession, clock: Clock, task: CallbackTask) -> None:
    """Whoever was reached is not called again for the same number, unless a message waits to be heard."""
    await session.execute(
        update(CallbackTask)
        .where(
            CallbackTask.phone == task.phone,
            CallbackTask.id != task.id,
            CallbackTask.state == "open",
            CallbackTask.kind != "voicemail",
        )
        .values(state="done", done_at=clock.now(), result="同一号码已回拨")
    )


def _trace(
    session: AsyncSession,
    clock: Clock,
    task: CallbackTask,
    action: str,
    came_from: str,
    *,
    to: str = "taken",
    user_id: int | None = None,
    name: str = "",
    reason: str = "",
) -> None:
    """One row of the audit trail; it never holds the number."""
    session.add(
        AuditEvent(
            at=clock.now(),
            object_kind=KIND,
            object_id=str(task.id),
            action=action,
            actor_user_id=user_id,
            actor_name=name,
            from_state=came_from,
            to_state=to,
            reason=reason,
            detail={"call_id": task.call_id, "attempts": task.attempts},
        )
    )
