"""Links between tickets: merged, repeated, of one event; every link can be undone."""

from __future__ import annotations

from sqlalchemy import select

from db.models import Ticket, TicketLink
from tickets.errors import NotFound
from tickets.life.act import Act, chosen, refuse, worded

KINDS: dict[str, str] = {"REPEAT": "重复诉求", "EVENT": "同一事件"}
"""Merging has its own step (T07)."""


async def active_link(
    act: Act, kind: str, *, ticket_id: int | None = None, master_id: int | None = None
) -> TicketLink | None:
    """The link of this kind from or to a ticket that has not been undone."""
    query = select(TicketLink).where(TicketLink.kind == kind, TicketLink.undone_at.is_(None))
    if ticket_id is not None:
        query = query.where(TicketLink.ticket_id == ticket_id)
    if master_id is not None:
        query = query.where(TicketLink.master_id == master_id)
    found: TicketLink | None = await act.session.scalar(query.order_by(TicketLink.id.desc()).limit(1))
    return found


def add_link(act: Act, master: Ticket, kind: str, note: str) -> TicketLink:
    """The row; whoever calls has checked it."""
    link = TicketLink(
        ticket_id=act.ticket.id,
        master_id=master.id,
        kind=kind,
        by_user_id=act.actor.user_id,
        at=act.now,
        note=note,
    )
    act.session.add(link)
    return link


async def link(act: Act, master: Ticket, kind: str, note: str = "") -> TicketLink:
    """Mark as a repeat of, or of the same event as, an earlier ticket. Raises a `TicketError`."""
    chosen("kind", kind, KINDS, "关联类型")
    note = worded("note", note, "关联说明", least=0)
    if master.id == act.ticket.id:
        raise refuse("不能关联工单自身。")
    if await active_link(act, kind, ticket_id=act.ticket.id, master_id=master.id) is not None:
        raise refuse("这两张工单已经关联。")
    if await active_link(act, kind, ticket_id=master.id, master_id=act.ticket.id) is not None:
        raise refuse("这两张工单已经关联。")
    made = add_link(act, master, kind, note)
    await act.session.flush()
    return made


async def unlink(act: Act, link_id: int) -> TicketLink:
    """Undo such a link. Raises a `TicketError`."""
    found = await act.session.get(TicketLink, link_id)
    if found is None or found.ticket_id != act.ticket.id or found.kind not in KINDS:
        raise NotFound("没有找到这个关联。")
    if found.undone_at is not None:
        raise refuse("这个关联已经撤销。")
    found.undone_at, found.undone_by = act.now, act.actor.user_id
    return found
