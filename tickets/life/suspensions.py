"""Time that does not count (domain.md 2.4, rule 4): waiting for evidence, a court, a laboratory."""

from __future__ import annotations

from sqlalchemy import select

from db.models import Suspension
from tickets.clocks.reckoning import Kind
from tickets.errors import NotFound
from tickets.life.act import Act, chosen, refuse, worded
from tickets.life.beside import SUSPENSION, allowed, move, noted
from tickets.states import State

CAUSES: dict[str, str] = {
    "EVIDENCE": "等待诉求人补充材料",
    "COURT": "等待司法程序结果",
    "TEST": "等待检验、检测或鉴定结果",
}


async def ask(act: Act, cause: str, reason: str) -> Suspension:
    """The unit asks that its close_by clock stand still."""
    await allowed(act, "ask_suspension")
    chosen("cause", cause, CAUSES, "中止计时的原因")
    reason = worded("reason", reason, "中止计时的理由")
    if act.ticket.state not in (State.SIGNED, State.IN_PROGRESS):
        raise refuse("只有已签收或办理中的工单可以申请中止计时。")
    clocks = await act.timing.running(act.ticket, "close_by")
    if not clocks:
        raise refuse("这张工单没有在走的办结时限。")
    if act.now > clocks[-1].due_at:
        raise refuse("已超过办结时限，不能再申请中止计时。")
    if await _in(act, "ASKED") is not None or await _in(act, "RUNNING") is not None:
        raise refuse("已有一份中止计时的申请。")
    wait = Suspension(
        ticket_id=act.ticket.id,
        state="ASKED",
        cause=cause,
        reason=reason,
        asked_by=act.actor.user_id,
        asked_at=act.now,
    )
    act.session.add(wait)
    await act.session.flush()
    noted(act, "ask_suspension", f"{CAUSES[cause]}：{reason}", suspension_id=wait.id)
    return wait


async def _in(act: Act, state: str) -> Suspension | None:
    found: Suspension | None = await act.session.scalar(
        select(Suspension)
        .where(Suspension.ticket_id == act.ticket.id, Suspension.state == state)
        .order_by(Suspension.id.desc())
        .limit(1)
    )
    return found


async def _waiting(act: Act, state: str) -> Suspension:
    found = await _in(act, state)
    if found is None:
        raise NotFound("没有找到待处理的中止计时申请。" if state == "ASKED" else "现在没有中止计时。")
    return found


async def approve(act: Act, note: str = "") -> Suspension:
    """The clock stands still from now on; a clock that is late already does not."""
    await allowed(act, "suspend")
    note = worded("note", note, "审批意见", least=0)
    wait = await _waiting(act, "ASKED")
    clocks = await act.timing.running(act.ticket, "close_by")
    if not clocks or act.now > clocks[-1].due_at:
        raise refuse("已超过办结时限，不能中止计时。")
    move(wait, SUSPENSION, "RUNNING", "批准中止计时")
    wait.decided_by, wait.began_at, wait.note = act.actor.user_id, act.now, note
    await act.timing.happen(act.ticket, "close_by", Kind.PAUSE, act.now)
    noted(act, "suspend", note, suspension_id=wait.id)
    return wait


async def decline(act: Act, note: str) -> Suspension:
    await allowed(act, "refuse_suspension")
    note = worded("note", note, "不批准的理由")
    wait = await _waiting(act, "ASKED")
    move(wait, SUSPENSION, "REFUSED", "不批准中止计时")
    wait.decided_by, wait.ended_at, wait.note = act.actor.user_id, act.now, note
    noted(act, "refuse_suspension", note, suspension_id=wait.id)
    return wait


async def resume(act: Act) -> Suspension:
    """What was waited for is there: the rest of the time runs on."""
    await allowed(act, "resume")
    wait = await _waiting(act, "RUNNING")
    move(wait, SUSPENSION, "ENDED", "恢复计时")
    wait.ended_by, wait.ended_at = act.actor.user_id, act.now
    await act.timing.happen(act.ticket, "close_by", Kind.RESUME, act.now)
    noted(act, "resume", suspension_id=wait.id)
    return wait


async def close_open(act: Act, note: str) -> None:
    """End what waits, because the ticket has moved on; the clock is told, where it stands still."""
    for state, to in (("ASKED", "REFUSED"), ("RUNNING", "ENDED")):
        wait = await _in(act, state)
        if wait is not None:
            move(wait, SUSPENSION, to, "结束中止计时")
            wait.ended_at, wait.note = act.now, note
    await act.timing.happen(act.ticket, "close_by", Kind.RESUME, act.now)
