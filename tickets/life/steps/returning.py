"""A unit asks that a ticket be taken back, and the centre decides: T10 to T13.

Handling clocks never stop meanwhile. After the limit of returns the centre designates; then nobody asks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from db.models import ReturnRequest, Unit
from tickets.clocks.reckoning import Kind
from tickets.clocks.rules import due_at
from tickets.errors import NotFound
from tickets.life import notices
from tickets.life.act import Act, Happens, Nothing, Plan, Said, chosen, refuse, worded
from tickets.life.beside import RETURN, allowed, move, noted
from tickets.life.steps.dispatching import add_dispatch, last_dispatch
from tickets.permissions import require
from tickets.states import State

REASONS: dict[str, str] = {
    "DUTY": "不属于本单位职责",
    "PLACE": "不属于本单位管辖区域",
    "SEVERAL": "需由其他单位主办",
    "UNCLEAR": "诉求内容不清，无法办理",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the unit says: reason code, legal basis, and the unit it proposes instead."""

    reason_code: str
    basis: str
    suggested: Unit | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """T11, T12: why."""

    note: str


@dataclass(frozen=True, slots=True)
class Designated:
    """T13: the unit that must act, and why."""

    unit: Unit
    note: str


async def requests(act: Act) -> int:
    """How many returns of this ticket were put to the centre so far."""
    put = select(func.count()).where(ReturnRequest.ticket_id == act.ticket.id, ReturnRequest.put_at.is_not(None))
    return await act.session.scalar(put) or 0


async def waiting(act: Act, state: str) -> ReturnRequest:
    """The request of this ticket in this state; raises `NotFound`."""
    found = await act.session.scalar(
        select(ReturnRequest)
        .where(ReturnRequest.ticket_id == act.ticket.id, ReturnRequest.state == state)
        .order_by(ReturnRequest.id.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("没有找到待处理的退单申请。")
    return found


def window_ends(act: Act, dispatched_at: datetime) -> datetime:
    """Until when a return may be asked for."""
    policy = act.policy.returning
    rule = policy.complex_window if act.ticket.procedure == "ORDINARY" else policy.window
    return due_at(rule, dispatched_at, act.timing.calendar)


async def propose(act: Act, data: Asked) -> ReturnRequest:
    """The liaison's request, for the unit's head to agree to. Raises a `TicketError`."""
    await allowed(act, "propose_return")
    ticket = act.ticket
    chosen("reason_code", data.reason_code, REASONS, "退单原因")
    basis = worded("basis", data.basis, "退单的法律或职责依据")
    if ticket.state not in (State.DISPATCHED, State.SIGNED):
        raise refuse("只有待签收或已签收、尚未流转办理的工单可以申请退单。")
    sent = await last_dispatch(act)
    if act.now > window_ends(act, sent.dispatched_at):
        raise refuse("已超过申请退单的时限，应由本单位办理。")
    if await requests(act) > act.policy.returning.limit:
        raise refuse("这张工单已指定承办，不能再申请退单。")
    same = (
        select(ReturnRequest.state).where(ReturnRequest.dispatch_id == sent.id).order_by(ReturnRequest.id.desc())
    )
    before = await act.session.scalar(same.limit(1))
    if before in ("ASKED", "PUT"):
        raise refuse("已有一份退单申请在处理。")
    if before in ("REFUSED", "DESIGNATED"):
        raise refuse("这次派单的退单申请已有决定，应由本单位办理。")
    if data.suggested is not None and data.suggested.id == ticket.unit_id:
        raise refuse("建议承办单位不能是本单位。")
    request = ReturnRequest(
        ticket_id=ticket.id,
        dispatch_id=sent.id,
        unit_id=sent.unit_id,
        state="ASKED",
        reason_code=data.reason_code,
        basis=basis,
        suggested_unit_id=data.suggested.id if data.suggested else None,
        asked_by=act.actor.user_id,
        asked_at=act.now,
    )
    act.session.add(request)
    await act.session.flush()
    noted(act, "propose_return", f"{REASONS[data.reason_code]}：{basis}", request_id=request.id)
    return request


async def drop(act: Act, note: str) -> ReturnRequest:
    """The unit's head does not agree: the unit keeps the ticket. Raises a `TicketError`."""
    await allowed(act, "drop_return")
    note = worded("note", note, "不同意的理由")
    request = await waiting(act, "ASKED")
    move(request, RETURN, "DROPPED", "不同意申请退单")
    request.decided_by, request.decided_at, request.note = act.actor.user_id, act.now, note
    noted(act, "drop_return", note, request_id=request.id)
    return request


async def _head_agrees(act: Act, data: Nothing) -> None:
    require(act.actor, "approve_return", act.ticket)
    request = await waiting(act, "ASKED")
    sent = await last_dispatch(act)
    if request.dispatch_id != sent.id:
        raise refuse("退单申请所指的派单已经结束。")
    if request.asked_at > window_ends(act, sent.dispatched_at):
        raise refuse("已超过申请退单的时限，应由本单位办理。")


async def _put(act: Act, data: Nothing) -> Said:
    request = await waiting(act, "ASKED")
    move(request, RETURN, "PUT", "申请退单")
    request.put_by, request.put_at = act.actor.user_id, act.now
    detail = {"request_id": request.id, "suggested_unit_id": request.suggested_unit_id}
    return Said(f"{REASONS[request.reason_code]}：{request.basis}", detail)


async def _close(act: Act, state: str, note: str) -> ReturnRequest:
    request = await waiting(act, "PUT")
    move(request, RETURN, state, "审核退单")
    request.note = note
    request.decided_by, request.decided_at = act.actor.user_id, act.now
    return request


async def _may_return(act: Act, data: Decided) -> None:
    worded("note", data.note, "审核意见")
    await waiting(act, "PUT")
    if act.ticket.returns >= act.policy.returning.limit:
        raise refuse("退单次数已到上限，应由分办负责人指定承办单位。")


async def _return(act: Act, data: Decided) -> Said:
    ticket = act.ticket
    request = await _close(act, "APPROVED", data.note.strip())
    sent = await last_dispatch(act)
    sent.returned_at = act.now
    ticket.returns += 1
    ticket.unit_id = ticket.dispatched_at = ticket.signed_at = None
    return Said(data.note.strip(), {"request_id": request.id, "from_unit_id": sent.unit_id})


async def _may_refuse(act: Act, data: Decided) -> None:
    worded("note", data.note, "审核意见")
    await waiting(act, "PUT")


async def _refuse(act: Act, data: Decided) -> Said:
    request = await _close(act, "REFUSED", data.note.strip())
    sent = await last_dispatch(act)
    if sent.signed_at is None:
        sent.signed_at = act.now
    act.ticket.signed_at = sent.signed_at
    return Said(data.note.strip(), {"request_id": request.id})


async def _may_designate(act: Act, data: Designated) -> None:
    worded("note", data.note, "指定承办的理由")
    await waiting(act, "PUT")
    if act.ticket.returns < act.policy.returning.limit:
        raise refuse(f"退单满{act.policy.returning.limit}次仍有争议的，才能指定承办。")


async def _designate(act: Act, data: Designated) -> Said:
    request = await _close(act, "DESIGNATED", data.note.strip())
    (await last_dispatch(act)).returned_at = act.now
    await act.session.flush()
    sent = await add_dispatch(act, data.unit, "指定承办")
    sent.signed_at = act.ticket.signed_at = act.now
    return Said(data.note.strip(), {"request_id": request.id, "unit_id": data.unit.id, "unit": data.unit.name})


async def _tell_designated(act: Act, data: Designated) -> str:
    text = f"【12345热线】工单{act.ticket.ticket_no}已指定您单位承办，请按时限办理。"
    notices.tell_unit(act.session, act.ticket, data.unit.id, act.now, "designated", text)
    return "承办单位变更不另行告知诉求人"


PLANS: dict[str, Plan[Any]] = {
    "T10": Plan(Nothing, guard=_head_agrees, write=_put, clocks=(Happens(Kind.PAUSE, "sign_by"),)),
    # The centre must find another unit within the day.
    "T11": Plan(
        Decided,
        guard=_may_return,
        write=_return,
        clocks=(Happens(Kind.STOP, "sign_by"), Happens(Kind.RESTART, "divert_by")),
    ),
    "T12": Plan(
        Decided,
        guard=_may_refuse,
        write=_refuse,
        clocks=(Happens(Kind.ANNUL, "sign_by"), Happens(Kind.MEET, "sign_by")),
    ),
    "T13": Plan(
        Designated,
        guard=_may_designate,
        write=_designate,
        clocks=(Happens(Kind.ANNUL, "sign_by"), Happens(Kind.MEET, "sign_by")),
        tell=_tell_designated,
    ),
}
