from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from db.models import Ticket
from tests.fakes.desk_feed import DeskFeed
from tests.unit.agent_desk.conftest import Desk, Person

FIELDS: dict[str, Any] = {
    "appeal_type": "HELP",
    "category_code": "1106",
    "title": "文化路井盖损坏",
    "content": "白霓镇文化路农贸市场门口井盖损坏，昨晚有老人摔倒。",
    "demand": "尽快维修",
    "appellant_name": "陈先生",
    "occurred_text": "昨天晚上",
    "place_text": "白霓镇文化路",
}


@pytest.fixture
async def person(desk: Desk) -> Person:
    return await desk.log_in("agent1")


@pytest.fixture
async def feed(desk: Desk) -> DeskFeed:
    made = await desk.feed()
    await made.ring()
    await made.answer()
    return made


async def test_typing_is_saved_and_the_moment_is_told(desk: Desk, person: Person, feed: DeskFeed) -> None:
    response = await person.post(f"/api/desk/draft/{feed.call_id}", {"changes": {"title": "井盖"}})
    body = await response.json()
    assert body["saved_at"] == desk.clock.now().isoformat()
    assert body["touched"] == ["title"]


@pytest.mark.parametrize(
    "changes", [{"no_such_field": "x"}, {"title": {"a": 1}}, {"title": "x" * 9000}, {"title": "a\x00"}]
)
async def test_what_cannot_be_kept_is_named(person: Person, feed: DeskFeed, changes: dict[str, Any]) -> None:
    response = await person.post(f"/api/desk/draft/{feed.call_id}", {"changes": changes})
    assert response.status == 422
    assert set((await response.json())["fields"]) == set(changes)


async def test_a_neighbour_can_neither_save_nor_submit(desk: Desk, feed: DeskFeed) -> None:
    other = await desk.log_in("agent2")
    saved = await other.post(f"/api/desk/draft/{feed.call_id}", {"changes": {"title": "x"}})
    sent = await other.post(f"/api/desk/submit/{feed.call_id}", {"kind": "register", "fields": FIELDS})
    assert (saved.status, sent.status) == (404, 404)


async def test_dispatching_makes_a_ticket_for_the_unit(desk: Desk, person: Person, feed: DeskFeed) -> None:
    unit_id = await desk.unit("urban")
    response = await person.post(
        f"/api/desk/submit/{feed.call_id}", {"kind": "dispatch", "fields": FIELDS | {"unit_id": unit_id}}
    )
    assert response.status == 200, await response.text()
    told = (await response.json())["ticket"]
    async with desk.sessions() as session:
        ticket = (await session.scalars(select(Ticket))).one()
    assert (ticket.ticket_no, ticket.state, ticket.unit_id) == (told["no"], "DISPATCHED", unit_id)
    assert (ticket.call_id, ticket.created_by, told["unit"]) == (feed.call_id, person.user_id, "城管局")


async def test_submitting_twice_gives_the_same_ticket(desk: Desk, person: Person, feed: DeskFeed) -> None:
    body = {"kind": "register", "fields": FIELDS}
    first = await (await person.post(f"/api/desk/submit/{feed.call_id}", body)).json()
    second = await (await person.post(f"/api/desk/submit/{feed.call_id}", body)).json()
    assert first["ticket"]["no"] == second["ticket"]["no"]
    late = await person.post(f"/api/desk/draft/{feed.call_id}", {"changes": {"title": "改"}})
    assert late.status == 409


async def test_everything_missing_is_said_at_once(person: Person, feed: DeskFeed) -> None:
    response = await person.post(f"/api/desk/submit/{feed.call_id}", {"kind": "dispatch", "fields": {}})
    fields = (await response.json())["fields"]
    assert response.status == 422
    assert {"unit_id", "appeal_type", "category_code", "title", "content", "demand"} <= fields.keys()
    assert "登记待分流" in fields["unit_id"]


async def test_an_answer_on_the_line_closes_the_matter(desk: Desk, person: Person, feed: DeskFeed) -> None:
    fields = FIELDS | {"appeal_type": "CONSULT", "answer_text": "三个工作日内修复。"}
    response = await person.post(f"/api/desk/submit/{feed.call_id}", {"kind": "answer", "fields": fields})
    assert (await response.json())["ticket"]["state"] == "CLOSED"
    async with desk.sessions() as session:
        assert (await session.scalars(select(Ticket.answer_text))).one() == "三个工作日内修复。"


async def test_a_refusal_needs_its_code_and_what_was_told(person: Person, feed: DeskFeed) -> None:
    path = f"/api/desk/submit/{feed.call_id}"
    silent = await person.post(path, {"kind": "decline", "fields": FIELDS, "code": "NA01", "told": ""})
    assert set((await silent.json())["fields"]) == {"told"}
    told = await person.post(path, {"kind": "decline", "fields": FIELDS, "code": "NA01", "told": "请走诉讼途径"})
    assert (await told.json())["ticket"]["state"] == "NOT_ACCEPTED"


async def test_a_hand_over_is_written_down(desk: Desk, person: Person, feed: DeskFeed) -> None:
    begun = await person.post(
        "/api/desk/act/handoff",
        {"call_id": feed.call_id, "target": "119", "summary": "六楼着火", "place": "文化路"},
    )
    handoff_id = (await begun.json())["result"]["handoff_id"]
    path, body = f"/api/desk/submit/{feed.call_id}", {"kind": "hand_over", "fields": {}, "handoff_id": handoff_id}
    early = await person.post(path, body)
    assert early.status == 422
    assert "119没有接听" in (await early.json())["detail"]
    await desk.control.accept(handoff_id)
    assert (await (await person.post(path, body)).json())["ticket"]["state"] == "HANDED_OVER"


async def test_a_hand_over_that_never_was_is_refused(person: Person, feed: DeskFeed) -> None:
    nothing = await person.post(f"/api/desk/submit/{feed.call_id}", {"kind": "hand_over", "fields": {}})
    assert (await nothing.json())["detail"] == "没有可登记的移交。"


@pytest.mark.parametrize("kind", ["", "close", None, 7])
async def test_an_unknown_way_to_submit_is_refused(person: Person, feed: DeskFeed, kind: Any) -> None:
    response = await person.post(f"/api/desk/submit/{feed.call_id}", {"kind": kind, "fields": FIELDS})
    assert response.status == 400
