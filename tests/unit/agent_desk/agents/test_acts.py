from __future__ import annotations

from typing import Any

import pytest

from calls.acts.client import ControlTimeout
from tests.unit.agent_desk.conftest import Desk

EMERGENCY = {"target": "119", "reason_code": "E119-01", "summary": "六楼着火", "place": "文化路"}


async def test_states_follow_the_agent(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await desk.feed()
    assert (await person.post("/api/desk/act/not_ready", {"reason": "meal"})).status == 200
    seat = await desk.seat("8001")
    assert seat is not None and (seat.state, seat.reason) == ("not_ready", "meal")


@pytest.mark.parametrize("reason", ["", "missed", "lost", "x" * 500, None, 7])
async def test_an_agent_cannot_invent_a_reason(desk: Desk, reason: Any) -> None:
    person = await desk.log_in("agent1")
    response = await person.post("/api/desk/act/not_ready", {"reason": reason})
    assert response.status in {400, 422}
    assert desk.control.done == []


async def test_an_emergency_goes_over_with_place_and_what(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    response = await person.post("/api/desk/act/handoff", {"call_id": feed.call_id} | EMERGENCY)
    assert response.status == 200
    assert desk.control.acts("handoff") == [("8001", feed.call_id, EMERGENCY)]


@pytest.mark.parametrize("area", ["027", "27", "027-12345", "武汉", " 武汉市12345 "])
async def test_another_city_s_hotline_is_called_by_area_code_or_name(desk: Desk, area: str) -> None:
    person, feed = await desk.log_in("agent1"), await desk.feed()
    await feed.ring()
    await feed.answer()
    body = EMERGENCY | {"call_id": feed.call_id, "target": "12345", "area": area}
    assert (await person.post("/api/desk/act/handoff", body)).status == 200
    assert [args["target"] for _, _, args in desk.control.acts("handoff")] == ["02712345"]


@pytest.mark.parametrize(
    "area", ["", "0", "0000", "0715", "13912345678", "110", "1234512345", "省", "027;110", 27]
)
async def test_no_other_number_can_be_dialled_by_the_area(desk: Desk, area: Any) -> None:
    person, feed = await desk.log_in("agent1"), await desk.feed()
    await feed.ring()
    await feed.answer()
    body = EMERGENCY | {"call_id": feed.call_id, "target": "12345", "area": area}
    refused = await person.post("/api/desk/act/handoff", body)
    assert refused.status in (400, 422)
    assert desk.control.acts("handoff") == []
    if refused.status == 422:
        assert "area" in (await refused.json())["fields"]


@pytest.mark.parametrize("target", ["02712345", "12345", "13912345678", "", "110\r\nAction: Originate"])
async def test_only_emergency_numbers_are_called(desk: Desk, target: str) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    body = EMERGENCY | {"call_id": feed.call_id, "target": target}
    assert (await person.post("/api/desk/act/handoff", body)).status == 422
    assert desk.control.acts("handoff") == []


async def test_a_unit_is_named_by_its_id_alone(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    body = {"call_id": feed.call_id, "unit_id": 3}
    with_number = body | {"number": "13900001111"}
    assert (await person.post("/api/desk/act/transfer_unit", with_number)).status == 400
    assert (await person.post("/api/desk/act/transfer_unit", body)).status == 200
    assert desk.control.acts("transfer_unit") == [("8001", feed.call_id, {"unit_id": 3})]


@pytest.mark.parametrize("unit_id", [None, "3x", True, [3], 0, 2**40])
async def test_what_names_no_unit_is_refused(desk: Desk, unit_id: Any) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    body = {"call_id": feed.call_id, "unit_id": unit_id}
    assert (await person.post("/api/desk/act/transfer_unit", body)).status in {400, 422}
    assert desk.control.acts("transfer_unit") == []


async def test_control_characters_never_reach_the_telephone(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    body = EMERGENCY | {"call_id": feed.call_id, "place": "文化路\r\nAction: Logoff\x00"}
    await person.post("/api/desk/act/handoff", body)
    assert desk.control.acts("handoff")[0][2]["place"] == "文化路Action: Logoff"


async def test_a_neighbour_s_call_is_out_of_reach(desk: Desk) -> None:
    other = await desk.log_in("agent2")
    feed = await desk.feed("8001")
    await feed.ring()
    await feed.answer()
    for action in ("hangup", "rejoin", "leave", "handoff"):
        more = EMERGENCY if action == "handoff" else {}
        response = await other.post(f"/api/desk/act/{action}", {"call_id": feed.call_id} | more)
        assert response.status == 404
    assert desk.control.acts("hangup") == []


@pytest.mark.parametrize("call_id", ["", "../../x", "019a8f00-0000-7000-8000-000000000009"])
async def test_a_call_that_is_none_cannot_be_acted_on(desk: Desk, call_id: str) -> None:
    person = await desk.log_in("agent1")
    assert (await person.post("/api/desk/act/hangup", {"call_id": call_id})).status in {404, 422}


async def test_a_refusal_is_told_in_its_own_words(desk: Desk) -> None:
    desk.control.refuse["ready"] = "软电话没有注册，请检查网络后再就绪。"
    person = await desk.log_in("agent1")
    response = await person.post("/api/desk/act/ready")
    assert response.status == 422
    assert (await response.json())["detail"] == "软电话没有注册，请检查网络后再就绪。"


async def test_an_absent_node_is_said_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any, **__: Any) -> dict[str, Any]:
        raise ControlTimeout("no reply")

    monkeypatch.setattr(desk.control, "do", away)
    person = await desk.log_in("agent1")
    response = await person.post("/api/desk/act/ready")
    assert response.status == 503
    assert "没有应答" in (await response.json())["detail"]


@pytest.mark.parametrize("action", ["login", "heartbeat", "repair", "no_such_act"])
async def test_acts_that_are_not_the_page_s_are_unknown(desk: Desk, action: str) -> None:
    person = await desk.log_in("agent1")
    assert (await person.post(f"/api/desk/act/{action}")).status == 404


@pytest.mark.parametrize("body", [[], "text", 7])
async def test_a_body_that_is_no_object_is_refused(desk: Desk, body: Any) -> None:
    person = await desk.log_in("agent1")
    response = await person.client.post("/api/desk/act/ready", json=body, headers={"X-CSRF-Token": person.csrf})
    assert response.status == 400
