"""Two people on one draft: the second to save is told, and nothing is overwritten."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from db.models import AuditEvent, User
from db.session import Sessions
from ivr.editing.drafts import DraftChanged, all_drafts, discard, find, make, save, seen
from tests.fakes.clock import FakeClock


async def people(sessions: Sessions, clock: FakeClock) -> list[int]:
    async with sessions.begin() as session:
        users = [
            User(login=login, name=name, password_hash="", created_at=clock.now())
            for login, name in (("li", "李"), ("wang", "王"))
        ]
        session.add_all(users)
        await session.flush()
        return [user.id for user in users]


async def test_who_saves_second_is_told_and_nothing_is_lost(sessions: Sessions, clock: FakeClock) -> None:
    li, wang = await people(sessions, clock)
    async with sessions.begin() as session:
        draft = await make(session, clock, "a", "新菜单", user_id=li, user_name="李")
    async with sessions.begin() as session:
        assert (await save(session, clock, draft.id, 1, "b", user_id=wang)).version == 2
    async with sessions.begin() as session:
        with pytest.raises(DraftChanged) as changed:
            await save(session, clock, draft.id, 1, "c", user_id=li)
    assert (changed.value.version, changed.value.by) == (2, wang)
    async with sessions.begin() as session:
        assert (await save(session, clock, draft.id, 1, "b", user_id=wang)).version == 2  # its answer was lost
        assert (await find(session, draft.id)).yaml == "b"


async def test_others_who_have_it_open_are_named_for_a_while(sessions: Sessions, clock: FakeClock) -> None:
    li, wang = await people(sessions, clock)
    async with sessions.begin() as session:
        draft = await make(session, clock, "a", "新菜单", user_id=li, user_name="李")
        assert await seen(session, clock, draft.id, li) == []
        assert [one.name for one in await seen(session, clock, draft.id, wang)] == ["李"]
    clock.move(minutes=1)
    async with sessions.begin() as session:
        assert await seen(session, clock, draft.id, wang) == []


async def test_a_discarded_draft_is_gone_and_traced(sessions: Sessions, clock: FakeClock) -> None:
    li, _ = await people(sessions, clock)
    async with sessions.begin() as session:
        draft = await make(session, clock, "a", "新菜单", user_id=li, user_name="李")
        await seen(session, clock, draft.id, li)
    async with sessions.begin() as session:
        await discard(session, clock, draft.id, user_id=li, user_name="李")
    async with sessions() as session:
        assert await all_drafts(session) == []
        acts = list(await session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))
        assert acts == ["draft_made", "draft_deleted"]
        for wrong in (draft.id, 999):
            with pytest.raises(LookupError):
                await find(session, wrong)
