"""What becomes of claims: a call-back's end settles its task, and a claim that leads nowhere is given back.

All of it is read from the database, so that a restart of the desk or the node loses no claim and no result.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from calls.callbacks.tasks import KIND, Claim, claims_of, finish, release
from db.models.call import AgentSession, Call, CallbackTask, CallEvent
from db.models.ticket import AuditEvent
from runtime.clock import Clock

CLAIM_FOR = timedelta(minutes=10)
"""How long a task may be held without a call: taking and dialling are one press of a key."""
RUNG = timedelta(seconds=15)
"""An agent who hangs up sooner than this has thought better of it: that is no attempt."""
CLEARED = frozenset({"", "0", "16"})
"""Causes that the other side did not give: the call was cleared from ours."""
SKEW = timedelta(seconds=5)
"""The desk's clock and the node's may differ by this much."""

CAUSES = {"17": "占线", "21": "拒接", "1": "空号", "28": "号码不正确", "34": "线路忙", "38": "线路故障"}
"""Q.850 causes of a call that was not answered; all others are taken as 无人接听."""


async def task_of(session: AsyncSession, call: Call) -> CallbackTask | None:
    """The task that this call of ours was made for, whatever became of it: the claim just before the call."""
    if call.direction != "out" or not call.caller:
        return None
    tasks = await session.scalars(
        select(CallbackTask).where(
            CallbackTask.phone == call.caller, CallbackTask.created_at <= call.started_at + SKEW
        )
    )
    by_id = {str(task.id): task for task in tasks}
    claimed = await session.scalar(
        select(AuditEvent.object_id)
        .where(
            AuditEvent.object_kind == KIND,
            AuditEvent.action == "take",
            AuditEvent.object_id.in_(by_id),
            AuditEvent.at.between(call.started_at - CLAIM_FOR, call.started_at + SKEW),
        )
        .order_by(AuditEvent.id.desc())
        .limit(1)
    )
    return by_id.get(claimed or "")


async def settle(session: AsyncSession, clock: Clock, call: Call) -> CallbackTask | None:
    """A call of ours to a citizen is over: close or reopen the task it was made for; None when there is none."""
    task = await session.scalar(
        select(CallbackTask)
        .where(CallbackTask.phone == call.caller, CallbackTask.state == "taken")
        .order_by(CallbackTask.id)
        .limit(1)
        .with_for_update()
    )
    if task is None or call.ended_at is None:
        return None
    claim = (await claims_of(session, [task.id])).get(task.id)
    if claim is None or call.ended_at < claim.at - SKEW:
        return None
    return await _settle(session, clock, task, call)


async def _settle(session: AsyncSession, clock: Clock, task: CallbackTask, call: Call) -> CallbackTask | None:
    if call.answered_at is not None:
        talk = int(call.talk_s or 0)
        told = f"已接通，通话{talk // 60}分{talk % 60:02d}秒" if talk >= 60 else f"已接通，通话{talk}秒"
        return await finish(session, clock, task.id, task.taken_by, reached=True, result=told)
    if not call.channel:
        return await release(session, clock, task.id, reason="坐席软电话未接通，市民没有被呼叫")
    cause = await _cause(session, call)
    rung = (call.ended_at or clock.now()) - call.started_at
    if cause in CLEARED and rung < RUNG:
        return await release(session, clock, task.id, reason="坐席取消")
    result = CAUSES.get(cause, "无人接听")
    return await finish(session, clock, task.id, task.taken_by, reached=False, result=result)


async def _cause(session: AsyncSession, call: Call) -> str:
    ended = await session.scalar(
        select(CallEvent)
        .where(CallEvent.call_id == call.id, CallEvent.kind == "call_ended")
        .order_by(CallEvent.id.desc())
        .limit(1)
    )
    return str(ended.detail.get("cause", "")) if ended is not None else ""


async def sweep(session: AsyncSession, clock: Clock) -> list[CallbackTask]:
    """Settle claims whose call ended unheard, give back those of agents who left and those held too long."""
    taken = list(
        await session.scalars(
            select(CallbackTask).where(CallbackTask.state == "taken").with_for_update(skip_locked=True)
        )
    )
    claims = await claims_of(session, [task.id for task in taken])
    moved: list[CallbackTask] = []
    for task in taken:
        done = await _look(session, clock, task, claims.get(task.id))
        if done is not None:
            moved.append(done)
    return moved


async def _look(
    session: AsyncSession, clock: Clock, task: CallbackTask, claim: Claim | None
) -> CallbackTask | None:
    if claim is None:
        return await release(session, clock, task.id, reason="没有认领记录")
    call = await session.scalar(
        select(Call)
        .where(Call.caller == task.phone, Call.direction == "out", Call.started_at >= claim.at - SKEW)
        .order_by(Call.started_at.desc())
        .limit(1)
    )
    if call is not None:
        return await _settle(session, clock, task, call) if call.state == "ended" else None
    if clock.now() - claim.at > CLAIM_FOR:
        return await release(session, clock, task.id, reason="认领后十分钟没有回拨")
    seated = await session.scalar(
        select(AgentSession.agent)
        .where(AgentSession.user_id == task.taken_by, AgentSession.state != "offline")
        .limit(1)
    )
    if seated is None:
        return await release(session, clock, task.id, reason="认领的坐席已签出")
    return None
