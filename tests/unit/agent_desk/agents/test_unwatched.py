"""Calls that nobody watched: listed with or without a number, heard by those who may, written up at their seat."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from agent_desk.floor.feed import FLOOR
from calls.callbacks import tasks as callbacks
from calls.state import strays
from db.models import AgentStateLog, Call, CallEvent, Recording, Ticket, Voicemail
from runtime.callid import new_call_id
from sound import wav
from tests.unit.agent_desk.conftest import LAMP, Desk


async def stray(
    desk: Desk, *, caller: str = "", outcome: str = "abandoned", agent: str = "", ago: float = 60
) -> str:
    """A call as `calls.state.strays` leaves it, with its recording."""
    call_id, began = new_call_id(), desk.clock.now() - timedelta(seconds=ago)
    wav.write(desk.settings.recordings_dir / f"{call_id}.wav", np.zeros(8000))
    async with desk.sessions.begin() as session:
        session.add(
            Call(
                id=call_id,
                caller=caller,
                caller_raw=caller or "anonymous",
                state="ended",
                outcome=outcome,
                agent=agent,
                started_at=began,
                ended_at=began + timedelta(seconds=42),
                note=strays.NOTE,
            )
        )
        await session.flush()
        session.add(CallEvent(call_id=call_id, at=desk.clock.now(), kind=strays.KIND))
        session.add(Recording(call_id=call_id, path=f"{call_id}.wav", seconds=42.0, bytes=16044, started_at=began))
    return call_id


async def sat(desk: Desk, user_id: int, seat: str = "8001") -> None:
    async with desk.sessions.begin() as session:
        session.add(
            AgentStateLog(agent=seat, user_id=user_id, state="ready", since=desk.clock.now() - timedelta(hours=1))
        )


async def todo(person: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await person.json("/api/desk/todo"))["unwatched"]
    return rows


async def test_supervisors_see_a_call_without_a_number_and_hear_it(desk: Desk) -> None:
    call_id = await stray(desk)
    lead = await desk.log_in("lead")
    page = await (await lead.get("/unwatched")).text()
    assert "号码未显示" in page and "未接通" in page and "0:42" in page and "无号码，不能回拨" in page
    assert f"/recordings/{call_id}" in page
    assert (await lead.get(f"/recordings/{call_id}")).status == 200
    await desk.server.app[FLOOR].arrange()
    assert (await lead.json("/api/board/state"))["unwatched"] == 1


async def test_a_number_is_masked_and_its_call_back_told(desk: Desk) -> None:
    call_id = await stray(desk, caller="13912345678")
    async with desk.sessions.begin() as session:
        await callbacks.request(session, desk.clock, call_id=call_id, phone="13912345678", kind="missed")
    page = await (await (await desk.log_in("lead")).get("/unwatched")).text()
    assert "139****5678" in page and "13912345678" not in page and "待回拨" in page


async def test_those_who_may_not_play_are_not_offered_to(desk: Desk) -> None:
    call_id = await stray(desk, outcome="voicemail")
    async with desk.sessions.begin() as session:
        message = Voicemail(
            call_id=call_id, path="x.wav", seconds=3, created_at=desk.clock.now(), state="new", text=""
        )
        session.add(message)
    page = await (await (await desk.log_in("dispatcher")).get("/unwatched")).text()
    assert "号码未显示" in page and "<audio" not in page and "不能收听" in page
    page = await (await (await desk.log_in("lead")).get("/unwatched")).text()
    assert f"/messages/{message.id}" in page


async def test_a_protected_one_is_not_offered_to_supervisors(desk: Desk) -> None:
    call_id = await stray(desk, outcome="answered", agent="8001")
    async with desk.sessions.begin() as session:
        session.add(
            Ticket(
                ticket_no="251114090000000001",
                state="REGISTERED",
                appeal_type="REPORT",
                title="举报",
                content="举报某单位",
                category_code="1106",
                confidential="REPORTER",
                created_by=1,
                call_id=call_id,
                received_at=desk.clock.now(),
            )
        )
    page = await (await (await desk.log_in("lead")).get("/unwatched")).text()
    assert "受保护" in page and "<audio" not in page


@pytest.mark.parametrize("login", ["agent1", "urban"])
async def test_the_page_is_for_supervisors(desk: Desk, login: str) -> None:
    await stray(desk)
    assert (await (await desk.log_in(login)).get("/unwatched")).status == 403


async def test_watched_calls_and_old_ones_are_not_listed(desk: Desk) -> None:
    await stray(desk, ago=32 * 86400)
    feed = await desk.feed()
    await feed.ring()
    page = await (await (await desk.log_in("lead")).get("/unwatched")).text()
    assert "没有在系统中断期间打进来的电话" in page


async def test_the_agent_who_took_it_writes_its_ticket(desk: Desk) -> None:
    call_id = await stray(desk, outcome="answered", agent="8001")
    person, other = await desk.log_in("agent1"), await desk.log_in("agent2")
    await sat(desk, person.user_id)
    (row,) = await todo(person)
    assert (row["call_id"], row["display"], row["recorded"]) == (call_id, "号码未显示", True)
    assert await todo(other) == []
    assert (await person.get(f"/recordings/{call_id}")).status == 200
    assert (await person.json(f"/api/desk/state?call={call_id}"))["call"]["id"] == call_id
    fields = LAMP | {"phone": "13912345678"}
    sent = await person.post(f"/api/desk/submit/{call_id}", {"kind": "register", "fields": fields})
    assert sent.status == 200, await sent.text()
    assert await todo(person) == []


async def test_whoever_sits_there_now_is_not_offered_what_another_took(desk: Desk) -> None:
    await stray(desk, outcome="answered", agent="8001")
    person, other = await desk.log_in("agent1"), await desk.log_in("agent2")
    await sat(desk, other.user_id)
    assert await todo(person) == []
