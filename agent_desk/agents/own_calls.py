"""Whose call it is: an agent reads and acts only on calls that are or were at the own seat, and on messages."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.live.hub import HUB
from agent_desk.web.errors import Refused
from agent_desk.web.web_sessions import Identity
from db.models import AgentSession, Call, CallLeg, User, Voicemail


async def has_call(request: web.Request, session: AsyncSession, who: Identity, call_id: str) -> bool:
    """Whether this agent has or had the call: at the seat now, by the tracker's row, or as a leg of it."""
    if not who.extension:
        return False
    if who.extension in request.config_dict[HUB].calls.seats(call_id):
        return True
    seat = await session.get(AgentSession, who.extension)
    if seat is not None and seat.call_id == call_id and seat.user_id == who.user_id:
        return True
    call = await session.get(Call, call_id)
    if call is not None and who.user_id == call.agent_user_id:
        return True
    if call is not None and call.agent == who.extension and call.agent_user_id is None:
        return True
    if call is not None and call.agent_user_id is None and await _left_a_message(session, call_id):
        return True
    # A leg on the seat counts only on a live call: tomorrow somebody else sits there.
    return (
        call is not None
        and call.state != "ended"
        and (
            await session.scalar(
                select(CallLeg.id)
                .where(CallLeg.call_id == call_id, CallLeg.role == "agent", CallLeg.name == who.extension)
                .limit(1)
            )
            is not None
        )
    )


async def _left_a_message(session: AsyncSession, call_id: str) -> bool:
    """Nobody took the call: its message is any agent's to hear and to check."""
    waiting = select(Voicemail.id).where(
        Voicemail.call_id == call_id, Voicemail.state.not_in(("checked", "heard"))
    )
    return await session.scalar(waiting.limit(1)) is not None


async def need_draft(session: AsyncSession, who: Identity, call_id: str) -> None:
    """Several may be on the line, one writes the ticket: whoever owns the call. Raises Refused for the others."""
    call = await session.get(Call, call_id)
    if call is None or not call.agent or call.agent == who.extension or call.agent_user_id == who.user_id:
        return
    if call.answered_at is None:
        return
    owner = await session.get(User, call.agent_user_id) if call.agent_user_id else None
    name = f"{call.agent} {owner.name}" if owner else call.agent
    raise Refused(f"这通电话的工单由 {name} 填写，您只能查看。", status=403)


async def need_call(request: web.Request, session: AsyncSession, who: Identity, call_id: str) -> None:
    if not await has_call(request, session, who, call_id):
        raise web.HTTPNotFound(text="没有这通电话，或者不是您接的。")
