"""What the page of a draft asks for: saving, checking, changing nodes, publishing."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from agent_desk.web.access import CSRF_HEADER
from db.models import AuditEvent, ScriptVersion
from ivr.script.document import read_text
from ivr.script.nodes import Menu
from ivr.script.script import Script
from tests.unit.agent_desk.admin.scripts import BROKEN, CHANGED, asked, script_room, second_admin
from tests.unit.agent_desk.conftest import Desk
from tests.unit.ivr.scripts import SOUND

OTHER = SOUND.replace("再见。", "谢谢，再见。")


async def test_who_saves_second_is_told_by_whom_and_nothing_is_overwritten(desk: Desk) -> None:
    room = await script_room(desk)
    other = await second_admin(desk)
    await asked(room.admin, f"{room.api}/open")
    state = await asked(other, f"{room.api}/open")
    assert state["version"] == 1 and len(state["readers"]) == 1 and state["in_force"] == room.second
    assert await room.save(SOUND, 1) == 2
    refused = await asked(other, f"{room.api}/save", 409, version=1, text=BROKEN)
    assert "改过这份草稿" in refused["detail"]
    assert (await room.admin.json(room.api))["text"] == SOUND
    state = await asked(other, f"{room.api}/open")
    assert (state["version"], state["mine"]) == (2, False)


async def test_the_check_names_lines_and_nodes_and_draws_what_it_can(desk: Desk) -> None:
    room = await script_room(desk)
    good = await asked(room.admin, "/api/scripts/check", text=SOUND)
    assert good["ok"] and [card["id"] for card in good["cards"]] == ["greet", "main", "number", "queue", "bye"]
    assert next(path["nodes"] for path in good["paths"]) == ["greet", "main", "queue"]
    bad = await asked(room.admin, "/api/scripts/check", text=BROKEN)
    assert not bad["ok"] and len(bad["cards"]) == 5
    assert [(one["node"], one["level"]) for one in bad["problems"]] == [("greet", "error")]
    assert BROKEN.splitlines()[bad["problems"][0]["line"] - 1].strip() == "next: nowhere"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nodes:\n" + "".join(f"  n{at}: {{kind: hangup}}\n" for at in range(5000)), "nodes 太长，最多 500"),
        (SOUND.replace("您好。", "好" * 10_000), "prompt 太长，最多 500"),
        ("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "不支持 YAML 引用"),
        ("[" * 9000, "YAML"),
        ("", "脚本是空的"),
        ("a: \ufffe", "YAML"),
    ],
)
async def test_hostile_texts_are_answered_in_words(desk: Desk, text: str, said: str) -> None:
    room = await script_room(desk)
    found = await asked(room.admin, "/api/scripts/check", text=text)
    assert not found["ok"] and said in " ".join(one["message"] for one in found["problems"])
    assert await room.save(text, 1) == 2  # a draft may be wrong
    refused = await asked(room.admin, "/api/scripts/edit", 422, text=text, act="delete", node="none")
    assert refused["detail"]
    published = await asked(room.admin, f"{room.api}/publish", 422, version=2, in_force=room.second, note="坏的")
    assert "不能发布" in published["detail"]


async def test_what_is_no_text_is_refused(desk: Desk) -> None:
    room = await script_room(desk)
    refused = await asked(room.admin, "/api/scripts/check", 422, text="a: \x00")
    assert "控制字符" in refused["detail"]
    assert (await room.admin.post("/api/scripts/check", {"text": "好" * 100_000})).status == 413
    assert (await room.admin.post("/api/scripts/check", {"text": "x" * 256_001})).status == 422
    for raw in (b'{"text": "\xff\xfe"}', b'{"text": "\\ud800"}', b"[" * 100_000):
        response = await room.admin.client.post(
            "/api/scripts/check",
            data=raw,
            headers={CSRF_HEADER: room.admin.csrf, "Content-Type": "application/json"},
        )
        assert response.status == 400


async def test_a_node_is_changed_in_the_text(desk: Desk) -> None:
    room = await script_room(desk)

    async def edit(text: str, **act: object) -> str:
        return str((await asked(room.admin, "/api/scripts/edit", text=text, **act))["text"])

    text = await edit(SOUND, act="add", node="extra", kind="menu")
    text = await edit(text, act="set", node="extra", path=["choices", "2"], value="bye")
    text = await edit(text, act="set", node="main", path=["choices", "3"], value="extra")
    text = await edit(text, act="rename", node="extra", to="more")
    text = await edit(text, act="duplicate", node="more", to="most")
    text = await edit(text, act="delete", node="most")
    script: Script = read_text(text).script
    more = script.nodes["more"]
    assert isinstance(more, Menu) and more.choices == {"1": "queue", "2": "bye"}
    assert script.nodes["main"].exits()["key 3"] == "more"
    for wrong in (
        {"act": "delete", "node": "none"},
        {"act": "set", "node": "main", "path": []},
        {"act": "set", "node": "main", "path": ["prompt", "x"], "value": "y"},
        {"act": "set", "node": "main", "path": ["choices"], "value": {"1": [[[["x"]]]]}},
        {"act": "set", "node": "main", "path": ["choices"], "value": {str(at): "x" for at in range(500)}},
        {"act": "set", "node": "main", "path": ["prompt"], "value": "\x07"},
    ):
        assert (await asked(room.admin, "/api/scripts/edit", 422, text=SOUND, **wrong))["detail"]
    assert (await room.admin.post("/api/scripts/edit", {"text": SOUND, "act": "dance", "node": "x"})).status == 400


async def test_publishing_needs_a_note_and_the_newest_text(desk: Desk) -> None:
    room = await script_room(desk)
    publish = f"{room.api}/publish"
    empty = await asked(room.admin, publish, 422, version=1, in_force=room.second, note=" ")
    assert "请填写发布说明" in empty["detail"]
    same = await asked(room.admin, publish, 422, version=1, in_force=room.second, note="一样的")
    assert "完全相同" in same["detail"]
    assert await room.save(OTHER, 1) == 2
    old = await asked(room.admin, publish, 409, version=1, in_force=room.second, note="改结束语")
    assert "刚刚被改过" in old["detail"]
    made = await asked(room.admin, publish, version=2, in_force=room.second, note="改结束语")
    assert made["version"] == 3
    async with desk.sessions() as session:
        version = await session.get(ScriptVersion, made["id"])
        assert version is not None and (version.yaml, version.note) == (OTHER, "改结束语")
        trace = await session.scalar(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1))
        assert trace is not None and (trace.action, trace.reason) == ("publish", "改结束语")


async def test_of_two_who_publish_in_the_same_second_one_is_told_who_was_quicker(desk: Desk) -> None:
    room = await script_room(desk)
    other = await second_admin(desk)
    assert await room.save(OTHER, 1) == 2
    body = {"version": 2, "in_force": room.second, "note": "同时发布"}
    ends = await asyncio.gather(*(person.post(f"{room.api}/publish", body) for person in (room.admin, other)))
    assert sorted(end.status for end in ends) == [200, 409]
    refused = next(end for end in ends if end.status == 409)
    assert "刚刚启用了 test 第 3 版" in (await refused.json())["detail"]


async def test_what_callers_did_is_told_by_node(desk: Desk) -> None:
    room = await script_room(desk)
    assert await room.admin.json("/api/scripts/heat/test") == {"nodes": {}}
    assert set((await room.admin.json("/api/scripts/schema"))["nodes"]) >= {"say", "menu", "queue"}


async def test_a_draft_that_is_gone(desk: Desk) -> None:
    room = await script_room(desk)
    assert (await room.admin.form("/admin/scripts/discard", draft=str(room.draft))).status == 303
    assert (await room.admin.get(room.api)).status == 404
    for act, body in (
        ("open", {}),
        ("save", {"version": 1, "text": CHANGED}),
        ("publish", {"version": 1, "in_force": 1, "note": "没有了"}),
    ):
        assert "已被删除" in (await asked(room.admin, f"{room.api}/{act}", 404, **body))["detail"]
