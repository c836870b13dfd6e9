"""What comes of a citizen's dissatisfaction: handled again (T21) or explained (T22); and reopening (T26)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from db.models import ReworkRound, Verification
from tickets.clocks.reckoning import rework_rule
from tickets.errors import NotFound
from tickets.life import notices
from tickets.life.act import Act, Plan, Said, refuse, worded
from tickets.states import CloseReason


@dataclass(frozen=True, slots=True)
class Found:
    """T21, T22: what the verification found, with its evidence."""

    evidence: str


@dataclass(frozen=True, slots=True)
class Reopened:
    """T26: what the citizen said on the call."""

    reason: str


async def _open_verification(act: Act) -> Verification:
    found = await act.session.scalar(
        select(Verification)
        .where(Verification.ticket_id == act.ticket.id, Verification.decided_at.is_(None))
        .order_by(Verification.id.desc())
        .limit(1)
    )
    if found is None:
        raise NotFound("没有找到待核实的记录。")
    return found


async def _decide(act: Act, finding: str, data: Found) -> None:
    check = await _open_verification(act)
    check.finding, check.evidence = finding, data.evidence.strip()
    check.decided_by, check.decided_at = act.actor.user_id, act.now


async def begin_round(act: Act, cause: str, reason: str) -> None:
    """A row of the rework, and the limit of the second handling (domain.md 2.6)."""
    done = select(func.count()).where(ReworkRound.ticket_id == act.ticket.id)
    number = (await act.session.scalar(done) or 0) + 1
    act.session.add(
        ReworkRound(
            ticket_id=act.ticket.id,
            number=number,
            cause=cause,
            reason=reason[:500],
            by_user_id=act.actor.user_id,
            began_at=act.now,
        )
    )
    rule = act.timing.rule(act.ticket, "close_by")
    if rule is not None:
        again = rework_rule(rule, act.now, act.timing.calendar)
        await act.timing.start(act.ticket, "close_by", act.now, again)


async def _may_rework(act: Act, data: Found) -> None:
    worded("evidence", data.evidence, "核实情况", most=4000)
    await _open_verification(act)
    limit = act.policy.rework.limit
    if act.ticket.reworks >= limit:
        raise refuse(f"已重办{limit}次，不能再次发回，应由信访督办员重点督办后处理。")


async def _rework(act: Act, data: Found) -> Said:
    await _decide(act, "UNIT_FAULT", data)
    act.ticket.reworks += 1
    await begin_round(act, "VERIFY", data.evidence.strip())
    return Said(data.evidence.strip(), {"round": act.ticket.reworks})


async def _tell_again(act: Act, data: object) -> str:
    text = notices.about_ticket(act.ticket, "已退回承办单位重新办理。")
    return notices.tell_citizen(act.session, act.ticket, act.now, text, "rework")


async def _may_explain(act: Act, data: Found) -> None:
    worded("evidence", data.evidence, "核实情况和解释依据", most=4000)
    await _open_verification(act)


async def _explain(act: Act, data: Found) -> Said:
    await _decide(act, "LAWFUL", data)
    return Said(data.evidence.strip())


async def _tell_explained(act: Act, data: Found) -> str:
    await notices.tell_merged(act.session, act.ticket, act.now, "已随同类事项核实办结。", "explained")
    text = notices.about_ticket(act.ticket, "经核实，承办单位已依法依规办理，现予办结。")
    return notices.tell_citizen(act.session, act.ticket, act.now, text, "explained")


async def _may_reopen(act: Act, data: Reopened) -> None:
    worded("reason", data.reason, "诉求人再次反映的情况")
    ticket, days = act.ticket, act.policy.rework.reopen_days
    if ticket.close_reason == CloseReason.MERGED:
        raise refuse("已并单的工单不能重新办理，请先撤销并单。")
    if ticket.unit_id is None:
        raise refuse("这张工单没有派过承办单位，请另建工单。")
    if ticket.closed_at is None or act.now > ticket.closed_at + timedelta(days=days):
        raise refuse(f"办结已超过{days}天，请另建工单。")
    before = await act.session.scalar(
        select(ReworkRound.id).where(ReworkRound.ticket_id == ticket.id, ReworkRound.cause == "REOPEN").limit(1)
    )
    if before is not None:
        raise refuse("这张工单已重新办理过一次，请另建工单。")


async def _reopen(act: Act, data: Reopened) -> Said:
    await begin_round(act, "REOPEN", data.reason.strip())
    return Said(data.reason.strip())


PLANS: dict[str, Plan[Any]] = {
    "T21": Plan(Found, guard=_may_rework, write=_rework, tell=_tell_again),
    "T22": Plan(Found, guard=_may_explain, write=_explain, tell=_tell_explained),
    "T26": Plan(Reopened, guard=_may_reopen, write=_reopen, tell=_tell_again),
}
