"""Removes what was invented, wholly and nothing else: whatever table it stands in, also tables made later.

All of it hangs on the invented calls (`marks.NODE`): their tickets, and every row that names one of either. Real
rows that point at an invented one (a real call's ticket was completed from an invented message) lose the pointer.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, Select, String, Table, cast, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Base, Call, CallbackTask, OutboxMessage, Recording, Ticket, User, Voicemail
from hotline.demo.marks import NODE

_LIVE = "agent_session"
"""Names a call only for the moment: it is no row of that call."""

CALLS: Select[Any] = select(Call.id).where(Call.node == NODE)
TICKETS: Select[Any] = select(Ticket.id).where(Ticket.call_id.in_(CALLS))
USERS: Select[Any] = select(User.id).where(User.node == NODE)
OURS = {"call": CALLS, "ticket": TICKETS, "user": USERS}
"""What the others hang on, by their tables."""


async def clear(session: AsyncSession) -> int:
    """Remove it in this transaction; returns how many calls went."""
    gone = await session.scalar(select(func.count()).select_from(CALLS.subquery())) or 0
    for kind, numbers in _NUMBERS.items():
        rows = AuditEvent.object_kind == kind, AuditEvent.object_id.in_(numbers)
        await _run(session, delete(AuditEvent).where(*rows))
    await _run(session, delete(OutboxMessage).where(OutboxMessage.body["ticket_id"].as_integer().in_(TICKETS)))
    children_first = reversed(Base.metadata.sorted_tables)
    for table in children_first:
        if table.name not in OURS and (ours := _hanging(table)):
            await _run(session, delete(table).where(or_(*ours)))
        for column in table.columns:
            if column.nullable and not _of_a_call(column) and (parent := _parent(column)):
                await _run(session, update(table).where(column.in_(OURS[parent])).values({column.name: None}))
    for model, invented in (
        (Ticket, Ticket.id.in_(TICKETS)),
        (Call, Call.node == NODE),
        (User, User.node == NODE),
    ):
        await _run(session, delete(model).where(invented))
    return gone


async def _run(session: AsyncSession, statement: Any) -> None:
    await session.execute(statement, execution_options={"synchronize_session": False})


def _of(table: type[Any]) -> Select[Any]:
    return select(cast(table.id, String)).where(table.call_id.in_(CALLS))


_NUMBERS = {
    "ticket": select(cast(Ticket.id, String)).where(Ticket.id.in_(TICKETS)),
    "callback": _of(CallbackTask),
    "voicemail": _of(Voicemail),
    "recording": _of(Recording),
}
"""The audit trail names what it is about by its number as text."""


def _parent(column: Column[Any]) -> str:
    """The table of OURS that this column points at, "" when it points elsewhere."""
    return next((key.column.table.name for key in column.foreign_keys if key.column.table.name in OURS), "")


def _of_a_call(column: Column[Any]) -> bool:
    """Whether the column says whose call the row is a part of."""
    return column.name == "call_id" and column.table.name != _LIVE


def _hanging(table: Table) -> list[ColumnElement[bool]]:
    """By what rows of this table are known as invented; nothing for tables that never hold any."""
    ours: list[ColumnElement[bool]] = []
    for column in table.columns:
        if column.name == "node":
            ours.append(column == NODE)
        elif _of_a_call(column):
            ours.append(column.in_(CALLS))
        elif not column.nullable and (parent := _parent(column)):
            ours.append(column.in_(OURS[parent]))
    return ours
