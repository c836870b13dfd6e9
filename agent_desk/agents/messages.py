"""Messages that citizens left: played to whoever may answer them, and marked as heard; never without a trace."""

from __future__ import annotations

from aiohttp import web

from agent_desk.agents.hearing import may_hear_message
from agent_desk.agents.recordings import played
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.answers import Done, answered
from agent_desk.web.errors import Refused
from agent_desk.web.limits import ACTS, READS
from agent_desk.web.permissions import Permission
from agent_desk.web.services import services
from agent_desk.web.trail import leave_trace
from db.models import Voicemail
from tickets.reading.protected import barred_calls

CLOSABLE = ("new", "empty", "unreadable")

routes = web.RouteTableDef()


async def _find(request: web.Request) -> tuple[Voicemail, bool]:
    """The message, and whether the asker may hear it."""
    desk, who = services(request), identity(request)
    async with desk.sessions() as session:
        message = await session.get(Voicemail, int(request.match_info["message_id"]))
        if message is None:
            raise web.HTTPNotFound(text="没有这条留言。")
        barred = bool(await barred_calls(session, who.actor, [message.call_id]))
    return message, may_hear_message(who, message, desk.clock.now(), barred=barred)


@routes.get(r"/messages/{message_id:\d{1,9}}")
@allow(
    Permission.TAKE_CALLS,
    Permission.PLAY_ANY_RECORDING,
    changes=False,
    limit=READS,
    logs=Logs.AUDIT,
    gives=Gives.SOUND,
)
async def play(request: web.Request) -> web.StreamResponse:
    """The message's sound, with `Range` support."""
    desk, who = services(request), identity(request)
    message, may_hear = await _find(request)
    if not may_hear:
        raise web.HTTPForbidden(text="您不能收听这条留言。")
    return await played(desk, who, message, "voicemail", str(message.id))


@routes.post(r"/api/desk/messages/{message_id:\d{1,9}}/heard")
@allow(Permission.TAKE_CALLS, changes=True, limit=ACTS, logs=Logs.AUDIT, gives=Done)
async def heard(request: web.Request) -> web.StreamResponse:
    """Nothing more can be done for a message without ticket and without a number to call."""
    desk, who = services(request), identity(request)
    async with desk.sessions.begin() as session:
        message = await session.get(Voicemail, int(request.match_info["message_id"]), with_for_update=True)
        if message is None:
            raise web.HTTPNotFound(text="没有这条留言。")
        if message.state not in CLOSABLE:
            raise Refused("这条留言已有工单，请核对工单。", status=409)
        leave_trace(
            session,
            at=desk.clock.now(),
            object_kind="voicemail",
            object_id=str(message.id),
            action="heard",
            user_id=who.user_id,
            name=who.name,
            reason="坐席已听，不建工单",
        )
        message.state = "heard"
    return answered(Done())
