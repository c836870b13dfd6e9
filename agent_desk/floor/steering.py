"""What supervisors do from the board to seats and calls of others; each act is in the audit trail."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from agent_desk.web import words
from agent_desk.web.access import Logs, allow, identity
from agent_desk.web.answers import Done, answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import CallId, Input, one_of
from agent_desk.web.limits import ACTS
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from agent_desk.web.trail import leave_trace
from calls.acts.client import ControlRefused, ControlTimeout

routes = web.RouteTableDef()


class Forced(Input):
    """A seat and the state it is to have; not_ready needs a reason."""

    agent: Annotated[str, Field(pattern=r"^\d{1,8}$", title="坐席分机")]
    to: Literal["ready", "not_ready", "offline"]
    reason: Annotated[str, one_of({"": "", **words.BUSY_REASONS}, "请选择示忙原因。")] = ""


class StuckCall(Input):
    call_id: CallId


@routes.post("/api/board/force")
@allow(Permission.STEER_AGENTS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Forced, gives=Done)
async def force(request: web.Request) -> web.StreamResponse:
    """Force a seat ready, not ready or signed out; during a talk it takes effect after it."""
    wanted = told(request, Forced)
    if wanted.to == "not_ready" and not wanted.reason:
        raise Refused("请选择示忙原因。")
    return await _do(
        request,
        "force",
        "seat",
        wanted.agent,
        f"forced_{wanted.to}",
        agent=wanted.agent,
        to=wanted.to,
        reason=wanted.reason,
    )


@routes.post("/api/board/hangup")
@allow(Permission.STEER_AGENTS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=StuckCall, gives=Done)
async def hang_up(request: web.Request) -> web.StreamResponse:
    """End a call for everybody in it; refused while it is handed over to an emergency service."""
    call_id = told(request, StuckCall).call_id
    return await _do(request, "force_hangup", "call", call_id, "forced_hangup", call_id=call_id)


async def _do(
    request: web.Request, act: str, kind: str, name: str, traced: str, *, call_id: str = "", **args: Any
) -> web.StreamResponse:
    desk, who = services(request), identity(request)
    try:
        result = await desk.control.do(act, actor=who.login, call_id=call_id, **args)
    except ControlRefused as refused:
        raise Refused(str(refused)) from None
    except ControlTimeout:
        raise Refused("话务服务没有应答。", status=503, retry_after=5) from None
    async with desk.sessions.begin() as session:
        leave_trace(
            session,
            at=desk.clock.now(),
            object_kind=kind,
            object_id=name,
            action=traced,
            user_id=who.user_id,
            name=who.name,
            unit_id=who.unit_id,
            reason=args.get("reason", ""),
        )
    return answered(Done(result=result))
