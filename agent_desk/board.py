"""The supervisor's board: queues, agents with the age of their state, live calls. Skeleton of issue 2."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import select

from agent_desk import words
from agent_desk.access import allow, identity
from agent_desk.errors import Refused
from agent_desk.live import HUB
from agent_desk.live_calls import LiveCalls
from agent_desk.pages import render
from agent_desk.permissions import Permission
from agent_desk.requests import json_object, text_of
from agent_desk.services import DeskServices, services
from agent_desk.unwatched import lately
from calls.board import snapshot
from calls.callbacks import list_open
from calls.client import ControlRefused, ControlTimeout
from db.models import User
from hotline.phone import normalise
from tickets.masking import mask_phone

CALLS_SHOWN = 200

routes = web.RouteTableDef()


@routes.get("/board")
@allow(Permission.WATCH_BOARD)
async def page(request: web.Request) -> web.StreamResponse:
    return render(request, "board.html", may_repair=identity(request).may(Permission.REPAIR_AGENT))


@routes.get("/api/board/state")
@allow(Permission.WATCH_BOARD)
async def state(request: web.Request) -> web.StreamResponse:
    return web.json_response(await board_state(services(request), request.config_dict[HUB].calls))


async def board_state(desk: DeskServices, live: LiveCalls) -> dict[str, Any]:
    """The floor as it stands. Numbers of callers are masked: a board hangs on a wall."""
    async with desk.sessions() as session:
        floor = await snapshot(session, desk.clock)
        callbacks = len(await list_open(session))
        unwatched = await lately(session, desk.clock.now())
        seats = {agent.user_id for agent in floor.agents}
        names = {
            user_id: name
            for user_id, name in (
                await session.execute(select(User.id, User.name).where(User.id.in_([i for i in seats if i])))
            ).all()
        }
    by_seat = {agent.agent: names.get(agent.user_id or 0, "") for agent in floor.agents}
    return {
        "now": floor.at.isoformat(),
        "stale": bool(live.telephony and live.telephony.stale),
        "stale_since": live.telephony.since.isoformat() if live.telephony else None,
        "callbacks": callbacks,
        "unwatched": unwatched,
        "queues": [
            {
                "label": words.QUEUES.get(row.queue, row.queue),
                "waiting": row.waiting,
                "oldest_since": (floor.at - timedelta(seconds=row.oldest_s)).isoformat() if row.waiting else None,
                "ready": row.ready,
                "staffed": row.staffed,
            }
            for row in floor.queues
        ],
        "agents": [
            {
                "agent": row.agent,
                "name": by_seat[row.agent],
                "state": row.state,
                "state_label": words.AGENT_STATES.get(row.state, row.state),
                "reason": words.ALL_BUSY_REASONS.get(row.reason, row.reason),
                "since": row.since.isoformat(),
                "queues": [words.QUEUES.get(queue, queue) for queue in row.queues],
            }
            for row in floor.agents
        ],
        "calls": [
            {
                "caller": mask_phone(normalise(row.caller).digits) or "匿名",
                "state_label": words.CALL_STATES.get(row.state, row.state),
                "queue": words.QUEUES.get(row.queue, row.queue),
                "agent": by_seat.get(row.agent) or row.agent,
                "since": (row.answered_at or row.started_at).isoformat(),
                "emergency": row.emergency,
            }
            for row in floor.calls[:CALLS_SHOWN]
        ],
    }


@routes.post("/api/board/repair")
@allow(Permission.REPAIR_AGENT)
async def repair(request: web.Request) -> web.StreamResponse:
    """Bring a stuck seat's state back in line with Asterisk."""
    desk, who = services(request), identity(request)
    agent = text_of(await json_object(request), "agent", 8)
    try:
        await desk.control.do("repair", actor=who.login, agent=agent)
    except ControlRefused as refused:
        raise Refused(str(refused)) from None
    except ControlTimeout:
        raise Refused("话务服务没有应答。", status=503) from None
    return web.json_response({"ok": True})
