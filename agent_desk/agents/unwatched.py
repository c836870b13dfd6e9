"""Calls that ran while nobody of ours watched (`calls.state.strays`): kept, and seen here, also without a number.

Supervisors have a page of all of them; an agent finds among the own tasks those that were taken at the own seat.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.agents.hearing import may_hear_message
from agent_desk.web import words
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.inputs import Paged
from agent_desk.web.limits import PAGES
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked
from agent_desk.web.services import services
from agent_desk.web.web_sessions import Identity
from calls.state.strays import KIND
from db.models import AgentStateLog, Call, CallbackTask, CallEvent, Recording, TicketDraft, Voicemail
from language.phone import normalise
from tickets.reading.protected import barred_calls

PAGE = 20
KEPT_FOR = timedelta(days=31)
"""Older ones are found by their number, ticket or recording."""
OWN_FOR = timedelta(hours=24)
"""An agent may hear and write up an own call for so long (domain.md 6.3)."""
NO_NUMBER = "号码未显示"
TASKS = {"open": "待回拨", "taken": "正在回拨", "done": "已回拨", "given_up": "多次未接通"}

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Line:
    """One such call for a supervisor; the number is masked as on the board."""

    call_id: str
    at: datetime
    number: str
    outcome: str
    seconds: int
    seat: str
    follow_up: str
    recorded: bool
    """There is a recording and the reader may hear it."""
    protected: bool
    messages: tuple[int, ...]
    """Messages of this call that the reader may hear."""


def _calls(since: datetime) -> Select[Call]:
    untracked = exists().where(CallEvent.call_id == Call.id, CallEvent.kind == KIND)
    query: Select[Call] = select(Call).where(Call.started_at >= since, untracked)
    return query


@routes.get("/unwatched")
@allow(Permission.WATCH_BOARD, changes=False, limit=PAGES, logs=Logs.NOTHING, asks=Paged, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """The calls of the last month that nobody watched, newest first."""
    desk, who, number = services(request), identity(request), asked(request, Paged).page
    now = desk.clock.now()
    async with desk.sessions() as session:
        query = _calls(now - KEPT_FOR)
        total = await session.scalar(select(func.count()).select_from(query.subquery())) or 0
        calls = list(
            await session.scalars(
                query.order_by(Call.started_at.desc(), Call.id).limit(PAGE).offset(PAGE * (number - 1))
            )
        )
        lines = await _lines(session, who, calls, now)
    return render(
        request,
        "agents/unwatched.html",
        rows=lines,
        total=total,
        page=number,
        pages=max(1, -(-total // PAGE)),
        days=KEPT_FOR.days,
    )


async def lately(session: AsyncSession, now: datetime) -> int:
    """How many there were in the last day, for the board."""
    query = _calls(now - timedelta(days=1))
    return await session.scalar(select(func.count()).select_from(query.subquery())) or 0


async def _lines(session: AsyncSession, who: Identity, calls: list[Call], now: datetime) -> list[Line]:
    ids = [call.id for call in calls]
    barred = await barred_calls(session, who.actor, ids)
    recorded = set(await session.scalars(select(Recording.call_id).where(Recording.call_id.in_(ids))))
    messages: dict[str, list[int]] = {}
    for message in await session.scalars(
        select(Voicemail).where(Voicemail.call_id.in_(ids)).order_by(Voicemail.id)
    ):
        if may_hear_message(who, message, now, barred=message.call_id in barred):
            messages.setdefault(message.call_id, []).append(message.id)
    tasks = await session.scalars(
        select(CallbackTask).where(CallbackTask.call_id.in_(ids)).order_by(CallbackTask.id)
    )
    follow_up = {task.call_id: TASKS.get(task.state, task.state) for task in tasks}
    plays = who.may(Permission.PLAY_ANY_RECORDING)
    return [
        Line(
            call_id=call.id,
            at=call.started_at,
            number=normalise(call.caller).mask() if call.caller else NO_NUMBER,
            outcome=words.CALL_OUTCOMES.get(call.outcome, call.outcome),
            seconds=round((call.ended_at - call.started_at).total_seconds()) if call.ended_at else 0,
            seat=call.agent,
            follow_up=follow_up.get(call.id) or _why_none(call),
            recorded=plays and call.id in recorded and call.id not in barred,
            protected=call.id in barred,
            messages=tuple(messages.get(call.id, ())),
        )
        for call in calls
    ]


def _why_none(call: Call) -> str:
    """What became of a call that is nobody's task."""
    if call.outcome in ("answered", "ivr", "handed_over"):
        return "—"
    if call.outcome == "voicemail":
        return "见留言"
    return "未列入回拨" if call.caller else "无号码，不能回拨"


async def own_unwatched(session: AsyncSession, who: Identity, now: datetime) -> list[dict[str, Any]]:
    """Such calls that this agent took at the own seat and has made no ticket of yet."""
    if not who.extension:
        return []
    sat_there = exists().where(
        AgentStateLog.agent == who.extension,
        AgentStateLog.user_id == who.user_id,
        AgentStateLog.since <= Call.ended_at,
        or_(AgentStateLog.until.is_(None), AgentStateLog.until >= Call.started_at),
    )
    submitted = exists().where(TicketDraft.call_id == Call.id, TicketDraft.submitted_ticket_id.is_not(None))
    calls = await session.scalars(
        _calls(now - OWN_FOR)
        .where(Call.agent == who.extension, Call.outcome == "answered", sat_there, ~submitted)
        .order_by(Call.started_at)
    )
    found = list(calls)
    recorded = set(
        await session.scalars(select(Recording.call_id).where(Recording.call_id.in_([call.id for call in found])))
    )
    return [
        {
            "call_id": call.id,
            "at": call.started_at.isoformat(),
            "display": normalise(call.caller).display if call.caller else NO_NUMBER,
            "recorded": call.id in recorded,
        }
        for call in found
    ]
