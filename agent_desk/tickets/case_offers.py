"""Which acts a reader may do now with the ticket as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.tickets.case_act import UNITS, CaseAct, Field
from agent_desk.tickets.case_table import ACTS
from agent_desk.web.permissions import Permission
from db.models import Ticket, Unit
from tickets.actor import Actor
from tickets.permissions import may
from tickets.states import State


@dataclass(frozen=True, slots=True)
class Offer:
    """An act that this reader may do now, with the choices of its fields filled in."""

    act: CaseAct
    choices: Mapping[str, Mapping[str, str]]


async def offers(
    session: AsyncSession, actor: Actor, permissions: frozenset[Permission], ticket_id: int
) -> list[Offer]:
    """What this reader may do with the ticket as it stands, in the order of a ticket's life."""
    ticket = await session.get_one(Ticket, ticket_id)
    state = State(ticket.state)
    open_to_all = [
        act
        for act in ACTS.values()
        if act.permission in permissions
        and state in act.when
        and act.only(ticket)
        and may(actor, act.matrix, ticket)
    ]
    found = [act for act in open_to_all if act.waits is None or await _waits(session, ticket_id, *act.waits)]
    units: dict[str, str] = {}
    if any(each.choices == UNITS for act in found for each in act.fields):
        rows = await session.execute(
            select(Unit.id, Unit.name)
            .where(Unit.active, Unit.kind.not_in(("EMERGENCY", "CENTRE")))
            .order_by(Unit.name)
        )
        units = {str(unit_id): name for unit_id, name in rows.all()}
    return [Offer(act, {each.name: _choices(each, units) for each in act.fields if each.choices}) for act in found]


def _choices(each: Field, units: Mapping[str, str]) -> Mapping[str, str]:
    return units if isinstance(each.choices, str) else each.choices


async def _waits(session: AsyncSession, ticket_id: int, table: type[Any], state: str) -> bool:
    query = select(table.id).where(table.ticket_id == ticket_id, table.state == state).limit(1)
    return await session.scalar(query) is not None
