"""What a unit does with a ticket it has signed: T14 to T16."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from db.models import ReworkRound, Unit, UnitReply
from tickets.clocks.reckoning import Kind
from tickets.errors import NotAllowed
from tickets.fields import ANONYMOUS, FieldErrors, UnitReplyFields, check_reply, storable
from tickets.life.act import Act, Happens, Plan, Said, refuse
from tickets.life.steps.dispatching import add_dispatch

DEEPEST = 5
"""Levels of units below each other; a longer chain of parents is a mistake in the table."""


@dataclass(frozen=True, slots=True)
class Transferred:
    """T14: the office or person, and the lower unit if one is to handle it."""

    to: str
    lower: Unit | None = None


@dataclass(frozen=True, slots=True)
class Informed:
    """T15: what the citizen was told."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Replied:
    """T16."""

    reply: UnitReplyFields


async def _may_transfer(act: Act, data: Transferred) -> None:
    if not data.to.strip() or len(data.to) > 200 or not storable(data.to):
        raise FieldErrors({"to": "请写明办理科室或人员。"})
    if data.lower is not None and not await _is_below(act, data.lower):
        raise refuse("只能流转给本单位的下级单位。")


async def _is_below(act: Act, unit: Unit) -> bool:
    above = unit.parent_id
    for _ in range(DEEPEST):
        if above is None:
            return False
        if above == act.ticket.unit_id:
            return unit.active
        above = await act.session.scalar(select(Unit.parent_id).where(Unit.id == above))
    return False


async def _transfer(act: Act, data: Transferred) -> Said:
    detail: dict[str, object] = {}
    if data.lower is not None:
        replied, signed = act.ticket.replied_at, act.ticket.signed_at
        sent = await add_dispatch(act, data.lower, "流转下级单位办理")
        sent.signed_at, act.ticket.signed_at, act.ticket.replied_at = act.now, signed, replied
        detail = {"unit_id": data.lower.id, "unit": data.lower.name}
    return Said(data.to.strip(), detail)


async def _informed(act: Act, data: Informed) -> None:
    if len(data.note) > 500 or not storable(data.note):
        raise FieldErrors({"note": "告知情况最多500个字。"})


async def _inform(act: Act, data: Informed) -> Said:
    return Said(data.note.strip())


async def _may_reply(act: Act, data: Replied) -> None:
    ticket = act.ticket
    private = {ticket.appellant_name, ticket.phone, ticket.phone_alt, ticket.caller_id} - {"", ANONYMOUS}
    check_reply(data.reply, since=ticket.received_at, now=act.now, private=tuple(private))
    if ticket.unit_id is None:
        raise NotAllowed("这张工单还没有承办单位。")


async def _reply(act: Act, data: Replied) -> Said:
    ticket, reply = act.ticket, data.reply
    act.session.add(
        UnitReply(
            ticket_id=ticket.id,
            unit_id=ticket.unit_id,
            by_user_id=act.actor.user_id,
            at=act.now,
            **reply.model_dump(),
        )
    )
    ticket.replied_at = act.now
    if reply.contact_time is not None:
        for clock in await act.timing.running(ticket, "inform_by"):
            # Told before this round began counts as told at its beginning.
            at = max(reply.contact_time, clock.started_at)
            await act.timing.happen(ticket, "inform_by", Kind.MEET, at)
    for rework in await act.session.scalars(
        select(ReworkRound).where(ReworkRound.ticket_id == ticket.id, ReworkRound.replied_at.is_(None))
    ):
        rework.replied_at = act.now
    return Said(detail={"solved": reply.solved})


PLANS: dict[str, Plan[Any]] = {
    "T14": Plan(Transferred, guard=_may_transfer, write=_transfer, clocks=(Happens(Kind.MEET, "transfer_by"),)),
    "T15": Plan(Informed, guard=_informed, write=_inform, clocks=(Happens(Kind.MEET, "inform_by"),)),
    "T16": Plan(
        Replied,
        guard=_may_reply,
        write=_reply,
        clocks=(Happens(Kind.MEET, "close_by"), Happens(Kind.START, "review_by")),
    ),
}
