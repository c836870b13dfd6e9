"""The list of scripts, the comparison, going back, drafts begun and deleted."""

from __future__ import annotations

import pytest
from aiohttp import hdrs
from sqlalchemy import select

from db.models import AuditEvent, Call, ScriptStepRow
from ivr.script.versions import current
from tests.unit.agent_desk.admin.scripts import script_room
from tests.unit.agent_desk.conftest import Desk


async def test_what_is_in_force_by_whom_and_how_many_calls_are_on_it(desk: Desk) -> None:
    room = await script_room(desk)
    async with desk.sessions.begin() as session:
        session.add(Call(id="call", state="ivr", started_at=desk.clock.now()))
        for node, kind, detail in (("greet", "say", ""), ("main", "menu", "next"), ("", "end", "hung_up")):
            session.add(
                ScriptStepRow(
                    call_id="call",
                    script="test",
                    version=1,
                    node=node,
                    kind=kind,
                    detail=detail,
                    at=desk.clock.now(),
                )
            )
            await session.flush()
    page = await (await room.admin.get("/admin/scripts")).text()
    assert "test 第 2 版" in page and "改问候" in page and "第一版" in page and "新菜单" in page
    assert '<td data-label="在线通话" class="num tnum">1</td>' in page
    assert '<td data-label="在此挂断" class="num tnum">1</td>' in page
    assert '<a href="/admin/scripts" aria-current="page">' in page and page.count('aria-current="page"') == 2


async def test_two_versions_are_compared_word_by_word(desk: Desk) -> None:
    room = await script_room(desk)
    page = await (await room.admin.get(f"/admin/scripts/diff?old={room.first}&new={room.second}")).text()
    assert "您好<mark>，请讲</mark>。" in page
    assert "行相同，没有显示" in page
    assert (await room.admin.get("/admin/scripts/diff")).status == 200
    assert (
        "两个版本完全相同"
        in await (await room.admin.get(f"/admin/scripts/diff?old={room.first}&new={room.first}")).text()
    )
    for wrong in ("?old=999", "?new=999"):
        assert (await room.admin.get(f"/admin/scripts/diff{wrong}")).status == 404


async def test_going_back_is_one_act_and_traced(desk: Desk) -> None:
    room = await script_room(desk)
    fields = {"version": str(room.first), "in_force": str(room.second)}
    response = await room.admin.form("/admin/scripts/back", **fields)
    assert response.status == 303
    async with desk.sessions() as session:
        now = await current(session)
        assert now is not None and (now.version, now.note) == (3, "恢复 test 第 1 版")
        trace = await session.scalar(select(AuditEvent).order_by(AuditEvent.id.desc()).limit(1))
        assert trace is not None and (trace.action, trace.object_id) == ("publish", "test:3")
        assert trace.actor_user_id == room.admin.user_id
    again = await room.admin.form("/admin/scripts/back", **fields)
    assert again.status == 409 and "刚刚启用了 test 第 3 版" in await again.text()
    same = await room.admin.form("/admin/scripts/back", version=str(now.id), in_force=str(now.id))
    assert same.status == 422 and "完全相同" in await same.text()
    gone = await room.admin.form("/admin/scripts/back", version="999", in_force=str(now.id))
    assert gone.status == 404


async def test_a_draft_is_begun_and_deleted(desk: Desk) -> None:
    room = await script_room(desk)
    begun = await room.admin.form("/admin/scripts/drafts", version=str(room.first), title="<b>国庆</b>")
    path = begun.headers[hdrs.LOCATION]
    page = await (await room.admin.get(path)).text()
    assert "&lt;b&gt;国庆&lt;/b&gt;" in page and "kind: menu" in page
    number = path.rpartition("/")[2]
    assert (await room.admin.form("/admin/scripts/discard", draft=number)).status == 303
    assert (await room.admin.get(path)).status == 404
    assert (await room.admin.form("/admin/scripts/discard", draft=number)).status == 404
    assert (await room.admin.form("/admin/scripts/drafts", version="999")).status == 404


async def test_without_a_script_the_page_says_so(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    assert "还没有脚本版本" in await (await admin.get("/admin/scripts")).text()
    assert (await admin.get("/admin/scripts/diff")).status == 404


@pytest.mark.parametrize("login", ["agent1", "urban", "dispatcher"])
async def test_others_do_not_come_in(desk: Desk, login: str) -> None:
    room = await script_room(desk)
    other = await desk.log_in(login)
    for path in ("/admin/scripts", "/admin/scripts/diff", f"/admin/scripts/drafts/{room.draft}", room.api):
        assert (await other.get(path)).status == 403
    assert (await other.get(f"{room.api}/sound?node=greet&field=prompt")).status == 403
    assert (await other.post(f"{room.api}/publish", {"version": 1, "in_force": 1, "note": "xx"})).status == 403
