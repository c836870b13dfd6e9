"""Publishing, going back and comparing scripts."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from db.models import AuditEvent, ScriptVersion
from db.session import Sessions
from ivr.script.document import ScriptRefused
from ivr.script.versions import (
    current,
    document_of,
    history,
    node_changes,
    publish,
    roll_back,
    shipped_document,
    shipped_scripts,
    text_changes,
)
from tests.fakes.clock import FakeClock
from tests.unit.ivr.scripts import SOUND, script

CHANGED = SOUND.replace("您好。", "您好，请讲。").replace("  bye:\n", "  extra: {kind: goto, to: bye}\n  bye:\n")


async def test_one_script_is_in_force_and_old_ones_stay_as_they_were(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        assert await current(session) is None
        first = await publish(session, clock, SOUND, user_name="张三")
        assert (first.version, first.state) == (1, "published")
    clock.move(minutes=5)
    async with sessions.begin() as session:
        second = await publish(session, clock, CHANGED, note="改问候语")
    async with sessions() as session:
        now = await current(session)
        assert now is not None
        assert (now.id, now.version) == (second.id, 2)
        versions = await history(session, "test")
        assert [(version.version, version.state) for version in versions] == [(2, "published"), (1, "retired")]
        assert versions[1].yaml == SOUND
        assert document_of(versions[1]).script == script()
        audits = list(await session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    assert [(audit.object_id, audit.action, audit.from_state) for audit in audits] == [
        ("test:1", "publish", ""),
        ("test:2", "publish", "test:1"),
    ]


async def test_the_same_text_again_changes_nothing(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        first = await publish(session, clock, SOUND)
        assert await publish(session, clock, SOUND) is first
        assert len(list(await session.scalars(select(ScriptVersion)))) == 1


async def test_going_back_is_a_new_version(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        first = await publish(session, clock, SOUND)
        await publish(session, clock, CHANGED)
        back = await roll_back(session, clock, first.id)
        assert (back.version, back.yaml) == (3, SOUND)
        with pytest.raises(LookupError):
            await roll_back(session, clock, 999)


async def test_a_bad_script_is_never_published(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        await publish(session, clock, SOUND)
        with pytest.raises(ScriptRefused):
            await publish(session, clock, SOUND.replace("next: main", "next: nowhere"))
        now = await current(session)
        assert now is not None
        assert now.version == 1


async def test_another_name_replaces_what_is_in_force(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        await publish(session, clock, shipped_document("direct").text)
        await publish(session, clock, shipped_document("menu").text)
        now = await current(session)
        assert now is not None
        assert (now.name, now.version) == ("menu", 1)


def test_changes_are_told_node_by_node() -> None:
    changes = node_changes(script(SOUND), script(CHANGED))
    assert [(change.node, change.change) for change in changes] == [("greet", "changed"), ("extra", "added")]
    assert changes[0].fields == {"prompt": ("您好。", "您好，请讲。")}
    removed = node_changes(script(CHANGED), script(SOUND))
    assert ("extra", "removed") in {(change.node, change.change) for change in removed}
    assert "+    prompt: 您好，请讲。" in text_changes(SOUND, CHANGED)


def test_what_is_shipped() -> None:
    assert {made.name for made in shipped_scripts()} == {"direct", "menu"}
    for name in ("nosuch", "../versions", ""):
        with pytest.raises(ScriptRefused):
            shipped_document(name)
