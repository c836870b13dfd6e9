"""One picture for all boards: whole at first, then what changed, without a question to the database."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import event, select

from agent_desk.floor.feed import FLOOR, FloorFeed
from db.models import AuditEvent, FloorLimit, Team, TeamMember, User
from runtime.events import CallQueued, CallStarted, TelephonyStale
from tests.unit.agent_desk.conftest import Desk, MakeDesk, Person
from tests.unit.agent_desk.live.test_hub import until


def of_board(message: dict[str, Any]) -> bool:
    return bool(message["type"] == "board")


class Ear:
    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []

    def offer(self, message: dict[str, Any]) -> None:
        self.heard.append(message)


async def feed_of(desk: Desk) -> FloorFeed:
    feed = desk.server.app[FLOOR]
    await feed.ready.wait()
    return feed


async def board_of(person: Person) -> Any:
    return await person.client.ws_connect("/ws/live?tab=b&board=1")


async def queue_up(desk: Desk, call_id: str = "c") -> None:
    at = desk.clock.now()
    await desk.bus.publish(
        CallStarted(call_id=call_id, caller="13912345678", caller_raw="", callee="", channel="t", at=at)
    )
    await desk.bus.publish(CallQueued(call_id=call_id, queue="common", position=1, at=at))
    await desk.bus.settle()


async def test_a_board_gets_the_whole_and_then_what_changed(desk: Desk) -> None:
    await feed_of(desk)
    board = await board_of(await desk.log_in("dispatcher"))
    whole = (await until(board, of_board))[-1]
    assert whole["whole"] and whole["sections"]["waiting"] == {}
    await queue_up(desk)
    told = (await until(board, of_board))[-1]
    assert told["rows"]["waiting"]["c"]["caller"] == "139****5678"
    assert told["rows"].keys() == {"queues", "waiting"}
    assert "seats" not in told.get("sections", {})
    assert "13912345678" not in str(told)


async def test_a_board_hears_no_single_events_beside_its_pictures(desk: Desk) -> None:
    await feed_of(desk)
    board = await board_of(await desk.log_in("dispatcher"))
    await until(board, of_board)
    await queue_up(desk)
    heard = await until(board, of_board)
    assert not [m for m in heard if m.get("event") in ("CallStarted", "CallQueued")]


async def test_who_may_not_watch_gets_no_picture(desk: Desk) -> None:
    await feed_of(desk)
    person = await desk.log_in("agent1")
    socket = await board_of(person)
    await queue_up(desk)
    desk.server.app[FLOOR].push()
    await socket.send_json({"type": "ping"})
    assert not [m for m in await until(socket, lambda m: m["type"] == "pong") if of_board(m)]
    assert (await person.get("/board")).status == 403
    assert (await person.get("/api/board/state")).status == 403


async def test_the_hundredth_board_costs_the_database_nothing(desk: Desk) -> None:
    feed = await feed_of(desk)
    asked: list[str] = []
    engine = desk.sessions.kw["bind"].sync_engine
    event.listen(engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
    ears = [Ear() for _ in range(100)]
    for ear in ears:
        feed.join(ear)
    await queue_up(desk)
    feed.push()
    assert all(len(ear.heard) == 2 for ear in ears)
    assert asked == []
    for ear in ears:
        feed.leave(ear)


async def test_nothing_new_is_not_told(desk: Desk) -> None:
    feed, ear = await feed_of(desk), Ear()
    feed.join(ear)
    feed.push()
    assert len(ear.heard) == 1
    await desk.bus.publish(TelephonyStale(stale=True, since=desk.clock.now()))
    await desk.bus.settle()
    feed.push()
    assert ear.heard[-1]["sections"]["state"]["stale_since"] == desk.clock.now().isoformat()
    feed.leave(ear)


async def test_a_desk_that_starts_knows_what_was(desk: Desk, make_desk: MakeDesk) -> None:
    call = await desk.feed("8001")
    await call.ring()
    await call.answer()
    await desk.bus.settle()
    before = (await feed_of(desk)).now()
    other = await make_desk()
    after = (await feed_of(other)).now()
    shown = ("name", "state", "since", "caller", "call_since", "queues")
    assert [after["seats"]["8001"][name] for name in shown] == [before["seats"]["8001"][name] for name in shown]
    assert after["calls"].keys() == before["calls"].keys() != set()


async def test_limits_are_set_by_who_may_and_kept(desk: Desk) -> None:
    feed = await feed_of(desk)
    lead = await desk.log_in("lead")
    body = {"queue": "common", "limits": {"waiting": {"amber": 5, "red": 9}, "ready": {"amber": 2, "red": None}}}
    assert (await (await desk.log_in("agent1")).post("/api/board/limits", body)).status == 403
    answer = await lead.post("/api/board/limits", body)
    assert answer.status == 200, await answer.text()
    assert feed.now()["limits"]["common"]["waiting"] == [5, 9]
    assert feed.now()["limits"][""]["waiting"] == [3, 8]
    async with desk.sessions() as session:
        assert len(list(await session.scalars(select(FloorLimit)))) == 2
        trace = await session.scalar(select(AuditEvent).where(AuditEvent.object_kind == "floor"))
        assert trace is not None and (trace.action, trace.object_id) == ("limits_set", "common")


@pytest.mark.parametrize(
    "limits",
    [
        {"waiting": {"amber": 9, "red": 5}},
        {"in_time": {"amber": 80, "red": 95}},
        {"waiting": {"amber": -1}},
        {"waiting": {"amber": "3"}},
        {"no_such_figure": {"amber": 1}},
    ],
)
async def test_limits_that_make_no_sense_are_refused(desk: Desk, limits: dict[str, Any]) -> None:
    lead = await desk.log_in("lead")
    assert (await lead.post("/api/board/limits", {"queue": "common", "limits": limits})).status in (400, 422)


async def test_teams_are_arranged_and_shown(desk: Desk) -> None:
    feed, lead = await feed_of(desk), await desk.log_in("lead")
    await desk.feed("8001")
    await desk.bus.settle()
    assert (await lead.post("/api/board/teams", {"name": "一班"})).status == 200
    assert (await lead.post("/api/board/teams", {"name": "一班"})).status == 409
    async with desk.sessions() as session:
        team = await session.scalar(select(Team.id))
        user = await session.scalar(select(User.id).where(User.extension == "8001"))
    assert (await lead.post("/api/board/teams/assign", {"user": user, "team": team})).status == 200
    assert feed.now()["seats"]["8001"]["team"] == "一班"
    rows = await lead.json("/api/board/members")
    assert [row["team"] for row in rows if row["user"] == user] == [team]
    assert (await lead.post("/api/board/teams/assign", {"user": 9999, "team": team})).status == 409
    assert (await lead.post("/api/board/teams/remove", {"team": team})).status == 200
    assert (await lead.post("/api/board/teams/remove", {"team": team})).status == 409
    assert (feed.now()["teams"], feed.now()["seats"]["8001"]["team"]) == ([], "")
    async with desk.sessions() as session:
        assert list(await session.scalars(select(TeamMember))) == []
        acts = list(await session.scalars(select(AuditEvent.action).where(AuditEvent.object_kind == "team")))
    assert acts == ["team_made", "team_assigned", "team_removed"]
    assert (await (await desk.log_in("agent1")).post("/api/board/teams", {"name": "二班"})).status == 403
