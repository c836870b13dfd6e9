"""Merging and its undoing (T07), withdrawal (T24), archive (T25), taking back what others returned (T27)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import or_, select

from db.models import Call, Category, CoHandling, Supervision, Ticket
from tickets.errors import NotFound
from tickets.fields import ANONYMOUS
from tickets.life import notices
from tickets.life.act import Act, Nothing, Plan, Said, refuse, worded
from tickets.life.links import active_link, add_link
from tickets.states import OPEN, CloseReason, State


@dataclass(frozen=True, slots=True)
class Merged:
    """T07: the live ticket of the same matter."""

    master: Ticket
    note: str = ""


@dataclass(frozen=True, slots=True)
class Unmerged:
    """The undoing of T07, with its reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """T24: the recorded call on which the citizen withdrew, and the words."""

    call_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Waived:
    """T24w: why the assisting unit is not needed any longer."""

    reason: str


@dataclass(frozen=True, slots=True)
class TakenBack:
    """T27: who returned it and why."""

    reason: str


def _same_matter(one: Ticket, other: Ticket) -> bool:
    """Same caller, or same class at the same place (domain.md 2.7)."""
    mine = {one.phone, one.phone_alt, one.caller_id} - {""}
    theirs = {other.phone, other.phone_alt, other.caller_id} - {""}
    if mine & theirs and one.category_code[:2] == other.category_code[:2]:
        return True
    here = bool(one.region_code) and one.region_code == other.region_code
    here |= bool(one.place_text) and one.place_text == other.place_text
    return here and one.category_code == other.category_code


async def _may_merge(act: Act, data: Merged) -> None:
    ticket, master = act.ticket, data.master
    worded("note", data.note, "并单说明", least=0)
    if master.id == ticket.id:
        raise refuse("不能并入工单自身。")
    if State(master.state) not in OPEN:
        raise refuse("只能并入在办的工单。")
    if master.nature == "ASSIST" or ticket.nature == "ASSIST":
        raise refuse("协办件不能并单。")
    if not _same_matter(ticket, master):
        raise refuse("两张工单的诉求人或事项、地点不一致，不能并单。")
    if await active_link(act, "MERGE", master_id=ticket.id) is not None:
        raise refuse("已有工单并入这张工单，请改为把另一张并入本单。")


async def _merge(act: Act, data: Merged) -> Said:
    add_link(act, data.master, "MERGE", data.note.strip())
    act.ticket.master_id = data.master.id
    return Said(data.note.strip(), {"master_id": data.master.id, "master_no": data.master.ticket_no})


async def _tell_merged(act: Act, data: Merged) -> str:
    text = notices.about_ticket(act.ticket, "与已在办理的事项相同，已合并办理，办结后一并告知您。")
    return notices.tell_citizen(act.session, act.ticket, act.now, text, "merged")


async def _may_unmerge(act: Act, data: Unmerged) -> None:
    worded("reason", data.reason, "撤销并单的理由")
    if act.ticket.close_reason != CloseReason.MERGED:
        raise refuse("这张工单不是并单办结的。")
    if await active_link(act, "MERGE", ticket_id=act.ticket.id) is None:
        raise NotFound("没有找到并单记录。")


async def _unmerge(act: Act, data: Unmerged) -> Said:
    link = await active_link(act, "MERGE", ticket_id=act.ticket.id)
    assert link is not None
    link.undone_at, link.undone_by = act.now, act.actor.user_id
    act.ticket.master_id = None
    await _begin_again(act)
    return Said(data.reason.strip(), {"master_id": link.master_id})


async def _begin_again(act: Act) -> None:
    """All clocks of a submission, from now on."""
    act.ticket.submitted_at = act.now
    for name in ("divert_by", "transfer_by", "inform_by", "close_by"):
        await act.timing.start(act.ticket, name, act.now)


async def _may_withdraw(act: Act, data: Withdrawn) -> None:
    ticket = act.ticket
    worded("reason", data.reason, "诉求人撤诉的原话")
    if await act.session.get(Call, data.call_id) is None:
        raise refuse("撤诉须在有录音的通话中提出，没有找到这通电话。")
    category = await act.session.get(Category, ticket.category_code)
    danger = ticket.urgency == "MOST_URGENT" or (category is not None and category.safety)
    if ticket.appeal_type == "REPORT" or danger:
        raise refuse("举报和涉及安全的事项不能撤诉。")
    if ticket.nature == "ASSIST":
        raise refuse("协办件随主办工单办理，不能单独撤诉。")
    running = select(CoHandling.id).where(CoHandling.ticket_id == ticket.id, CoHandling.role == "ASSIST")
    if await act.session.scalar(running.where(CoHandling.state == "RUNNING").limit(1)) is not None:
        raise refuse("还有协办单位在办理，请先免予协办。")


async def _withdraw(act: Act, data: Withdrawn) -> Said:
    return Said(data.reason.strip(), {"call_id": data.call_id})


async def _tell_withdrawn(act: Act, data: Withdrawn) -> str:
    ticket = act.ticket
    if ticket.unit_id is not None:
        text = f"【12345热线】工单{ticket.ticket_no}的诉求人已撤诉，不再办理。"
        notices.tell_unit(act.session, ticket, ticket.unit_id, act.now, "withdrawn", text)
    text = notices.about_ticket(ticket, "已按您的要求撤诉。")
    return notices.tell_citizen(act.session, ticket, act.now, text, "withdrawn")


async def _may_archive(act: Act, data: Nothing) -> None:
    ticket, days = act.ticket, act.policy.archive_days
    if ticket.closed_at is None or act.now < ticket.closed_at + timedelta(days=days):
        raise refuse(f"办结满{days}天才能归档。")
    unanswered = select(Supervision.id).where(
        Supervision.ticket_id == ticket.id, or_(Supervision.state == "OPEN", Supervision.state == "ANSWERED")
    )
    if await act.session.scalar(unanswered.limit(1)) is not None:
        raise refuse("督办没有办结，不能归档。")


async def _tell_archived(act: Act, data: Nothing) -> str:
    return "办结时已告知诉求人，归档不再告知"


async def _may_take_back(act: Act, data: TakenBack) -> None:
    worded("reason", data.reason, "收回的理由")


async def _take_back(act: Act, data: TakenBack) -> Said:
    ticket = act.ticket
    ticket.decline_code = ""
    ticket.appellant_name = ticket.appellant_name or ANONYMOUS
    if ticket.procedure not in ("SIMPLE", "ORDINARY"):
        ticket.procedure = "SIMPLE"
    await _begin_again(act)
    return Said(data.reason.strip())


async def _tell_opened(act: Act, data: TakenBack) -> str:
    return notices.tell_citizen(act.session, act.ticket, act.now, notices.opened(act.ticket), "opened")


async def _tell_unmerged(act: Act, data: Unmerged) -> str:
    return notices.tell_citizen(act.session, act.ticket, act.now, notices.opened(act.ticket), "opened")


async def _may_waive(act: Act, data: Waived) -> None:
    worded("reason", data.reason, "免予协办的理由")
    if act.ticket.nature != "ASSIST":
        raise refuse("只有协办件可以免予协办。")


async def _waive(act: Act, data: Waived) -> Said:
    return Said(data.reason.strip())


async def _tell_waived(act: Act, data: Waived) -> str:
    ticket = act.ticket
    if ticket.unit_id is not None:
        text = f"【12345热线】协办工单{ticket.ticket_no}不再需要您单位办理。"
        notices.tell_unit(act.session, ticket, ticket.unit_id, act.now, "waived", text)
    return "协办件由主办单位统一答复诉求人"


PLANS: dict[str, Plan[Any]] = {
    "T07": Plan(Merged, guard=_may_merge, write=_merge, tell=_tell_merged),
    "T07u": Plan(Unmerged, guard=_may_unmerge, write=_unmerge, tell=_tell_unmerged),
    "T24": Plan(Withdrawn, guard=_may_withdraw, write=_withdraw, tell=_tell_withdrawn),
    "T24w": Plan(Waived, guard=_may_waive, write=_waive, tell=_tell_waived),
    "T25": Plan(Nothing, guard=_may_archive, tell=_tell_archived),
    "T27": Plan(TakenBack, guard=_may_take_back, write=_take_back, tell=_tell_opened),
}
