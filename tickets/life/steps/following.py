"""The follow-up call: T19 and T20, and attempts that reach nobody.

Whoever is dissatisfied or disputes the result is never closed here: that is verified, one by one (T20).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from db.models import FollowUp, Verification
from runtime.clock import local
from tickets.clocks.reckoning import Kind
from tickets.fields import FieldErrors
from tickets.life import notices
from tickets.life.act import Act, Happens, Plan, Said, refuse, worded
from tickets.permissions import require
from tickets.states import CloseReason, State

SATISFACTION: dict[int, str] = {1: "很满意", 2: "满意", 3: "基本满意", 4: "不满意", 5: "很不满意"}
CONTENT = 3
"""Ratings up to this one count as satisfied."""


@dataclass(frozen=True, slots=True)
class FollowedUp:
    """What the citizen said, or that nobody answered. `satisfaction` is a key of `SATISFACTION`.

    `assist` closes an assisting unit's ticket, whose citizen only the lead answers; the house alone does so.
    """

    reached: bool
    satisfaction: int | None = None
    solved: bool | None = None
    disputed: bool = False
    note: str = ""
    assist: bool = False

    @property
    def bad(self) -> bool:
        return self.disputed or (self.satisfaction or 0) > CONTENT


def _check(data: FollowedUp) -> None:
    worded("note", data.note, "回访情况", least=0, most=2000)
    if data.reached and data.satisfaction not in SATISFACTION:
        raise FieldErrors({"satisfaction": "请选择满意程度。"})
    if data.reached and data.solved is None:
        raise FieldErrors({"solved": "请选择问题是否解决。"})
    if not data.reached and (data.satisfaction is not None or data.disputed or data.solved is not None):
        raise FieldErrors({"reached": "没有联系上的，不能填写满意程度。"})


def _row(act: Act, data: FollowedUp) -> FollowUp:
    row = FollowUp(
        ticket_id=act.ticket.id,
        at=act.now,
        by_user_id=act.actor.user_id,
        reached=data.reached,
        solved=data.solved,
        satisfaction=data.satisfaction,
        note=data.note.strip(),
    )
    act.session.add(row)
    return row


async def missed(act: Act) -> list[FollowUp]:
    """Attempts since the unit's last result that reached nobody."""
    query = select(FollowUp).where(FollowUp.ticket_id == act.ticket.id, FollowUp.reached.is_(False))
    if act.ticket.replied_at is not None:
        query = query.where(FollowUp.at >= act.ticket.replied_at)
    return list(await act.session.scalars(query.order_by(FollowUp.id)))


async def is_out_of_reach(act: Act) -> bool:
    """Whether one more attempt in vain, made now, is enough: three tries over two days by default."""
    policy = act.policy.follow_up
    tries = [attempt.at for attempt in await missed(act)] + [act.now]
    return len(tries) >= policy.attempts and len({local(at).date() for at in tries}) >= policy.days


async def note_attempt(act: Act, data: FollowedUp) -> int:
    """An attempt that reached nobody; the ticket still waits. Returns how many there are now."""
    require(act.actor, "follow_up", act.ticket)
    if act.ticket.state != State.FOLLOW_UP:
        raise refuse("只有待回访的工单可以登记回访。")
    _check(data)
    _row(act, data)
    await act.session.flush()
    return len(await missed(act))


async def _may_close(act: Act, data: FollowedUp) -> None:
    if data.assist:
        if act.ticket.nature != "ASSIST" or act.actor.user_id is not None:
            raise refuse("只有协办件不单独回访。")
        return
    _check(data)
    if data.bad:
        raise refuse("诉求人不满意或有异议的，必须逐件核实，不能直接办结。")
    if not data.reached and not await is_out_of_reach(act):
        policy = act.policy.follow_up
        raise refuse(f"{policy.days}天内至少{policy.attempts}次联系不上的，才能以“联系不上”办结。")


async def _close(act: Act, data: FollowedUp) -> Said:
    if data.assist:
        return Said("协办件由主办单位统一答复诉求人")
    _row(act, data)
    if not data.reached:
        return Said("多次联系不上", close_reason=CloseReason.UNREACHABLE)
    rating = SATISFACTION[data.satisfaction or 0]
    return Said(f"回访：{rating}", {"satisfaction": data.satisfaction, "solved": data.solved})


async def _tell_closed(act: Act, data: FollowedUp) -> str:
    if data.assist:
        return "协办件由主办单位统一答复诉求人"
    sentence = "已办结，感谢您的支持。" if data.reached else "已办结，我们多次联系您未能接通，"
    await notices.tell_merged(act.session, act.ticket, act.now, "已随同类事项办结。", "closed")
    text = notices.about_ticket(act.ticket, sentence)
    return notices.tell_citizen(act.session, act.ticket, act.now, text, "closed")


async def _may_dispute(act: Act, data: FollowedUp) -> None:
    _check(data)
    if not data.reached or not data.bad:
        raise refuse("诉求人表示不满意或有异议的，才转满意度核实。")


async def _dispute(act: Act, data: FollowedUp) -> Said:
    row = _row(act, data)
    await act.session.flush()
    act.session.add(Verification(ticket_id=act.ticket.id, follow_up_id=row.id, opened_at=act.now))
    words = "对办理结果有异议" if data.disputed else f"回访：{SATISFACTION[data.satisfaction or 0]}"
    return Said(words, {"satisfaction": data.satisfaction, "solved": data.solved})


FOLLOWED = (Happens(Kind.MEET, "follow_up_by"),)
PLANS: dict[str, Plan[Any]] = {
    "T19": Plan(FollowedUp, guard=_may_close, write=_close, clocks=FOLLOWED, tell=_tell_closed),
    "T20": Plan(FollowedUp, guard=_may_dispute, write=_dispute, clocks=FOLLOWED),
}
