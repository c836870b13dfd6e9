"""Trying a draft: walks, tests kept of them, and sentences heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.prompts import Prompts
from ivr.script.document import read_text
from sound import levels, wav
from tests.unit.agent_desk.admin.scripts import BROKEN, CHANGED, asked, script_room
from tests.unit.agent_desk.conftest import Desk
from tests.unit.ivr.scripts import SOUND, nodes

HOURS = nodes(
    "  first: {kind: branch, test: {by: hours, open: [{days: [wed], start: 09:00, until: 12:00}]}, "
    "then: queue, otherwise: bye}"
)


def entered(walked: dict[str, object]) -> list[str]:
    steps = walked["steps"]
    assert isinstance(steps, list)
    return [step["node"] for step in steps if step["what"] == "node"]


async def test_a_walk_tells_each_step_and_which_words_can_be_heard(desk: Desk) -> None:
    room = await script_room(desk)
    walked = await asked(room.admin, "/api/scripts/walk", text=SOUND, inputs="2,123,answered,5,6")
    assert entered(walked) == ["greet", "main", "number", "queue", "bye"]
    assert walked["unused"] == ["6"]
    assert [(step["node"], step["field"]) for step in walked["steps"] if step["what"] == "says"] == [
        ("greet", "prompt"),
        ("number", "prompt"),
        ("bye", "prompt"),
    ]
    ways = [step["by"] for step in walked["steps"] if step["what"] == "node"]
    assert ways == ["", "next", "key 2", "next", "answered"]


@pytest.mark.parametrize(
    ("given", "second"),
    [
        ({"at": "2026-11-25T10:00"}, "queue"),
        ({"at": "2026-11-25T12:00"}, "bye"),
        ({"at": "2026-11-25T10:00", "day": "holiday"}, "bye"),
        ({"at": "2026-10-01T10:00", "day": "workday"}, "bye"),
    ],
)
async def test_time_and_holidays_are_chosen(desk: Desk, given: dict[str, str], second: str) -> None:
    room = await script_room(desk)
    assert entered(await asked(room.admin, "/api/scripts/walk", text=HOURS, **given))[1] == second


@pytest.mark.parametrize(
    ("test", "given"),
    [
        ("{by: caller, list: vip}", {"phone": "13900000000"}),
        ("{by: repeat, calls: 2}", {"calls": 2}),
        ("{by: queue, queue: common, waiting: 5}", {"waiting": 5}),
    ],
)
async def test_caller_and_queue_are_chosen(desk: Desk, test: str, given: dict[str, object]) -> None:
    room = await script_room(desk)
    text = nodes(f"  first: {{kind: branch, test: {test}, then: queue, otherwise: bye}}").replace(
        "nodes:", "lists: {vip: ['139*']}\nnodes:", 1
    )
    assert entered(await asked(room.admin, "/api/scripts/walk", text=text, **given))[1] == "queue"
    away = {"phone": "13500000000"}
    assert entered(await asked(room.admin, "/api/scripts/walk", text=text, **away))[1] == "bye"


async def test_what_cannot_be_walked(desk: Desk) -> None:
    room = await script_room(desk)
    for given in (
        {"inputs": "dance"},
        {"inputs": "按1"},
        {"at": "2026-02-30T10:00"},
        {"phone": "x"},
        {"day": "x"},
        {"text": BROKEN},
        {"text": "a: ["},
        {"waiting": 10_001},
    ):
        body = {"text": SOUND} | given
        assert (await asked(room.admin, "/api/scripts/walk", 422, **body))["detail"]


async def test_a_kept_walk_is_run_at_each_check_and_holds_up_publishing(desk: Desk) -> None:
    room = await script_room(desk)
    await asked(room.admin, "/api/scripts/cases", text=CHANGED, inputs="2,123", title="查号码")
    good = await asked(room.admin, "/api/scripts/check", text=CHANGED)
    assert good["ok"] and [(one["title"], one["said"]) for one in good["cases"]] == [("查号码", "")]
    elsewhere = CHANGED.replace('"2": number', '"2": bye')
    bad = await asked(room.admin, "/api/scripts/check", text=elsewhere)
    assert not bad["ok"] and "没有通过：第 3 步应到 number，实际到 bye" in bad["problems"][-1]["message"]
    assert await room.save(elsewhere, 1) == 2
    body = {"version": 2, "in_force": room.second, "note": "改菜单"}
    assert "没有通过" in (await asked(room.admin, f"{room.api}/publish", 422, **body))["detail"]
    await asked(room.admin, f"/api/scripts/cases/{good['cases'][0]['id']}/drop")
    assert (await asked(room.admin, f"{room.api}/publish", **body))["version"] == 3
    await asked(room.admin, "/api/scripts/cases/999/drop", 404)


async def test_a_sentence_of_the_draft_is_heard(desk: Desk) -> None:
    room = await script_room(desk)
    prompt = read_text(CHANGED).script.prompt("greet", "prompt")
    assert prompt is not None
    path: Path = Prompts(desk.settings).path(prompt)
    path.parent.mkdir(parents=True, exist_ok=True)
    wav.write(path, levels.tone(440, 0.2))
    response = await room.admin.get(f"{room.api}/sound?node=greet&field=prompt")
    assert response.status == 200 and await response.read() == path.read_bytes()
    for node, field in (("none", "prompt"), ("greet", "note"), ("greet", "wrong_key_prompt")):
        assert (await room.admin.get(f"{room.api}/sound?node={node}&field={field}")).status == 404
    assert (await room.admin.get(f"{room.api}/sound?node=../x&field=prompt")).status == 422
    stranger = await desk.client()
    assert (await stranger.get(f"{room.api}/sound?node=greet&field=prompt")).status == 401
