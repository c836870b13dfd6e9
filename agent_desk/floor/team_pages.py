"""Teams of agents (班组) as supervisors arrange them, from the board."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, RootModel
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.floor.feed import FLOOR
from agent_desk.web.access import Logs, allow, identity
from agent_desk.web.answers import Done, Rows, answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input, Line
from agent_desk.web.limits import ACTS, READS
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import DeskServices, services
from agent_desk.web.trail import leave_trace
from agent_desk.web.web_sessions import Identity
from calls.floor.teams import TeamError, assign, make_team, members, remove_team

routes = web.RouteTableDef()

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Members(RootModel[Rows]):
    """Everybody who has a seat, and the team."""


class NewTeam(Input):
    name: Annotated[Line, Field(min_length=1, max_length=16, title="班组名称")]


class OneTeam(Input):
    team: Id


class Place(Input):
    """Whom to put into which team; None: into none."""

    user: Id
    team: Id | None = None


@routes.get("/api/board/members")
@allow(Permission.ARRANGE_FLOOR, changes=False, limit=READS, logs=Logs.NOTHING, gives=Members)
async def list_members(request: web.Request) -> web.StreamResponse:
    """Who can be put into a team."""
    async with services(request).sessions() as session:
        found = await members(session)
    rows: Rows = [{"user": m.user_id, "name": m.name, "extension": m.extension, "team": m.team_id} for m in found]
    return answered(Members(rows))


@routes.post("/api/board/teams")
@allow(Permission.ARRANGE_FLOOR, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=NewTeam, gives=Done)
async def make(request: web.Request) -> web.StreamResponse:
    """A new team."""
    desk, who, name = services(request), identity(request), told(request, NewTeam).name
    try:
        async with desk.sessions.begin() as session:
            team = await make_team(session, name)
            _trace(session, desk, who, str(team.id), "team_made", name=name)
    except TeamError as error:
        raise Refused(str(error), status=409) from None
    return await _done(request)


@routes.post("/api/board/teams/remove")
@allow(Permission.ARRANGE_FLOOR, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=OneTeam, gives=Done)
async def remove(request: web.Request) -> web.StreamResponse:
    """Dissolve a team; its members are in none."""
    desk, who, team = services(request), identity(request), told(request, OneTeam).team
    try:
        async with desk.sessions.begin() as session:
            name = await remove_team(session, team)
            _trace(session, desk, who, str(team), "team_removed", name=name)
    except TeamError as error:
        raise Refused(str(error), status=409) from None
    return await _done(request)


@routes.post("/api/board/teams/assign")
@allow(Permission.ARRANGE_FLOOR, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Place, gives=Done)
async def place(request: web.Request) -> web.StreamResponse:
    """Put somebody into a team, or into none."""
    desk, who, wanted = services(request), identity(request), told(request, Place)
    try:
        async with desk.sessions.begin() as session:
            await assign(session, wanted.user, wanted.team)
            _trace(session, desk, who, str(wanted.team or 0), "team_assigned", user_id=wanted.user)
    except TeamError as error:
        raise Refused(str(error), status=409) from None
    return await _done(request)


def _trace(
    session: AsyncSession, desk: DeskServices, who: Identity, team: str, action: str, **detail: Any
) -> None:
    leave_trace(
        session,
        at=desk.clock.now(),
        object_kind="team",
        object_id=team,
        action=action,
        user_id=who.user_id,
        name=who.name,
        unit_id=who.unit_id,
        detail=detail,
    )


async def _done(request: web.Request) -> web.StreamResponse:
    await request.config_dict[FLOOR].arrange()
    return answered(Done())
