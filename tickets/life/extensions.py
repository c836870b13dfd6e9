"""More time for a unit (domain.md 2.6): once, before the limit ends, at most the original limit and 30 days.

The unit's head signs; the head of dispatching answers within four working hours, silence is a refusal.
"""

from __future__ import annotations

from sqlalchemy import func, select

from db.models import Extension, Ticket, TicketClock
from tickets.clocks.reckoning import Kind
from tickets.clocks.rules import due_at
from tickets.clocks.timing import events_of
from tickets.errors import NotFound
from tickets.fields import FieldErrors
from tickets.life import notices
from tickets.life.act import Act, refuse, worded
from tickets.life.beside import EXTENSION, allowed, move, noted
from tickets.permissions import may
from tickets.states import State

ASKABLE = frozenset({State.SIGNED, State.IN_PROGRESS})
UNITS = {"workday": "个工作日", "calday": "天", "hour": "小时", "minute": "分钟"}


async def _running_clock(act: Act) -> tuple[TicketClock, float, str]:
    """The close_by clock that runs, its limit and the limit's unit; raises `WrongState`."""
    clocks = await act.timing.running(act.ticket, "close_by")
    if not clocks:
        raise refuse("这张工单没有在走的办结时限。")
    clock = clocks[-1]
    events = await events_of(act.session, clock)
    kept = events[0].rule if events else {}
    rule = act.timing.rule(act.ticket, "close_by") if not kept else None
    value = float(kept["value"]) if kept else (rule.value if rule else 0)
    unit = str(kept["unit"]) if kept else (rule.unit if rule else "same_day")
    if unit == "same_day":
        raise refuse("当日办结的工单不能延期。")
    return clock, value, unit


async def ask(act: Act, amount: int, reason: str, basis: str = "") -> Extension:
    """The unit asks for `amount` more, in the unit of its limit. A head's own request is signed with it."""
    await allowed(act, "ask_extension")
    reason = worded("reason", reason, "延期理由")
    basis = worded("basis", basis, "法定时限依据", least=0, most=200)
    if act.ticket.state not in ASKABLE:
        raise refuse("只有已签收或办理中的工单可以申请延期。")
    clock, limit, unit = await _running_clock(act)
    if act.now > clock.due_at:
        raise refuse("已超过办结时限，不能再申请延期。")
    if clock.paused_at is not None:
        raise refuse("中止计时期间不能申请延期。")
    policy = act.policy.extension
    days = policy.max_days if unit in ("workday", "calday") else policy.max_days * 24
    most = int(min(limit, days))
    if not 1 <= amount <= most:
        raise FieldErrors({"amount": f"延期时间应为1至{most}{UNITS[unit]}，不超过原时限。"})
    used = await act.session.scalar(
        select(func.count()).where(
            Extension.ticket_id == act.ticket.id, Extension.state.in_(("ASKED", "SIGNED", "GRANTED"))
        )
    )
    if (used or 0) >= policy.times:
        raise refuse(f"这张工单已申请或已延期，最多延期{policy.times}次。")
    request = Extension(
        ticket_id=act.ticket.id,
        unit_id=act.ticket.unit_id,
        state="ASKED",
        amount=amount,
        reason=reason,
        basis=basis,
        asked_by=act.actor.user_id,
        asked_at=act.now,
    )
    act.session.add(request)
    await act.session.flush()
    noted(act, "ask_extension", reason, request_id=request.id, amount=amount, unit=unit)
    if may(act.actor, "sign_extension", act.ticket):
        await sign(act)
    return request


async def waiting(act: Act) -> Extension:
    """The request that somebody must answer; raises `NotFound`."""
    found = await act.session.scalar(
        select(Extension)
        .where(Extension.ticket_id == act.ticket.id, Extension.state.in_(("ASKED", "SIGNED")))
        .order_by(Extension.id.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("没有找到待处理的延期申请。")
    return found


async def sign(act: Act) -> Extension:
    """The unit's head stands for the request; the time for the answer begins."""
    await allowed(act, "sign_extension")
    request = await waiting(act)
    clock, _, _ = await _running_clock(act)
    if act.now > clock.due_at:
        raise refuse("已超过办结时限，不能再申请延期。")
    move(request, EXTENSION, "SIGNED", "同意申请延期")
    request.signed_by, request.signed_at = act.actor.user_id, act.now
    request.answer_by = due_at(act.policy.extension.answer, act.now, act.timing.calendar)
    noted(act, "sign_extension", request_id=request.id)
    return request


async def grant(act: Act, note: str = "") -> Extension:
    """More time from the limit on. After the limit a grant is kept, but what is red stays red."""
    await allowed(act, "grant_extension")
    note = worded("note", note, "审批意见", least=0)
    request = await waiting(act)
    if request.answer_by is not None and act.now > request.answer_by:
        raise refuse("已超过审批时限，按不同意处理。")
    move(request, EXTENSION, "GRANTED", "批准延期")
    _decided(act, request, note)
    await act.timing.happen(act.ticket, "close_by", Kind.EXTEND, act.now, request.amount)
    text = notices.about_ticket(act.ticket, "因情况复杂，办理时限已延长。")
    silent = notices.tell_citizen(act.session, act.ticket, act.now, text, "extended")
    _tell_unit(act, request, "已批准")
    noted(act, "grant_extension", note, request_id=request.id, amount=request.amount, no_notice=silent)
    return request


async def decline(act: Act, note: str) -> Extension:
    """Refused by the head of dispatching, or vetoed by the petition office, with the reason."""
    await allowed(act, "refuse_extension")
    note = worded("note", note, "不批准的理由")
    request = await waiting(act)
    move(request, EXTENSION, "REFUSED", "不批准延期")
    _decided(act, request, note)
    _tell_unit(act, request, "未获批准")
    noted(act, "refuse_extension", note, request_id=request.id)
    return request


async def lapse(act: Act) -> bool:
    """Silence is a refusal: called by the house. False when somebody answered first."""
    found = await act.session.scalar(
        select(Extension)
        .where(Extension.ticket_id == act.ticket.id, Extension.state == "SIGNED", Extension.answer_by < act.now)
        .limit(1)
    )
    if found is None:
        return False
    move(found, EXTENSION, "LAPSED", "作逾期处理")
    _decided(act, found, "逾期未批，视为不同意")
    _tell_unit(act, found, "逾期未批，视为不同意")
    noted(act, "lapse_extension", request_id=found.id)
    return True


async def close_open(act: Act, note: str) -> None:
    """Requests that nobody needs to answer any longer, because the ticket has moved on."""
    for request in await act.session.scalars(
        select(Extension).where(Extension.ticket_id == act.ticket.id, Extension.state.in_(("ASKED", "SIGNED")))
    ):
        move(request, EXTENSION, "LAPSED", "作废")
        _decided(act, request, note)


def _decided(act: Act, request: Extension, note: str) -> None:
    request.decided_by, request.decided_at, request.note = act.actor.user_id, act.now, note


def _tell_unit(act: Act, request: Extension, outcome: str) -> None:
    ticket: Ticket = act.ticket
    text = f"【12345热线】工单{ticket.ticket_no}的延期申请{outcome}。"
    notices.tell_unit(act.session, ticket, request.unit_id, act.now, "extension", text)
