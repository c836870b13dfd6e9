"""The centre's review of a unit's result: T17 and T18."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from db.models import CoHandling, UnitReply
from tickets.clocks.reckoning import Kind
from tickets.errors import NotFound
from tickets.life import notices
from tickets.life.act import Act, Happens, Nothing, Plan, Said, chosen, refuse, worded

FAULTS: dict[str, str] = {
    "OFF_POINT": "答非所问",
    "NO_CONTACT": "联系群众情况不实",
    "NO_RESULT": "没有实质办理结果",
    "NO_BASIS": "依据不足或有误",
    "WORDING": "公开答复用语不规范",
    "PRIVACY": "公开答复泄露个人信息",
}


@dataclass(frozen=True, slots=True)
class Rejected:
    """T17: code of `FAULTS`, and what must be put right."""

    fault: str
    note: str


async def _may_reject(act: Act, data: Rejected) -> None:
    chosen("fault", data.fault, FAULTS, "退回原因")
    worded("note", data.note, "需要改正的内容")


async def last_reply(act: Act) -> UnitReply:
    """The result that is being reviewed; raises `NotFound`."""
    found = await act.session.scalar(
        select(UnitReply).where(UnitReply.ticket_id == act.ticket.id).order_by(UnitReply.id.desc()).limit(1)
    )
    if found is None:
        raise NotFound("没有找到办理反馈。")
    return found


async def _reject(act: Act, data: Rejected) -> Said:
    (await last_reply(act)).fault = data.fault
    act.ticket.replied_at = None
    return Said(f"{FAULTS[data.fault]}：{data.note.strip()}", {"fault": data.fault})


async def _tell_rejected(act: Act, data: Rejected) -> str:
    if act.ticket.unit_id is not None:
        text = f"【12345热线】工单{act.ticket.ticket_no}的办理反馈被退回，请改正后重新提交，办结时限不变。"
        notices.tell_unit(act.session, act.ticket, act.ticket.unit_id, act.now, "rejected", text)
    return "内部审核不告知诉求人"


async def _assists_done(act: Act, data: Nothing) -> None:
    await last_reply(act)
    left = await act.session.scalar(
        select(func.count()).where(
            CoHandling.ticket_id == act.ticket.id, CoHandling.role == "ASSIST", CoHandling.state == "RUNNING"
        )
    )
    if left:
        raise refuse(f"还有{left}个协办单位没有办结，不能审核通过主办单位的办理反馈。")


PLANS: dict[str, Plan[Any]] = {
    "T17": Plan(
        Rejected,
        guard=_may_reject,
        write=_reject,
        clocks=(Happens(Kind.MEET, "review_by"), Happens(Kind.UNMEET, "close_by")),
        tell=_tell_rejected,
    ),
    "T18": Plan(
        Nothing,
        guard=_assists_done,
        clocks=(Happens(Kind.MEET, "review_by"), Happens(Kind.START, "follow_up_by")),
    ),
}
