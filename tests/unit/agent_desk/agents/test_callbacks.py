"""The call-back key: one agent has the task, dials, and everybody sees who it is."""

from __future__ import annotations

from typing import Any

import pytest

from calls.acts.client import ControlTimeout
from calls.callbacks import tasks as callbacks
from db.models import Call, CallbackTask
from runtime.callid import new_call_id
from tests.unit.agent_desk.conftest import Desk, Person

PHONE = "13912345678"


async def task(desk: Desk, phone: str = PHONE, kind: str = "missed") -> int:
    async with desk.sessions.begin() as session:
        call = Call(id=new_call_id(), caller=phone, started_at=desk.clock.now(), state="ended")
        session.add(call)
        await session.flush()
        made = await callbacks.request(session, desk.clock, call_id=call.id, phone=phone, kind=kind)
    return made.id


async def stored(desk: Desk, task_id: int) -> CallbackTask:
    async with desk.sessions() as session:
        return await session.get_one(CallbackTask, task_id)


async def shown(person: Person) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await person.json("/api/desk/todo"))["callbacks"]
    return rows


async def test_the_key_takes_the_task_and_dials(desk: Desk) -> None:
    person, task_id = await desk.log_in("agent1"), await task(desk)
    assert (await person.post(f"/api/desk/callbacks/{task_id}/call")).status == 200
    assert desk.control.acts("call_out") == [("8001", "", {"phone": PHONE})]
    (row,) = await shown(person)
    assert row["holder"]["mine"] and row["display"] == "139 1234 5678" and row["kind_label"] == "漏接"


async def test_the_other_agent_sees_who_has_it_and_is_refused(desk: Desk) -> None:
    one, two, task_id = await desk.log_in("agent1"), await desk.log_in("agent2"), await task(desk)
    await one.post(f"/api/desk/callbacks/{task_id}/call")
    (row,) = await shown(two)
    name = (await one.json("/api/me"))["name"]
    assert (row["holder"]["name"], row["holder"]["mine"]) == (name, False)
    assert row["holder"]["at"] == desk.clock.now().isoformat()
    refused = await two.post(f"/api/desk/callbacks/{task_id}/call")
    assert refused.status == 409 and name in (await refused.json())["detail"]
    assert len(desk.control.acts("call_out")) == 1
    assert (await two.post(f"/api/desk/callbacks/{task_id}/release")).status == 409


async def test_a_refused_call_gives_the_task_back(desk: Desk) -> None:
    desk.control.refuse["call_out"] = "您正在通话或振铃，不能外呼。"
    person, task_id = await desk.log_in("agent1"), await task(desk)
    refused = await person.post(f"/api/desk/callbacks/{task_id}/call")
    assert (refused.status, (await refused.json())["detail"]) == (422, "您正在通话或振铃，不能外呼。")
    assert ((await stored(desk, task_id)).state, (await stored(desk, task_id)).attempts) == ("open", 0)


async def test_without_an_answer_the_claim_stays(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> dict[str, Any]:
        raise ControlTimeout("no reply")

    monkeypatch.setattr(desk.control, "do", away)
    person, task_id = await desk.log_in("agent1"), await task(desk)
    assert (await person.post(f"/api/desk/callbacks/{task_id}/call")).status == 503
    assert (await stored(desk, task_id)).state == "taken", "it may have been dialled"


async def test_the_holder_gives_it_back(desk: Desk) -> None:
    person, task_id = await desk.log_in("agent1"), await task(desk)
    await person.post(f"/api/desk/callbacks/{task_id}/call")
    assert (await person.post(f"/api/desk/callbacks/{task_id}/release")).status == 200
    (row,) = await shown(person)
    assert row["holder"] is None


async def test_the_list_tells_attempts_and_lateness(desk: Desk) -> None:
    person, task_id = await desk.log_in("agent1"), await task(desk)
    async with desk.sessions.begin() as session:
        await callbacks.finish(session, desk.clock, task_id, None, reached=False, result="占线")
    desk.clock.move(seconds=31 * 60)
    (row,) = await shown(person)
    assert (row["attempts"], row["result"], row["late"]) == (1, "占线", True)


@pytest.mark.parametrize("path", ["0/call", "x/call", "99999/call"])
async def test_a_task_that_is_none_is_refused(desk: Desk, path: str) -> None:
    person = await desk.log_in("agent1")
    assert (await person.post(f"/api/desk/callbacks/{path}")).status in {404, 409}
    assert desk.control.acts("call_out") == []


async def test_only_agents_call_back(desk: Desk) -> None:
    person, task_id = await desk.log_in("urban"), await task(desk)
    assert (await person.post(f"/api/desk/callbacks/{task_id}/call")).status == 403


async def test_at_night_the_list_says_why_nobody_is_called(desk: Desk) -> None:
    desk.settings.callback_from, desk.settings.callback_until = 8, 21
    desk.clock.move(hours=14)  # 23:00 in Shanghai
    task_id = await task(desk)
    desk.clock.move(hours=1)
    person = await desk.log_in("agent1")
    (row,) = await shown(person)
    assert (row["closed_until"], row["late"]) == ("2025-11-15T00:00:00+00:00", False)
    refused = await person.post(f"/api/desk/callbacks/{task_id}/call")
    assert refused.status == 409 and "8:00" in (await refused.json())["detail"]
    assert desk.control.acts("call_out") == []
    assert (await stored(desk, task_id)).state == "open"
