"""How invented rows are told from real ones: by the name of their node, which no real node can have."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import AuditEvent, Call, Ticket

NODE = "(demo)"
"""The node of invented calls and of the accounts made for them: nodes' names have no brackets."""

KIND = "demo"
"""`object_kind` of the audit rows that tell when the centre was filled and cleared."""

BEGUN, FILLED, CLEARED = "fill_begun", "filled", "cleared"


def number(of: int) -> str:
    """An invented citizen's number: a mobile's length, so that lists look as they do, and plainly nobody's."""
    return f"1540715{of % 10_000:04d}"


def note(at: datetime, action: str, who: str, **detail: object) -> AuditEvent:
    """The audit row of a fill or a removal."""
    return AuditEvent(at=at, object_kind=KIND, object_id="", action=action, actor_name=who, detail=detail)


async def state_of(session: AsyncSession) -> str:
    """BEGUN, FILLED or CLEARED, whichever was last; "" when nothing was ever filled."""
    last = select(AuditEvent.action).where(AuditEvent.object_kind == KIND).order_by(AuditEvent.id.desc()).limit(1)
    return await session.scalar(last) or ""


async def real_calls(session: AsyncSession) -> int:
    """How many calls, and tickets without a call, are not invented."""
    calls = await session.scalar(select(func.count()).select_from(Call).where(Call.node != NODE)) or 0
    invented = exists().where(Call.id == Ticket.call_id, Call.node == NODE)
    real = select(func.count()).select_from(Ticket).where(or_(Ticket.call_id.is_(None), ~invented))
    return calls + (await session.scalar(real) or 0)
