"""What a supervisor does to others from the board, who may, and the trail it leaves."""

from __future__ import annotations

from sqlalchemy import select

from agent_desk.floor.feed import FLOOR
from db.models import AuditEvent
from runtime.callid import new_call_id
from tests.unit.agent_desk.conftest import Desk
from tests.unit.agent_desk.live.test_hub import link, named, until


async def trail(desk: Desk) -> list[tuple[str, str, str, str]]:
    async with desk.sessions() as session:
        rows = await session.scalars(
            select(AuditEvent)
            .where(AuditEvent.object_kind.in_(("seat", "call", "notice")))
            .order_by(AuditEvent.id)
        )
        return [(row.object_kind, row.action, row.actor_name, row.reason) for row in rows]


async def test_a_seat_is_forced_and_it_is_kept_who_did(desk: Desk) -> None:
    lead = await desk.log_in("lead")
    answer = await lead.post("/api/board/force", {"agent": "8001", "to": "not_ready", "reason": "meeting"})
    assert answer.status == 200, await answer.text()
    assert desk.control.acts("force") == [("lead", "", {"agent": "8001", "to": "not_ready", "reason": "meeting"})]
    assert await trail(desk) == [("seat", "forced_not_ready", "陈芳", "meeting")]


async def test_what_was_refused_leaves_no_trail(desk: Desk) -> None:
    lead = await desk.log_in("lead")
    desk.control.refuse["force"] = "该坐席的软电话没有注册，不能示闲。"
    answer = await lead.post("/api/board/force", {"agent": "8001", "to": "ready"})
    assert answer.status == 422 and "没有注册" in await answer.text()
    assert (await lead.post("/api/board/force", {"agent": "8001", "to": "not_ready"})).status == 422
    assert (await lead.post("/api/board/force", {"agent": "8001", "to": "asleep"})).status == 400
    assert await trail(desk) == []


async def test_a_call_is_ended(desk: Desk) -> None:
    lead, call_id = await desk.log_in("lead"), new_call_id()
    assert (await lead.post("/api/board/hangup", {"call_id": call_id})).status == 200
    assert desk.control.acts("force_hangup") == [("lead", call_id, {})]
    assert (await lead.post("/api/board/hangup", {"call_id": "x"})).status == 422
    assert [row[:2] for row in await trail(desk)] == [("call", "forced_hangup")]


async def test_only_shift_leads_steer(desk: Desk) -> None:
    for login in ("agent1", "dispatcher", "admin"):
        person = await desk.log_in(login)
        for path, body in (
            ("/api/board/force", {"agent": "8001", "to": "ready"}),
            ("/api/board/hangup", {"call_id": new_call_id()}),
            ("/api/board/notices", {"text": "x", "to": "all"}),
        ):
            assert (await person.post(path, body)).status == 403
    assert desk.control.acts("force") == []


async def test_a_notice_reaches_the_desk_and_its_receipt_the_board(desk: Desk) -> None:
    await desk.server.app[FLOOR].ready.wait()
    lead, agent, other = await desk.log_in("lead"), await desk.log_in("agent1"), await desk.log_in("agent2")
    assert (await lead.post("/api/board/notices", {"text": "无人", "to": "all"})).status == 409
    await desk.feed("8001")
    await desk.feed("8002")
    await desk.bus.settle()
    page = await link(agent, seat=False)
    await until(page, lambda m: m["type"] == "hello")
    answer = await lead.post("/api/board/notices", {"text": "请尽快示闲", "to": "seat", "name": "8001"})
    assert answer.status == 200 and (await answer.json())["result"] == {"readers": 1}
    heard = (await until(page, named("NoticeGiven")))[-1]
    assert (heard["text"], heard["by"]) == ("请尽快示闲", "陈芳")
    [notice] = await agent.json("/api/desk/notices")
    assert await other.json("/api/desk/notices") == []
    for person in (other, agent):
        assert (await person.post("/api/desk/notices/read", {"notice": notice["notice_id"]})).status == 200
    assert await agent.json("/api/desk/notices") == []
    [told] = await lead.json("/api/board/notices")
    assert (told["to"], told["readers"], told["unread"]) == ("8001 王丽", 1, [])
    assert await trail(desk) == [("notice", "notice_given", "陈芳", "")]


async def test_a_team_is_told_alone(desk: Desk) -> None:
    await desk.server.app[FLOOR].ready.wait()
    lead = await desk.log_in("lead")
    await desk.feed("8001")
    await desk.feed("8002")
    await desk.bus.settle()
    assert (await lead.post("/api/board/teams", {"name": "一班"})).status == 200
    team, user = 1, desk.server.app[FLOOR].now()["seats"]["8002"]["user_id"]
    assert (await lead.post("/api/board/teams/assign", {"user": user, "team": team})).status == 200
    answer = await lead.post("/api/board/notices", {"text": "开会", "to": "team", "name": "一班"})
    assert (await answer.json())["result"] == {"readers": 1}
    assert (await (await lead.post("/api/board/notices", {"text": "开会", "to": "all"})).json())["result"] == {
        "readers": 2
    }
