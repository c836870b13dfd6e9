"""Sending a ticket to a unit and the unit's signature: T08, T09, and T23 for a second handling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from db.models import Dispatch, Unit
from tickets.clocks.reckoning import Kind
from tickets.errors import NotFound
from tickets.life import notices
from tickets.life.act import Act, Happens, Nothing, Plan, Said, refuse


@dataclass(frozen=True, slots=True)
class Dispatched:
    """T08: to which unit, and why there."""

    unit: Unit
    note: str = ""


async def add_dispatch(act: Act, unit: Unit, note: str) -> Dispatch:
    """The row of a dispatch; the ticket is this unit's now."""
    sent = Dispatch(
        ticket_id=act.ticket.id,
        unit_id=unit.id,
        nature=act.ticket.nature or "LEAD",
        by_user_id=act.actor.user_id,
        note=note[:200],
        dispatched_at=act.now,
    )
    act.session.add(sent)
    ticket = act.ticket
    ticket.unit_id, ticket.dispatched_at, ticket.signed_at, ticket.replied_at = unit.id, act.now, None, None
    return sent


async def last_dispatch(act: Act) -> Dispatch:
    """The dispatch by which the unit has the ticket; raises `NotFound`."""
    sent = await act.session.scalar(
        select(Dispatch)
        .where(Dispatch.ticket_id == act.ticket.id, Dispatch.returned_at.is_(None))
        .order_by(Dispatch.id.desc())
        .limit(1)
    )
    if sent is None:
        raise NotFound("没有找到待签收的派单记录。")
    return sent


async def _dispatch(act: Act, data: Dispatched) -> Said:
    await add_dispatch(act, data.unit, data.note)
    return Said(data.note, {"unit_id": data.unit.id, "unit": data.unit.name})


async def _notify(act: Act, unit: Unit) -> None:
    clocks = await act.timing.running(act.ticket, "sign_by")
    notices.tell_unit_to_sign(act.session, act.ticket, unit, act.now, clocks[-1].due_at if clocks else None)


async def _tell_unit(act: Act, data: Dispatched) -> str:
    await _notify(act, data.unit)
    return "受理时已告知诉求人"


async def _sign(act: Act, data: Nothing) -> Said:
    sent = await last_dispatch(act)
    sent.signed_at, sent.signed_by = act.now, act.actor.user_id
    act.ticket.signed_at = act.now
    return Said()


async def _same_unit(act: Act, data: Nothing) -> None:
    unit = await act.session.get(Unit, act.ticket.unit_id) if act.ticket.unit_id else None
    if unit is None or not unit.active:
        raise refuse("不能重新派单：原承办单位不存在或已停用。")


async def _redispatch(act: Act, data: Nothing) -> Said:
    unit = await act.session.get_one(Unit, act.ticket.unit_id)
    await add_dispatch(act, unit, "重办")
    return Said("由原承办单位重新办理", {"unit_id": unit.id, "unit": unit.name})


async def _tell_again(act: Act, data: Nothing) -> str:
    await _notify(act, await act.session.get_one(Unit, act.ticket.unit_id))
    return "重办决定已告知诉求人"


SENT = (Happens(Kind.MEET, "divert_by"), Happens(Kind.START, "sign_by"))
PLANS: dict[str, Plan[Any]] = {
    "T08": Plan(Dispatched, write=_dispatch, clocks=SENT, tell=_tell_unit),
    "T09": Plan(Nothing, write=_sign, clocks=(Happens(Kind.MEET, "sign_by"),)),
    "T23": Plan(Nothing, guard=_same_unit, write=_redispatch, clocks=SENT, tell=_tell_again),
}
