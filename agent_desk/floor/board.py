"""The supervisors' board: the page, its numbers for programs, its limits, and the repair of a seat."""

from __future__ import annotations

from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, RootModel, model_validator

from agent_desk.floor.feed import FLOOR
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.answers import Done, answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input
from agent_desk.web.limits import ACTS, PAGES, READS
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from agent_desk.web.trail import leave_trace
from calls.acts.client import ControlRefused, ControlTimeout
from calls.floor.limits import FALLING, Limit, Metric, set_limits

routes = web.RouteTableDef()

Queue = Annotated[str, Field(pattern=r"^[a-z0-9_-]{0,32}$", title="队列")]
Bound = Annotated[int | None, Field(ge=0, le=100_000, title="阈值")]


class FloorNow(RootModel[dict[str, Any]]):
    """Figures, queues, callers, seats and calls as they are."""


class Seat(Input):
    agent: Annotated[str, Field(pattern=r"^\d{1,8}$", title="坐席分机")]


class Pair(Input):
    """From where a figure is amber, from where red."""

    amber: Bound = None
    red: Bound = None


class NewLimits(Input):
    """The limits of one queue ("" is the whole floor)."""

    queue: Queue
    limits: dict[Metric, Pair]

    @model_validator(mode="before")
    @classmethod
    def _named(cls, values: Any) -> Any:
        # JSON has no enumerations: a strict model wants to be given them.
        if isinstance(values, dict) and isinstance(values.get("limits"), dict):
            known = {metric.value: metric for metric in Metric}
            return values | {"limits": {known.get(name, name): pair for name, pair in values["limits"].items()}}
        return values

    @model_validator(mode="after")
    def _in_order(self) -> NewLimits:
        for metric, pair in self.limits.items():
            if pair.amber is None or pair.red is None:
                continue
            worse = pair.red - pair.amber
            if (worse > 0) if metric in FALLING else (worse < 0):
                raise ValueError("红色阈值应当比黄色阈值更严重。")
        return self


@routes.get("/board")
@allow(Permission.WATCH_BOARD, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """The floor on one page."""
    who = identity(request)
    return render(
        request,
        "floor/board.html",
        may_arrange=who.may(Permission.ARRANGE_FLOOR),
        may_hang=who.may(Permission.HANG_WALLS),
        may_steer=who.may(Permission.STEER_AGENTS),
    )


@routes.get("/api/board/state")
@allow(Permission.WATCH_BOARD, changes=False, limit=READS, logs=Logs.NOTHING, gives=FloorNow)
async def state(request: web.Request) -> web.StreamResponse:
    """What the board shows. Numbers of callers are masked."""
    return answered(FloorNow(request.config_dict[FLOOR].now()))


@routes.post("/api/board/limits")
@allow(Permission.ARRANGE_FLOOR, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=NewLimits, gives=Done)
async def limits(request: web.Request) -> web.StreamResponse:
    """From where on this queue's figures are coloured."""
    desk, who, wanted = services(request), identity(request), told(request, NewLimits)
    async with desk.sessions.begin() as session:
        await set_limits(session, wanted.queue, {m: Limit(p.amber, p.red) for m, p in wanted.limits.items()})
        leave_trace(
            session,
            at=desk.clock.now(),
            object_kind="floor",
            object_id=wanted.queue or "all",
            action="limits_set",
            user_id=who.user_id,
            name=who.name,
            unit_id=who.unit_id,
            detail={m.value: [p.amber, p.red] for m, p in wanted.limits.items()},
        )
    await request.config_dict[FLOOR].arrange()
    return answered(Done())


@routes.post("/api/board/repair")
@allow(Permission.REPAIR_AGENT, changes=True, limit=ACTS, logs=Logs.SEAT, takes=Seat, gives=Done)
async def repair(request: web.Request) -> web.StreamResponse:
    """Bring a stuck seat's state back in line with Asterisk."""
    desk, who = services(request), identity(request)
    try:
        await desk.control.do("repair", actor=who.login, agent=told(request, Seat).agent)
    except ControlRefused as refused:
        raise Refused(str(refused)) from None
    except ControlTimeout:
        raise Refused("话务服务没有应答。", status=503, retry_after=5) from None
    return answered(Done())
