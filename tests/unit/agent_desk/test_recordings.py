from __future__ import annotations

import pytest
from sqlalchemy import select

from agent_desk.recordings import OWN_FOR
from db.models import AuditEvent, Recording
from tests.fakes.desk_feed import DeskFeed

from .conftest import Desk, Person


async def recorded(desk: Desk, seat: str = "8001", caller: str = "13912345678") -> DeskFeed:
    feed = await desk.feed(seat)
    await feed.ring(caller)
    await feed.answer()
    await feed.end(desk.settings.recordings_dir)
    return feed


async def plays(desk: Desk) -> int:
    async with desk.sessions() as session:
        rows = await session.scalars(select(AuditEvent).where(AuditEvent.action == "played"))
        return len(rows.all())


async def test_the_agent_hears_the_own_call_and_leaves_a_trace(desk: Desk) -> None:
    person, feed = await desk.log_in("agent1"), await recorded(desk)
    response = await person.get(f"/recordings/{feed.call_id}")
    assert (response.status, response.headers["Content-Type"]) == (200, "audio/wav")
    assert response.headers["Cache-Control"] == "no-store"
    assert (await response.read())[:4] == b"RIFF"
    assert await plays(desk) == 1


async def test_a_player_may_ask_for_a_part(desk: Desk) -> None:
    person, feed = await desk.log_in("agent1"), await recorded(desk)
    part = await person.get(f"/recordings/{feed.call_id}", headers={"Range": "bytes=100-199"})
    assert part.status == 206
    assert part.headers["Content-Range"].startswith("bytes 100-199/")
    assert len(await part.read()) == 100
    assert await plays(desk) == 0, "the continuation of a playing is not another playing"
    await person.get(f"/recordings/{feed.call_id}", headers={"Range": "bytes=0-"})
    assert await plays(desk) == 1


async def test_a_part_behind_the_end_does_not_exist(desk: Desk) -> None:
    person, feed = await desk.log_in("agent1"), await recorded(desk)
    response = await person.get(f"/recordings/{feed.call_id}", headers={"Range": "bytes=99999999-"})
    assert response.status == 416


async def test_a_day_later_only_supervisors_hear_it(desk: Desk) -> None:
    feed = await recorded(desk)
    await desk.control.set_state("8001", "ready")
    desk.clock.move(seconds=OWN_FOR.total_seconds() + 60)
    agent, lead = await desk.log_in("agent1"), await desk.log_in("lead")
    assert (await agent.get(f"/recordings/{feed.call_id}")).status == 403
    assert (await lead.get(f"/recordings/{feed.call_id}")).status == 200


@pytest.mark.parametrize(("login", "status"), [("agent2", 403), ("urban", 403), ("admin", 403), ("lead", 200)])
async def test_others_hear_it_only_by_their_role(desk: Desk, login: str, status: int) -> None:
    feed, person = await recorded(desk), await desk.log_in(login)
    assert (await person.get(f"/recordings/{feed.call_id}")).status == status


async def test_while_the_citizen_is_on_the_line_the_earlier_calls_may_be_heard(desk: Desk) -> None:
    earlier = await recorded(desk, "8002")
    stranger = await recorded(desk, "8002", caller="13800000000")
    person: Person = await desk.log_in("agent1")
    now = await desk.feed("8001")
    await now.ring()
    await now.answer()
    assert (await person.get(f"/recordings/{earlier.call_id}")).status == 200
    assert (await person.get(f"/recordings/{stranger.call_id}")).status == 403


async def test_anonymous_callers_are_not_one_person(desk: Desk) -> None:
    earlier = await recorded(desk, "8002", caller="")
    person = await desk.log_in("agent1")
    now = await desk.feed("8001")
    await now.ring("")
    await now.answer()
    assert (await person.get(f"/recordings/{earlier.call_id}")).status == 403


@pytest.mark.parametrize("path", ["../../../etc/passwd", "/etc/passwd", "gone.wav"])
async def test_only_files_of_the_recordings_are_served(desk: Desk, path: str) -> None:
    person, feed = await desk.log_in("agent1"), await recorded(desk)
    async with desk.sessions.begin() as session:
        row = (await session.scalars(select(Recording))).one()
        row.path = path
    assert (await person.get(f"/recordings/{feed.call_id}")).status == 404


@pytest.mark.parametrize("call_id", ["x", "0190-not-a-call", "01939ab0-0000-7000-8000-000000000000"])
async def test_a_call_without_recording_is_not_found(desk: Desk, call_id: str) -> None:
    person = await desk.log_in("lead")
    assert (await person.get(f"/recordings/{call_id}")).status == 404
