from __future__ import annotations

from typing import Any

import pytest

from agent_desk.agents.caller import caller_card
from tests.unit.agent_desk.agents.test_draft_api import FIELDS
from tests.unit.agent_desk.conftest import Desk, Person
from tickets.actor import NOBODY


async def card(desk: Desk, person: Person, caller: str) -> Any:
    feed = await desk.feed()
    await feed.ring(caller)
    return (await person.json("/api/desk/state"))["caller"]


async def finished_call(desk: Desk, person: Person, caller: str, name: str = "陈先生", **fields: str) -> None:
    feed = await desk.feed()
    await feed.ring(caller)
    await feed.answer()
    sent = await person.post(
        f"/api/desk/submit/{feed.call_id}",
        {"kind": "register", "fields": FIELDS | {"appellant_name": name} | fields},
    )
    assert sent.status == 200, await sent.text()
    await feed.end(desk.settings.recordings_dir)
    desk.clock.move(minutes=5)


async def test_a_first_call_has_no_history(desk: Desk) -> None:
    found = await card(desk, await desk.log_in("agent1"), "13912345678")
    assert (found["display"], found["name"], found["repeat"]) == ("139 1234 5678", "", 0)
    assert found["calls"] == found["tickets"] == []


async def test_a_second_call_is_marked_with_what_was_before(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await finished_call(desk, person, "13912345678")
    found = await card(desk, person, "13912345678")
    assert (found["name"], found["repeat"]) == ("陈先生", 1)
    assert [(c["agent_name"], c["talk"], c["recorded"]) for c in found["calls"]] == [("王丽", "1分24秒", True)]
    assert [(t["title"], t["is_open"]) for t in found["tickets"]] == [("文化路井盖损坏", True)]


async def test_calls_long_ago_are_no_repeat(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await finished_call(desk, person, "13912345678")
    desk.clock.move(days=91)
    person = await desk.log_in("agent1")
    assert (await card(desk, person, "13912345678"))["repeat"] == 0


async def test_a_reporter_s_name_is_not_shown_on_another_call(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await finished_call(desk, person, "13912345678", "举报人甲", appeal_type="REPORT", confidential="REPORTER")
    assert (await card(desk, person, "13912345678"))["name"] == ""


async def test_a_protected_matter_is_told_to_who_took_it_alone(desk: Desk) -> None:
    person, other = await desk.log_in("agent1"), await desk.log_in("agent2")
    protected = {"appeal_type": "REPORT", "confidential": "REPORTER", "title": "举报人甲反映偷排"}
    await finished_call(desk, person, "13912345678", "举报人甲", **protected)
    own = await card(desk, person, "13912345678")
    assert ([t["title"] for t in own["tickets"]], own["calls"][0]["recorded"]) == (["举报人甲反映偷排"], True)
    feed = await desk.feed("8002")
    await feed.ring("13912345678")
    theirs = (await other.json("/api/desk/state"))["caller"]
    assert [t["title"] for t in theirs["tickets"]] == ["保密反映偷排"]
    assert not any(call["recorded"] for call in theirs["calls"])


async def test_what_came_instead_of_a_number_is_shown_shortened(desk: Desk) -> None:
    found = await card(desk, await desk.log_in("agent1"), "1" * 32)
    assert (found["display"], found["raw"]) == ("号码异常", "1" * 20 + "…")
    async with desk.sessions() as session:
        hidden = await caller_card(session, desk.clock, "", "12\u202e34#", NOBODY)
        known = await caller_card(session, desk.clock, "", "13912345678", NOBODY)
    assert (hidden["raw"], known["raw"]) == ("1234#", "")


@pytest.mark.parametrize("caller", ["", "not a number' OR 1=1", "9" * 40])
async def test_numbers_that_are_none_have_no_history(desk: Desk, caller: str) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring(caller[:32])
    await feed.answer()
    await feed.end()
    found = await card(desk, person, caller[:32])
    assert (found["phone"], found["calls"], found["repeat"]) == ("", [], 0)
    assert found["kind_label"] in {"匿名来电", "号码异常"}
