from __future__ import annotations

import pytest

from calls.floor.teams import TeamError, assign, make_team, members, remove_team, teams
from db.models import User
from db.session import Sessions
from tests.fakes.clock import FakeClock


async def people(sessions: Sessions, clock: FakeClock) -> list[int]:
    async with sessions.begin() as session:
        users = [
            User(login=f"u{n}", name=f"人{n}", password_hash="", extension=f"800{n}", created_at=clock.now())
            for n in (2, 1)
        ]
        session.add_all([*users, User(login="x", name="无座席", password_hash="", created_at=clock.now())])
        await session.flush()
        return [user.id for user in users]


async def test_an_account_is_in_one_team_at_most(sessions: Sessions, clock: FakeClock) -> None:
    second, first = await people(sessions, clock)
    async with sessions.begin() as session:
        one, two = (await make_team(session, "一班")).id, (await make_team(session, "二班")).id
        await assign(session, first, one)
        await assign(session, first, two)
        await assign(session, second, one)
        await assign(session, second, None)
    async with sessions() as session:
        assert [(m.extension, m.team) for m in await members(session)] == [("8001", "二班"), ("8002", "")]
        assert [team.name for team in await teams(session)] == ["一班", "二班"]


async def test_a_removed_team_leaves_its_members_without_one(sessions: Sessions, clock: FakeClock) -> None:
    _, first = await people(sessions, clock)
    async with sessions.begin() as session:
        team = (await make_team(session, "一班")).id
        await assign(session, first, team)
    async with sessions.begin() as session:
        assert await remove_team(session, team) == "一班"
    async with sessions() as session:
        assert [m.team_id for m in await members(session)] == [None, None]


async def test_what_is_not_there_is_said(sessions: Sessions, clock: FakeClock) -> None:
    await people(sessions, clock)
    with pytest.raises(TeamError, match="已经有班组"):
        async with sessions.begin() as session:
            await make_team(session, "一班")
            await make_team(session, "一班")
    async with sessions() as session:
        with pytest.raises(TeamError, match="没有这个班组"):
            await remove_team(session, 9)
        with pytest.raises(TeamError, match="没有这个账号"):
            await assign(session, 999, None)
        with pytest.raises(TeamError, match="没有这个班组"):
            await assign(session, 1, 9)
