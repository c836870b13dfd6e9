"""What was done about an alert: a row of the call's time line, so that it is neither raised again nor lost."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, CallEvent
from runtime.clock import Clock
from tickets.emergency.spotter import alerts_of

ANSWERED = "emergency_answered"
"""Kind of the row."""
NOT_ONE = "not_emergency"


async def answer_alerts(
    session: AsyncSession, clock: Clock, call_id: str, codes: Sequence[str], answer: str, *, by: str
) -> None:
    """Write down that these alerts (codes of domain.md 3.3) were answered; what was never alerted is left out.

    The call keeps its mark only while an alert of it is unanswered.
    """
    told = {alert.code for alert in await alerts_of(session, call_id)}
    done = await answered_codes(session, call_id)
    fresh = [code for code in dict.fromkeys(codes) if code in told - done]
    if not fresh:
        return
    detail = {"codes": fresh, "answer": answer, "by": by}
    session.add(CallEvent(call_id=call_id, at=clock.now(), kind=ANSWERED, detail=detail))
    call = await session.get(Call, call_id)
    if call is not None and not told - done - set(fresh):
        call.emergency = False


async def answered_codes(session: AsyncSession, call_id: str) -> set[str]:
    """Codes of this call's alerts that somebody has answered."""
    rows = await session.scalars(
        select(CallEvent.detail).where(CallEvent.call_id == call_id, CallEvent.kind == ANSWERED)
    )
    return {code for detail in rows for code in detail["codes"]}
