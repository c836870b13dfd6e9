"""Short notices from the board to one agent, a team or everybody who is signed in, with receipts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field, RootModel

from agent_desk.floor.feed import FLOOR
from agent_desk.floor.view import View
from agent_desk.web.access import Logs, allow, identity
from agent_desk.web.answers import Done, Rows, answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input, Line
from agent_desk.web.limits import ACTS, READS
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from agent_desk.web.trail import leave_trace
from calls.floor.notices import give, lately_given
from runtime.events import NoticeGiven

routes = web.RouteTableDef()


class NewNotice(Input):
    """`name`: a seat's extension or a team's name; "" for everybody."""

    text: Annotated[Line, Field(min_length=1, max_length=100, title="通知内容")]
    to: Literal["all", "team", "seat"]
    name: Annotated[Line, Field(max_length=32, title="接收人")] = ""


class Notices(RootModel[Rows]):
    """The last notices with their receipts."""


@routes.get("/api/board/notices")
@allow(Permission.STEER_AGENTS, changes=False, limit=READS, logs=Logs.NOTHING, gives=Notices)
async def list_notices(request: web.Request) -> web.StreamResponse:
    """What was told in this shift, and who has not read it."""
    desk = services(request)
    async with desk.sessions() as session:
        found = await lately_given(session, desk.clock.now())
    rows: Rows = [
        {
            "id": n.id,
            "text": n.text,
            "at": n.at.isoformat(),
            "by": n.by,
            "to": n.to,
            "readers": n.readers,
            "unread": list(n.unread),
        }
        for n in found
    ]
    return answered(Notices(rows))


@routes.post("/api/board/notices")
@allow(Permission.STEER_AGENTS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=NewNotice, gives=Done)
async def send(request: web.Request) -> web.StreamResponse:
    """Tell one agent, a team or everybody who is signed in now."""
    desk, who, wanted = services(request), identity(request), told(request, NewNotice)
    seats = {
        seat: row
        for seat, row in request.config_dict[FLOOR].now()["seats"].items()
        if row["user_id"] is not None and _meant(wanted, seat, row)
    }
    if not seats:
        raise Refused("没有符合条件的在线坐席，通知没有发出。", status=409)
    to = {"all": "全体在线坐席", "team": wanted.name, "seat": f"{wanted.name} {_name(seats)}".strip()}[wanted.to]
    now = desk.clock.now()
    async with desk.sessions.begin() as session:
        notice = await give(
            session,
            wanted.text,
            [row["user_id"] for row in seats.values()],
            to=to,
            by_user_id=who.user_id,
            by_name=who.name,
            at=now,
        )
        leave_trace(
            session,
            at=now,
            object_kind="notice",
            object_id=str(notice.id),
            action="notice_given",
            user_id=who.user_id,
            name=who.name,
            unit_id=who.unit_id,
            detail={"to": to, "readers": len(seats)},
        )
        told_of = NoticeGiven(
            notice_id=notice.id, text=wanted.text, by=who.name, at=now, seats=tuple(sorted(seats))
        )
    await desk.bus.publish(told_of)
    return answered(Done(result={"readers": len(seats)}))


def _meant(wanted: NewNotice, seat: str, row: View) -> bool:
    match wanted.to:
        case "all":
            return True
        case "team":
            return bool(wanted.name) and row["team"] == wanted.name
        case _:
            return seat == wanted.name


def _name(seats: dict[str, Any]) -> str:
    return next((str(row["name"]) for row in seats.values()), "")
