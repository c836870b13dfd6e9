"""Teams of agents (班组): who is in which, and how that is changed. An account is in one team at most."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Team, TeamMember, User


class TeamError(Exception):
    """The team cannot be made or found; the text is Chinese, for people."""


@dataclass(frozen=True, slots=True)
class Member:
    """An account with a seat, and its team ("" and None: none)."""

    user_id: int
    name: str
    extension: str
    skills: tuple[str, ...]
    team_id: int | None
    team: str


async def members(session: AsyncSession) -> list[Member]:
    """Everybody who has a seat, by extension."""
    rows = await session.execute(
        select(User, Team)
        .outerjoin(TeamMember, TeamMember.user_id == User.id)
        .outerjoin(Team, Team.id == TeamMember.team_id)
        .where(User.extension.is_not(None), User.active)
        .order_by(User.extension)
    )
    return [
        Member(
            user_id=user.id,
            name=user.name,
            extension=user.extension or "",
            skills=tuple(user.skills),
            team_id=team.id if team is not None else None,
            team=team.name if team is not None else "",
        )
        for user, team in rows.all()
    ]


async def teams(session: AsyncSession) -> list[Team]:
    return list(await session.scalars(select(Team).order_by(Team.name)))


async def make_team(session: AsyncSession, name: str) -> Team:
    """Raises TeamError when there is one of this name."""
    team = Team(name=name)
    session.add(team)
    try:
        await session.flush()
    except IntegrityError:
        raise TeamError(f"已经有班组“{name}”。") from None
    return team


async def remove_team(session: AsyncSession, team_id: int) -> str:
    """Its members are in no team afterwards; returns its name. Raises TeamError."""
    team = await session.get(Team, team_id)
    if team is None:
        raise TeamError("没有这个班组，可能刚刚被删除。")
    name = team.name
    await session.execute(delete(TeamMember).where(TeamMember.team_id == team_id))
    await session.delete(team)
    return name


async def assign(session: AsyncSession, user_id: int, team_id: int | None) -> None:
    """Put this account into this team, or into none. Raises TeamError."""
    if await session.get(User, user_id) is None:
        raise TeamError("没有这个账号。")
    if team_id is not None and await session.get(Team, team_id) is None:
        raise TeamError("没有这个班组，可能刚刚被删除。")
    await session.execute(delete(TeamMember).where(TeamMember.user_id == user_id))
    if team_id is not None:
        session.add(TeamMember(user_id=user_id, team_id=team_id))
