"""Playing recordings: with byte ranges, to those who may, and never without a trace."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from aiohttp import hdrs, web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.access import allow, identity
from agent_desk.own_calls import has_call
from agent_desk.permissions import Permission
from agent_desk.requests import call_id_of
from agent_desk.services import services
from agent_desk.trail import leave_trace
from agent_desk.web_sessions import Identity
from db.models import AgentSession, Call, Recording

OWN_FOR = timedelta(hours=24)
"""An agent may hear the own calls for this long (domain.md 6.3, "O 24 h")."""

routes = web.RouteTableDef()


async def may_hear(request: web.Request, session: AsyncSession, who: Identity, recording: Recording) -> bool:
    """Supervisors hear all; agents the own calls of the last day and those of the caller on the line."""
    if who.may(Permission.PLAY_ANY_RECORDING):
        return True
    if not who.may(Permission.PLAY_OWN_RECORDING):
        return False
    now = services(request).clock.now()
    if now - recording.started_at <= OWN_FOR and await has_call(request, session, who, recording.call_id):
        return True
    seat = await session.get(AgentSession, who.extension) if who.extension else None
    if seat is None or seat.call_id is None or seat.user_id != who.user_id:
        return False
    here = await session.get(Call, seat.call_id)
    asked = await session.get(Call, recording.call_id)
    return bool(here and asked and here.caller and here.caller == asked.caller)


@routes.get("/recordings/{call_id}")
@allow(Permission.PLAY_OWN_RECORDING, Permission.PLAY_ANY_RECORDING)
async def play(request: web.Request) -> web.StreamResponse:
    """The two-channel recording of a call (left citizen, right agent), with `Range` support."""
    desk, who = services(request), identity(request)
    call_id = call_id_of(request)
    async with desk.sessions() as session:
        recording = await session.scalar(
            select(Recording).where(Recording.call_id == call_id).order_by(Recording.id.desc()).limit(1)
        )
        if recording is None:
            raise web.HTTPNotFound(text="这通电话没有录音。")
        if not await may_hear(request, session, who, recording):
            raise web.HTTPForbidden(text="您不能收听这通电话的录音。")
    folder = desk.settings.recordings_dir.resolve()
    path = (folder / recording.path).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise web.HTTPNotFound(text="录音文件不在了，请联系平台管理员。")
    if begins(request):
        async with desk.sessions.begin() as session:
            leave_trace(
                session,
                at=desk.clock.now(),
                object_kind="recording",
                object_id=call_id,
                action="played",
                user_id=who.user_id,
                name=who.name,
                unit_id=who.unit_id,
            )
    return wav_file(path)


def begins(request: web.Request) -> bool:
    """Whether this request starts a playing: players ask for the rest in pieces."""
    asked = request.headers.get(hdrs.RANGE, "")
    return not asked or asked.startswith("bytes=0-")


def wav_file(path: Path) -> web.FileResponse:
    return web.FileResponse(
        path,
        headers={
            hdrs.CONTENT_TYPE: "audio/wav",
            hdrs.CONTENT_DISPOSITION: "inline",
            hdrs.CACHE_CONTROL: "no-store",
        },
    )
