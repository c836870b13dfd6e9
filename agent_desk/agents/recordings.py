"""Playing recordings: with byte ranges, to those who may, and never without a trace."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import hdrs, web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.agents.own_calls import has_call
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.limits import READS
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import call_id_of
from agent_desk.web.services import DeskServices, services
from agent_desk.web.trail import trace_playing
from agent_desk.web.web_sessions import Identity
from calls.nodes.lease import home_of
from db.models import AgentSession, Call, Recording, Voicemail
from tickets.reading.protected import barred_calls

OWN_FOR = timedelta(hours=24)
"""An agent may hear the own calls for this long (domain.md 6.3, "O 24 h")."""

routes = web.RouteTableDef()


async def may_hear(request: web.Request, session: AsyncSession, who: Identity, recording: Recording) -> bool:
    """Supervisors hear all; agents the own calls of the last day and those of the caller on the line.

    None of them hears a call that led to a protected ticket without the ticket's own permissions.
    """
    if await barred_calls(session, who.actor, [recording.call_id]):
        return False
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
@allow(
    Permission.PLAY_OWN_RECORDING,
    Permission.PLAY_ANY_RECORDING,
    changes=False,
    limit=READS,
    logs=Logs.AUDIT,
    gives=Gives.SOUND,
)
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
    return await played(desk, who, recording, "recording", call_id)


async def played(
    desk: DeskServices, who: Identity, sound: Recording | Voicemail, object_kind: str, object_id: str
) -> web.FileResponse:
    """A sound that `who` may hear, once that is on the trail. Raises HTTPNotFound where its file is not here."""
    folder = desk.settings.recordings_dir.resolve()
    path = (folder / sound.path).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        raise web.HTTPNotFound(text=_missing(desk, sound.node, sound.path))
    async with desk.sessions.begin() as session:
        await trace_playing(session, who, at=desk.clock.now(), object_kind=object_kind, object_id=object_id)
    return web.FileResponse(
        path,
        headers={
            hdrs.CONTENT_TYPE: "audio/wav",
            hdrs.CONTENT_DISPOSITION: "inline",
            hdrs.CACHE_CONTROL: "no-store",
        },
    )


def _missing(desk: DeskServices, node: str, path: str) -> str:
    """Why a file cannot be played: it is with another node, or gone. The words tell where it must be."""
    state = desk.places.nodes.get(node) if desk.places is not None else None
    if state is None or state.home == home_of(desk.settings):
        return "录音文件不在了，请联系平台管理员。"
    machine = state.home.partition(":")[0]
    return (
        f"录音保存在节点 {node}（主机 {machine}，{state.recordings}/{path}），本工作台不能读取，请联系平台管理员。"
    )
