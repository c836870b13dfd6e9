"""Calling citizens back from the desk: take the task, dial, give it back."""

from __future__ import annotations

from aiohttp import web

from agent_desk.web.access import Logs, allow, identity
from agent_desk.web.answers import Done, answered
from agent_desk.web.errors import Refused
from agent_desk.web.limits import ACTS
from agent_desk.web.permissions import Permission
from agent_desk.web.services import DeskServices, services
from calls.acts.client import ControlRefused, ControlTimeout
from calls.callbacks.call_hours import CallHours
from calls.callbacks.tasks import CallbackError, release, take, tell
from db.models import CallbackTask

routes = web.RouteTableDef()


def _task_id(request: web.Request) -> int:
    return int(request.match_info["task_id"])


@routes.post(r"/api/desk/callbacks/{task_id:\d{1,9}}/call")
@allow(Permission.TAKE_CALLS, changes=True, limit=ACTS, logs=Logs.AUDIT, gives=Done)
async def call(request: web.Request) -> web.StreamResponse:
    """Take the task and ring the agent's softphone, then the citizen. Who comes second is told who was first."""
    desk, who = services(request), identity(request)
    if not who.extension:
        raise Refused("您的账号没有分配座席分机，请联系平台管理员。")
    try:
        async with desk.sessions.begin() as session:
            hours = CallHours.of(desk.settings)
            task = await take(session, desk.clock, _task_id(request), who.user_id, hours=hours)
    except CallbackError as error:
        raise Refused(str(error), status=409) from None
    await tell(desk.bus, desk.clock, task)
    try:
        result = await desk.control.do("call_out", actor=who.extension, phone=task.phone)
    except ControlRefused as refused:
        await _give_back(desk, task, reason=str(refused))
        raise Refused(str(refused)) from None
    except ControlTimeout:
        # It may have been dialled all the same: the claim stays until the call ends or nothing came of it.
        raise Refused(
            "话务服务没有应答，请稍候；没有拨出的话任务会自动放回。", status=503, retry_after=5
        ) from None
    return answered(Done(result=result))


@routes.post(r"/api/desk/callbacks/{task_id:\d{1,9}}/release")
@allow(Permission.TAKE_CALLS, changes=True, limit=ACTS, logs=Logs.AUDIT, gives=Done)
async def give_back(request: web.Request) -> web.StreamResponse:
    """Give one's own task back to the others."""
    desk, who = services(request), identity(request)
    async with desk.sessions() as session:
        task = await session.get(CallbackTask, _task_id(request))
    if task is None or task.state != "taken" or task.taken_by != who.user_id:
        raise Refused("这个回拨任务不在您手上。", status=409)
    await _give_back(desk, task, reason="坐席放回")
    return answered(Done())


async def _give_back(desk: DeskServices, task: CallbackTask, *, reason: str) -> None:
    async with desk.sessions.begin() as session:
        freed = await release(session, desk.clock, task.id, reason=reason[:200])
    if freed is not None:
        await tell(desk.bus, desk.clock, freed)
