"""Notices to citizens and unit liaisons, written to the outbox in the transaction that causes them."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import OutboxMessage, Ticket, TicketLink, Unit
from runtime.clock import local

_MOBILE = re.compile(r"1[3-9]\d{9}")


def mobile_of(ticket: Ticket) -> str:
    """The number that can take a text message, "" when there is none."""
    return next((n for n in (ticket.phone, ticket.phone_alt, ticket.caller_id) if _MOBILE.fullmatch(n)), "")


def tell_citizen(session: AsyncSession, ticket: Ticket, now: datetime, text: str, about: str) -> str:
    """Queue a text message; returns "" or the reason why the citizen gets none (kept in the trail).

    The text never carries the matter itself: a phone is read by others too.
    """
    number = mobile_of(ticket)
    if not number:
        return "没有可接收短信的手机号码"
    session.add(
        OutboxMessage(
            kind="sms",
            recipient=number,
            body={"about": about, "ticket_id": ticket.id, "ticket_no": ticket.ticket_no, "text": text},
            created_at=now,
        )
    )
    return ""


def tell_unit(session: AsyncSession, ticket: Ticket, unit_id: int, now: datetime, about: str, text: str) -> None:
    """Queue a notice to the unit's liaisons. Like every notice it names the ticket by its number alone."""
    session.add(
        OutboxMessage(
            kind="unit_notice",
            recipient=f"unit:{unit_id}",
            body={"about": about, "ticket_id": ticket.id, "ticket_no": ticket.ticket_no, "text": text},
            created_at=now,
        )
    )


def tell_unit_to_sign(
    session: AsyncSession, ticket: Ticket, unit: Unit, now: datetime, sign_by: datetime | None
) -> None:
    """Queue a notice to the unit's liaisons that a ticket waits to be signed."""
    by = f"，请在{local(sign_by):%m月%d日%H:%M}前签收" if sign_by else "，请及时签收"
    text = f"【12345热线】您单位有新工单{ticket.ticket_no}{by}。"
    tell_unit(session, ticket, unit.id, now, "dispatched", text)


def tell_centre(session: AsyncSession, ticket: Ticket, now: datetime, about: str, text: str) -> None:
    """Queue a notice to whoever leads the centre's own work."""
    session.add(
        OutboxMessage(
            kind="centre_notice",
            recipient="role:DISPATCH_HEAD",
            body={"about": about, "ticket_id": ticket.id, "ticket_no": ticket.ticket_no, "text": text},
            created_at=now,
        )
    )


async def tell_merged(session: AsyncSession, ticket: Ticket, now: datetime, sentence: str, about: str) -> int:
    """The callers of tickets merged into this one get its result too. Returns how many were told."""
    merged = await session.scalars(
        select(Ticket)
        .join(TicketLink, TicketLink.ticket_id == Ticket.id)
        .where(TicketLink.master_id == ticket.id, TicketLink.kind == "MERGE", TicketLink.undone_at.is_(None))
    )
    return sum(not tell_citizen(session, child, now, about_ticket(child, sentence), about) for child in merged)


def about_ticket(ticket: Ticket, sentence: str) -> str:
    """A text message about this ticket."""
    return f"【12345热线】您反映的事项（编号{ticket.ticket_no}）{sentence}详情可拨打12345查询。"


def opened(ticket: Ticket) -> str:
    return (
        f"【12345热线】您反映的事项已受理，工单编号{ticket.ticket_no}，我们将按时限办理并回复您。"
        "可拨打12345查询进度。"
    )


def declined(ticket: Ticket, basis: str) -> str:
    return f"【12345热线】您反映的事项（编号{ticket.ticket_no}）不属于热线受理范围：{basis}。详情可拨打12345咨询。"
