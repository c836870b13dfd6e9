"""The supervisor's view and a citizen's history, read from the database."""

from __future__ import annotations

from datetime import timedelta

from calls.floor.board import snapshot
from calls.floor.history import calls_of_phone
from db.models import AgentSession, Call, QueueEntry, Recording
from db.session import Sessions
from runtime.callid import new_call_id
from tests.fakes.clock import FakeClock


async def test_the_board_shows_ages(sessions: Sessions, clock: FakeClock) -> None:
    now = clock.now()
    waiting, ended = new_call_id(), new_call_id()
    async with sessions.begin() as session:
        session.add_all(
            [
                Call(id=waiting, caller="13912345678", state="queued", queue="common", started_at=now),
                Call(id=ended, state="ended", started_at=now),
                AgentSession(agent="8001", state="ready", since=now, queues=["common"]),
                AgentSession(agent="8002", state="not_ready", reason="missed", since=now, queues=["common"]),
                AgentSession(agent="8003", state="offline", since=now, queues=["common"]),
            ]
        )
    async with sessions.begin() as session:
        session.add(QueueEntry(call_id=waiting, queue="common", entered_at=now + timedelta(seconds=5)))
        session.add(QueueEntry(call_id=ended, queue="common", entered_at=now))
    clock.move(seconds=65)
    async with sessions() as session:
        board = await snapshot(session, clock)
    common = board.queues[0]
    assert (common.queue, common.waiting, common.oldest_s, common.ready, common.staffed) == ("common", 1, 60, 1, 2)
    assert [(a.agent, a.reason, a.age_s) for a in board.agents] == [("8001", "", 65), ("8002", "missed", 65)]
    assert [(c.call_id, c.age_s) for c in board.calls] == [(waiting, 65)]


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


async def test_figures_leave_out_what_is_at_a_node_that_is_away(sessions: Sessions, clock: FakeClock) -> None:
    now = clock.now()
    calls = {node: new_call_id() for node in ("city", "town")}
    async with sessions.begin() as session:
        for number, (node, call_id) in enumerate(calls.items(), 8001):
            row = {"state": "queued", "queue": "common", "started_at": now}
            session.add(Call(id=call_id, node=node, **row))
            session.add(AgentSession(agent=str(number), node=node, state="ready", since=now, queues=["common"]))
    async with sessions.begin() as session:
        for node, call_id in calls.items():
            session.add(QueueEntry(call_id=call_id, node=node, queue="common", entered_at=now))
    async with sessions() as session:
        whole = await snapshot(session, clock)
        part = await snapshot(session, clock, away={"town"})
    assert (whole.queues[0].waiting, whole.queues[0].ready) == (2, 2)
    assert (part.queues[0].waiting, part.queues[0].ready) == (1, 1)
    assert [(call.node, call.call_id) for call in part.calls] == list(calls.items())  # shown, as their node's
    assert [agent.node for agent in part.agents] == ["city", "town"]
