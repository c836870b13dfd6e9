"""A citizen's history, read from the database."""

from __future__ import annotations

from calls.floor.history import calls_of_phone
from db.models import Call, Recording
from db.session import Sessions
from runtime.callid import new_call_id
from tests.fakes.clock import FakeClock


async def test_history_is_of_one_number_newest_first(sessions: Sessions, clock: FakeClock) -> None:
    ids = [new_call_id() for _ in range(3)]
    async with sessions.begin() as session:
        for call_id in ids:
            session.add(Call(id=call_id, caller="13912345678", state="ended", started_at=clock.now()))
            clock.move(minutes=1)
        session.add(Call(id=new_call_id(), caller="", state="ended", started_at=clock.now()))
    async with sessions.begin() as session:
        session.add(Recording(call_id=ids[0], path="2026/a.wav", seconds=1.0, bytes=1, started_at=clock.now()))
    async with sessions() as session:
        found = await calls_of_phone(session, "13912345678", before_call=ids[2])
        assert [(call.call_id, call.recording) for call in found] == [(ids[1], ""), (ids[0], "2026/a.wav")]
        assert await calls_of_phone(session, "") == []
