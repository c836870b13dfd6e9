"""The caller card: who calls, what they called about before, what is still open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.web import words
from calls.floor.history import PastCall, calls_of_phone
from db.models import Call, Ticket, User
from language.phone import Phone, normalise
from runtime.clock import Clock
from tickets.actor import Actor
from tickets.reading.protected import LedTo, barred, led_to
from tickets.reading.queries import TicketBrief, tickets_read_ahead

SHOWN = 12
REPEAT_WITHIN = timedelta(days=90)
"""Window of the repeat-call mark (domain.md 2.7)."""

KINDS = {
    "mobile": "",
    "landline": "固定电话",
    "short": "短号",
    "foreign": "境外号码",
    "anonymous": "匿名来电",
    "invalid": "号码异常",
}


RAW_SHOWN = 20
"""Characters of what the trunk sent for a number that is shown when it is none."""


def _raw(number: str) -> str:
    """What came instead of a number, short enough for the card and without what no one can see."""
    seen = "".join(char for char in number if char.isprintable()).strip()
    return seen if len(seen) <= RAW_SHOWN else f"{seen[:RAW_SHOWN]}…"


def _talk(seconds: float | None) -> str:
    if not seconds:
        return ""
    return f"{int(seconds // 60)}分{int(seconds % 60):02d}秒" if seconds >= 60 else f"{int(seconds)}秒"


async def _names(session: AsyncSession, ids: set[int | None]) -> dict[int | None, str]:
    rows = await session.execute(select(User.id, User.name).where(User.id.in_([i for i in ids if i])))
    return {user_id: name for user_id, name in rows.all()}


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """All that is known of a number. What of it somebody may see is decided when they look: `card`."""

    phone: Phone
    raw: str = ""
    past: Sequence[PastCall] = ()
    name: str = ""
    names: dict[int | None, str] = field(default_factory=dict)
    repeat: int = 0
    led_to: LedTo = field(default_factory=list)
    tickets: Callable[[Actor], list[TicketBrief]] = lambda _: []

    def card(self, actor: Actor) -> dict[str, Any]:
        """The caller card as `actor` may see it."""
        unheard = barred(actor, self.led_to)
        return {
            "phone": self.phone.digits,
            "display": self.phone.display,
            "raw": self.raw,
            "kind_label": KINDS.get(self.phone.kind, ""),
            "name": self.name,
            "repeat": self.repeat,
            "calls": [
                {
                    "id": earlier.call_id,
                    "started_at": earlier.started_at.isoformat(),
                    "outcome_label": words.CALL_OUTCOMES.get(earlier.outcome, "通话"),
                    "agent_name": self.names.get(earlier.agent_user_id, ""),
                    "talk": _talk(earlier.talk_s),
                    "recorded": bool(earlier.recording) and earlier.call_id not in unheard,
                }
                for earlier in self.past
            ],
            "tickets": [
                {
                    "ticket_no": t.ticket_no,
                    "title": t.title,
                    "type_label": t.type_label,
                    "state_label": t.state_label,
                    "is_open": t.is_open,
                    "unit_name": t.unit_name,
                    "received_at": t.received_at.isoformat(),
                }
                for t in self.tickets(actor)
            ],
        }


async def read_caller(session: AsyncSession, clock: Clock, call_id: str, number: str) -> KnownCaller:
    """What is known of `number` before this call. An anonymous number has no history."""
    phone = normalise(number)
    if not phone.digits:
        return KnownCaller(phone, _raw(number) if phone.kind == "invalid" else "")
    now = clock.now()
    past = await calls_of_phone(session, phone.digits, SHOWN, before_call=call_id)
    repeat = await session.scalar(
        select(func.count())
        .select_from(Call)
        .where(
            Call.caller == phone.digits,
            Call.id != call_id,
            Call.started_at >= now - REPEAT_WITHIN,
            Call.direction == "in",
        )
    )
    # A name given under protection of the reporter is not shown on another call.
    name = await session.scalar(
        select(Ticket.appellant_name)
        .where(
            Ticket.phone == phone.digits,
            Ticket.appellant_name.not_in(("", "匿名")),
            Ticket.confidential != "REPORTER",
        )
        .order_by(Ticket.received_at.desc())
        .limit(1)
    )
    return KnownCaller(
        phone=phone,
        past=past,
        name=name or "",
        names=await _names(session, {earlier.agent_user_id for earlier in past}),
        repeat=repeat or 0,
        led_to=await led_to(session, [earlier.call_id for earlier in past if earlier.recording]),
        tickets=await tickets_read_ahead(session, phone.digits, SHOWN, now=now),
    )


async def caller_card(
    session: AsyncSession, clock: Clock, call_id: str, number: str, actor: Actor
) -> dict[str, Any]:
    """What `actor` may know of the caller `number` before this call."""
    return (await read_caller(session, clock, call_id, number)).card(actor)
