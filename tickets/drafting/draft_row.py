"""The row of a draft, held against everybody else for the length of a transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import TicketDraft


async def lock_draft(session: AsyncSession, call_id: str, now: datetime) -> TicketDraft:
    """The draft of this call, made if missing, locked until the transaction ends.

    Writing comes before reading: that takes the row's lock on PostgreSQL and the writer's lock on SQLite, so
    that two savers or two submitters queue up instead of overwriting each other.
    """
    values = {
        "call_id": call_id,
        "fields": {},
        "touched": [],
        "suggestions": {},
        "revision": 0,
        "updated_at": now,
    }
    dialect = session.get_bind().dialect.name
    insert = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(TicketDraft)
    await session.execute(insert.values(values).on_conflict_do_nothing(index_elements=["call_id"]))
    await session.execute(
        update(TicketDraft)
        .where(TicketDraft.call_id == call_id)
        .values(revision=TicketDraft.revision + 1)
        .execution_options(synchronize_session=False)
    )
    return await session.get_one(TicketDraft, call_id, populate_existing=True)
