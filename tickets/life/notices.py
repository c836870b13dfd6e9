"""Notices to citizens and unit liaisons, written to the outbox in the transaction that causes them."""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import OutboxMessage, Ticket, Unit
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


def tell_unit(session: AsyncSession, ticket: Ticket, unit: Unit, now: datetime, sign_by: datetime | None) -> None:
    """Queue a notice to the unit's liaisons that a ticket waits to be signed."""
    by = f"，请在{local(sign_by):%m月%d日%H:%M}前签收" if sign_by else "，请及时签收"
    session.add(
        OutboxMessage(
            kind="unit_notice",
            recipient=f"unit:{unit.id}",
            body={
                "about": "dispatched",
                "ticket_id": ticket.id,
                "ticket_no": ticket.ticket_no,
                "text": f"【12345热线】您单位有新工单{ticket.ticket_no}{by}。",
            },
            created_at=now,
        )
    )


def opened(ticket: Ticket) -> str:
    return (
        f"【12345热线】您反映的事项已受理，工单编号{ticket.ticket_no}，我们将按时限办理并回复您。"
        "可拨打12345查询进度。"
    )


def declined(ticket: Ticket, basis: str) -> str:
    return f"【12345热线】您反映的事项（编号{ticket.ticket_no}）不属于热线受理范围：{basis}。详情可拨打12345咨询。"
