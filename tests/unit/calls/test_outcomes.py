"""A message left or a call-back asked for is the call's outcome, although no agent was reached."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from calls.outcomes import Outcomes
from db.models import Call, CallbackTask, Voicemail
from db.session import Sessions
from hotline.bus import LocalBus
from hotline.callid import new_call_id
from hotline.events import CallEnded
from tests.fakes.clock import FakeClock
from tests.waiting import until


@pytest.mark.parametrize("left", ["voicemail", "callback", "missed", "nothing"])
async def test_what_the_call_left_is_its_outcome(
    sessions: Sessions, bus: LocalBus, clock: FakeClock, left: str
) -> None:
    room = Outcomes(sessions, bus, after_s=0)
    await room.start()
    call_id, now = new_call_id(), clock.now()
    async with sessions.begin() as session:
        session.add(Call(id=call_id, state="ended", outcome="abandoned", started_at=now))
        await session.flush()
        if left == "voicemail":
            session.add(Voicemail(call_id=call_id, path="x.wav", seconds=3, created_at=now))
        elif left in ("callback", "missed"):
            kind = "requested" if left == "callback" else "missed"
            session.add(CallbackTask(call_id=call_id, phone="13912345678", kind=kind, created_at=now, due_at=now))
    await bus.publish(CallEnded(call_id=call_id, outcome="abandoned", at=now))
    await bus.settle()
    await until(lambda: not room._tasks)
    async with sessions() as session:
        outcome = await session.scalar(select(Call.outcome).where(Call.id == call_id))
    assert outcome == (left if left in ("voicemail", "callback") else "abandoned")
    await room.close()
