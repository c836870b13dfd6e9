"""What boards are told: changes alone, and nothing of a caller that a wall must not show."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent_desk.floor.view import KEYED, changes, view, wall
from calls.floor.floor import Floor
from calls.floor.teams import Member
from runtime.events import AgentStateChanged, CallAnswered, CallQueued, CallStarted, EmergencyHeard

NOW = datetime(2025, 11, 14, 1, 0, tzinfo=UTC)
PEOPLE = {7: Member(7, "王丽", "8001", ("common",), 1, "一班")}


def a_floor() -> Floor:
    floor = Floor()
    for call, number in (("a", "13912345678"), ("b", "13812349999"), ("c", "")):
        floor.take(CallStarted(call_id=call, caller=number, caller_raw="", callee="", channel="t", at=NOW))
        floor.take(CallQueued(call_id=call, queue="common", position=1, at=NOW))
    floor.take(CallAnswered(call_id="a", agent="8001", citizen_channel="t", agent_channel="x", at=NOW, origin=NOW))
    floor.take(
        AgentStateChanged(
            call_id="a", agent="8001", state="talking", reason="", since=NOW, at=NOW, user_id=7, queues=("common",)
        )
    )
    floor.take(
        EmergencyHeard(
            call_id="b", code="", target="119", words=("着火",), utterance_id="u", speaker="citizen", at=NOW
        )
    )
    return floor


def shown(floor: Floor, now: datetime = NOW) -> dict[str, object]:
    return view(floor.picture(now), PEOPLE, {}, lambda _: (0, []), None)


def test_numbers_are_masked_names_are_said() -> None:
    board = view(a_floor().picture(NOW), PEOPLE, {}, lambda _: (9, ["投诉"]), None)
    assert "13912345678" not in json.dumps(board) and "13812349999" not in json.dumps(board)
    assert board["seats"]["8001"]["caller"] == "139****5678"
    assert (board["seats"]["8001"]["name"], board["seats"]["8001"]["team"]) == ("王丽", "一班")
    assert {w["caller"] for w in board["waiting"].values()} == {"138****9999", "匿名"}
    assert (board["waiting"]["b"]["priority"], board["waiting"]["b"]["learnt"]) == (9, ["投诉"])
    assert board["queues"]["common"]["waiting"] == 2
    assert list(board["calls"]) == ["a"]


def test_a_wall_shows_no_caller_at_all() -> None:
    whole = view(a_floor().picture(NOW), PEOPLE, {}, lambda _: (0, []), None)
    walled = wall(whole | {"limits": {}, "state": {}, "teams": [], "unwatched": 3})
    assert "*" not in json.dumps(walled) and "call_id" not in json.dumps(walled)
    assert walled.keys() == {
        *("figures", "queues", "seats", "emergencies", "halves", "usual", "limits", "state", "day_began")
    }
    assert next(iter(walled["emergencies"].values()))["target"] == "119"


def test_time_alone_changes_nothing() -> None:
    floor = a_floor()
    assert changes(shown(floor), shown(floor, NOW + timedelta(seconds=20))) == {}


rows = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))
views = st.fixed_dictionaries({"queues": rows, "seats": rows, "halves": st.lists(st.integers(0, 2), max_size=3)})


@given(views, views)
def test_changes_lead_from_one_view_to_the_next(before: dict[str, object], after: dict[str, object]) -> None:
    """As `picture.js` takes them."""
    told = changes(before, after)
    page: dict[str, object] = before | told.get("sections", {})
    for section, changed in told.get("rows", {}).items():
        assert section in KEYED
        held = page[section]
        assert isinstance(held, dict)
        page[section] = held | changed
    for section, keys in told.get("gone", {}).items():
        held = page[section]
        assert isinstance(held, dict)
        page[section] = {key: row for key, row in held.items() if key not in keys}
    assert page == after
    assert bool(told) == (before != after)
