"""What every request goes through: limits, and bodies and queries that are not what the route states."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent_desk.web.access import CSRF_HEADER
from agent_desk.web.limits import ACTS
from tests.unit.agent_desk.conftest import Desk, Person

DEEP = b'{"changes":' * 20_000 + b"1" + b"}" * 20_000


async def send(person: Person, raw: bytes, content_type: str = "application/json") -> Any:
    headers = {CSRF_HEADER: person.csrf, "Content-Type": content_type}
    return await person.client.post("/api/desk/act/not_ready", data=raw, headers=headers)


@pytest.mark.parametrize(
    "raw", [DEEP, b"[]", b"1", b"", b"{", b'{"reason": NaN}', b'{"reason":"meal","reason":"meal"}']
)
async def test_a_body_that_is_no_object_of_ours_is_a_problem(desk: Desk, raw: bytes) -> None:
    person = await desk.log_in("agent1")
    response = await send(person, raw)
    assert (response.status, response.content_type) == (400, "application/problem+json")
    assert json.loads(await response.text()) == {
        "type": "about:blank",
        "title": "请求有误",
        "status": 400,
        "detail": "请求格式不对。",
        "fields": {},
    }


async def test_a_form_is_no_json(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    assert (await send(person, b"reason=meal", "application/x-www-form-urlencoded")).status == 415


async def test_a_name_that_nobody_asked_for_is_named(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    response = await person.post("/api/desk/act/ready", {"call_id": "x"})
    assert response.status == 400
    assert json.loads(await response.text())["fields"] == {"call_id": "不认识的内容：call_id。"}


async def test_what_a_person_can_mend_is_said_beside_its_field(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    body = {"call_id": feed.call_id, "target": "119", "place": "路" * 201}
    response = await person.post("/api/desk/act/handoff", body)
    assert response.status == 422
    told = json.loads(await response.text())
    assert (told["detail"], told["fields"]) == ("地点最多200个字。", {"place": "地点最多200个字。"})


async def test_who_asks_too_often_is_told_when_to_come_back(desk: Desk) -> None:
    person, other = await desk.log_in("agent1"), await desk.log_in("agent2")
    body = {"reason": "meal"}
    for _ in range(ACTS.burst):
        await person.post("/api/desk/act/not_ready", body)
    response = await person.post("/api/desk/act/not_ready", body)
    assert (response.status, response.headers["Retry-After"]) == (429, "1")
    assert "秒后再试" in json.loads(await response.text())["detail"]
    assert (await other.post("/api/desk/act/not_ready", body)).status == 200
    assert (await person.get("/api/me")).status == 200
    desk.clock.move(seconds=1)
    assert (await person.post("/api/desk/act/not_ready", body)).status == 200


async def test_broken_forms_are_refused(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    for raw, content_type in (
        (b"old=1&old=2&_csrf=" + person.csrf.encode(), "application/x-www-form-urlencoded"),
        (b"--x\r\nnonsense", "multipart/form-data; boundary=x"),
        (b"\xff\xfe=%ff&_csrf=" + person.csrf.encode(), "application/x-www-form-urlencoded; charset=no-such"),
        (b'{"old": "1"}', "application/json"),
    ):
        headers = {"Content-Type": content_type, CSRF_HEADER: person.csrf}
        response = await person.client.post("/password", data=raw, headers=headers)
        assert response.status in {400, 403, 415}, content_type
        assert response.content_type == "text/html"
