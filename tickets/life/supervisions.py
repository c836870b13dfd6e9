"""Urging and supervision, levels 0 to 4 (domain.md 2.6). Level 0 is an urging: a row and a notice."""

from __future__ import annotations

from sqlalchemy import select

from db.models import Supervision, Urge
from tickets.errors import NotFound
from tickets.fields import FieldErrors
from tickets.life import notices
from tickets.life.act import Act, refuse, worded
from tickets.life.beside import SUPERVISION, allowed, move, noted
from tickets.states import State

LEVELS: dict[int, str] = {0: "催办", 1: "常规督办", 2: "重点督办", 3: "实地督查", 4: "通报问责"}
CAUSES: dict[str, str] = {
    "YELLOW": "临近时限",
    "RED": "超过时限",
    "CITIZEN": "诉求人再次来电",
    "CENTRE": "中心催办",
}
WITH_UNIT = frozenset({State.DISPATCHED, State.SIGNED, State.IN_PROGRESS, State.REWORK, State.RETURN_REVIEW})


async def urge(act: Act, cause: str, note: str = "") -> Urge:
    """Urge the unit that has the ticket."""
    await allowed(act, "urge")
    if cause not in CAUSES:
        raise FieldErrors({"cause": "请选择催办原因。"})
    note = worded("note", note, "催办说明", least=0)
    ticket = act.ticket
    if ticket.state not in WITH_UNIT or ticket.unit_id is None:
        raise refuse("工单现在不在承办单位，不能催办。")
    made = Urge(ticket_id=ticket.id, at=act.now, by_user_id=act.actor.user_id, cause=cause, note=note)
    act.session.add(made)
    text = f"【12345热线】催办：工单{ticket.ticket_no}，{CAUSES[cause]}，请抓紧办理。"
    notices.tell_unit(act.session, ticket, ticket.unit_id, act.now, "urge", text)
    noted(act, "urge", f"{CAUSES[cause]}{'：' + note if note else ''}")
    return made


async def open_of(act: Act) -> Supervision | None:
    """The order that is not ended; there is at most one."""
    found: Supervision | None = await act.session.scalar(
        select(Supervision)
        .where(Supervision.ticket_id == act.ticket.id, Supervision.state.in_(("OPEN", "ANSWERED")))
        .order_by(Supervision.id.desc())
        .limit(1)
    )
    return found


async def supervise(act: Act, level: int, cause: str) -> Supervision:
    """Open an order; a higher level takes the place of a lower one. Levels 3 and 4 follow the one before them."""
    await allowed(act, "supervise")
    cause = worded("cause", cause, "督办理由")
    ticket = act.ticket
    if level not in LEVELS or level == 0:
        raise FieldErrors({"level": "请选择督办级别。"})
    if ticket.unit_id is None or ticket.state == State.ARCHIVED:
        raise refuse("没有承办单位或已归档的工单不能督办。")
    before = await open_of(act)
    if before is not None and before.level >= level:
        raise refuse(f"已在“{LEVELS[before.level]}”中，只能提级。")
    if level > 2 and (before is None or before.level != level - 1):
        raise refuse(f"“{LEVELS[level - 1]}”仍无结果的，才能提级为“{LEVELS[level]}”。")
    if before is not None:
        move(before, SUPERVISION, "RAISED", "提级督办")
        before.ended_by, before.ended_at = act.actor.user_id, act.now
    days = act.policy.late.answer_workdays
    order = Supervision(
        ticket_id=ticket.id,
        level=level,
        state="OPEN",
        cause=cause,
        opened_by=act.actor.user_id,
        opened_at=act.now,
        answer_by=act.timing.calendar.add_workdays(act.now, days),
    )
    act.session.add(order)
    await act.session.flush()
    text = f"【12345热线】工单{ticket.ticket_no}已列入{LEVELS[level]}，请在{days}个工作日内答复。"
    notices.tell_unit(act.session, ticket, ticket.unit_id, act.now, "supervision", text)
    action = "raise_supervision" if before is not None else "supervise"
    noted(act, action, f"{LEVELS[level]}：{cause}", supervision_id=order.id, level=level)
    return order


async def _waiting(act: Act) -> Supervision:
    found = await open_of(act)
    if found is None:
        raise NotFound("没有找到未办结的督办。")
    return found


async def answer(act: Act, text: str) -> Supervision:
    """The unit's head answers the order."""
    await allowed(act, "answer_supervision")
    text = worded("answer", text, "督办答复", most=4000)
    order = await _waiting(act)
    move(order, SUPERVISION, "ANSWERED", "答复督办")
    order.answer, order.answered_by, order.answered_at = text, act.actor.user_id, act.now
    noted(act, "answer_supervision", text, supervision_id=order.id)
    return order


async def end(act: Act, note: str) -> Supervision:
    """The order has been met."""
    await allowed(act, "end_supervision")
    note = worded("note", note, "督办结论")
    order = await _waiting(act)
    move(order, SUPERVISION, "CLOSED", "办结督办")
    order.ended_by, order.ended_at, order.note = act.actor.user_id, act.now, note
    noted(act, "end_supervision", note, supervision_id=order.id)
    return order
