from __future__ import annotations

import pytest
from sqlalchemy import select

from agent_desk.agents.recordings import OWN_FOR
from agent_desk.web.trail import ONE_PLAYING
from db.models import AuditEvent, Recording, User
from tests.fakes.desk_feed import DeskFeed
from tests.unit.agent_desk.agents.test_draft_api import FIELDS
from tests.unit.agent_desk.conftest import Desk, Person


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


@pytest.mark.parametrize("asked", ["bytes=1-", "bytes=100-199", "bytes=-100", "bytes=0-"])
async def test_whatever_part_is_asked_for_leaves_a_trace(desk: Desk, asked: str) -> None:
    person, feed = await desk.log_in("agent1"), await recorded(desk)
    part = await person.get(f"/recordings/{feed.call_id}", headers={"Range": asked})
    assert part.status == 206
    assert await plays(desk) == 1


async def test_a_player_may_ask_for_parts_and_they_are_one_playing(desk: Desk) -> None:
    person, feed = await desk.log_in("agent1"), await recorded(desk)
    part = await person.get(f"/recordings/{feed.call_id}", headers={"Range": "bytes=100-199"})
    assert part.headers["Content-Range"].startswith("bytes 100-199/")
    assert len(await part.read()) == 100
    await person.get(f"/recordings/{feed.call_id}", headers={"Range": "bytes=0-"})
    assert await plays(desk) == 1
    desk.clock.move(seconds=ONE_PLAYING.total_seconds())
    await person.get(f"/recordings/{feed.call_id}", headers={"Range": "bytes=200-"})
    assert await plays(desk) == 2
    lead = await desk.log_in("lead")
    await lead.get(f"/recordings/{feed.call_id}", headers={"Range": "bytes=200-"})
    assert await plays(desk) == 3, "another person's playing is another"


@pytest.mark.parametrize(
    ("confidential", "heard_by"),
    [("NONE", {"agent1", "lead"}), ("REPORTER", {"agent1"}), ("HIDE_FROM_UNIT", {"agent1", "lead"})],
)
async def test_the_recording_of_a_protected_matter_follows_both_permissions(
    desk: Desk, confidential: str, heard_by: set[str]
) -> None:
    person, feed = await desk.log_in("agent1"), await desk.feed("8001")
    await feed.ring("13912345678")
    await feed.answer()
    fields = FIELDS | {"appeal_type": "REPORT", "appellant_name": "举报人甲", "confidential": confidential}
    sent = await person.post(f"/api/desk/submit/{feed.call_id}", {"kind": "register", "fields": fields})
    assert sent.status == 200, await sent.text()
    await feed.end(desk.settings.recordings_dir)
    for login in ("agent1", "lead"):
        status = (await (await desk.log_in(login)).get(f"/recordings/{feed.call_id}")).status
        assert status == (200 if login in heard_by else 403), login


async def test_the_same_caller_on_another_seat_opens_no_protected_recording(desk: Desk) -> None:
    person, feed = await desk.log_in("agent2"), await desk.feed("8002")
    await feed.ring("13912345678")
    await feed.answer()
    fields = FIELDS | {"appeal_type": "REPORT", "appellant_name": "举报人甲", "confidential": "REPORTER"}
    sent = await person.post(f"/api/desk/submit/{feed.call_id}", {"kind": "register", "fields": fields})
    assert sent.status == 200, await sent.text()
    await feed.end(desk.settings.recordings_dir)
    other, now = await desk.log_in("agent1"), await desk.feed("8001")
    await now.ring("13912345678")
    await now.answer()
    assert (await other.get(f"/recordings/{feed.call_id}")).status == 403
    card = (await other.json("/api/desk/state"))["caller"]
    assert [call["recorded"] for call in card["calls"]] == [False]


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


@pytest.mark.parametrize("confidential", ["NONE", "REPORTER", "HIDE_FROM_UNIT"])
async def test_the_110_liaison_hears_own_calls_only(desk: Desk, confidential: str) -> None:
    police = await desk.unit("police")
    async with desk.sessions.begin() as session:
        liaison = await session.scalar(select(User).where(User.login == "agent2"))
        assert liaison is not None
        liaison.roles, liaison.unit_id = ["LIAISON_110"], police
    agent, person = await desk.log_in("agent1"), await desk.log_in("agent2")
    fields = FIELDS | {"appeal_type": "REPORT", "appellant_name": "举报人甲", "confidential": confidential}
    heard = {}
    for login, taker, extension in (("agent1", agent, "8001"), ("agent2", person, "8002")):
        feed = await desk.feed(extension)
        await feed.ring("13912345678")
        await feed.answer()
        sent = await taker.post(
            f"/api/desk/submit/{feed.call_id}", {"kind": "dispatch", "fields": fields | {"unit_id": police}}
        )
        assert sent.status == 200, await sent.text()
        await feed.end(desk.settings.recordings_dir)
        before, number = await plays(desk), (await sent.json())["ticket"]["no"]
        heard[login] = (await person.get(f"/recordings/{feed.call_id}")).status
        offered = f"/recordings/{feed.call_id}" in await (await person.get(f"/tickets/{number}")).text()
        assert offered is (heard[login] == 200)
        assert await plays(desk) - before == int(heard[login] == 200), "every playing leaves a row"
    assert heard == {"agent1": 403, "agent2": 200}


async def test_the_unit_s_liaison_hears_nothing(desk: Desk) -> None:
    agent, feed = await desk.log_in("agent1"), await desk.feed("8001")
    await feed.ring("13912345678")
    await feed.answer()
    fields = FIELDS | {"unit_id": await desk.unit("urban")}
    sent = await agent.post(f"/api/desk/submit/{feed.call_id}", {"kind": "dispatch", "fields": fields})
    assert sent.status == 200, await sent.text()
    await feed.end(desk.settings.recordings_dir)
    assert (await (await desk.log_in("urban")).get(f"/recordings/{feed.call_id}")).status == 403
