"""The supervisor's board: queues, agents with the age of their state, live calls. Skeleton of issue 2."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from sqlalchemy import func, select

from agent_desk import words
from agent_desk.access import allow, identity
from agent_desk.errors import Refused
from agent_desk.live import HUB
from agent_desk.live_calls import LiveCalls
from agent_desk.pages import render
from agent_desk.permissions import Permission
from agent_desk.requests import json_object, text_of
from agent_desk.services import DeskServices, services
from calls.client import ControlRefused, ControlTimeout
from db.models import AgentSession, Call, CallbackTask, User
from hotline.phone import normalise
from tickets.masking import mask_phone

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
        agents = await session.execute(
            select(AgentSession, User.name)
            .outerjoin(User, User.id == AgentSession.user_id)
            .where(AgentSession.state != "offline")
            .order_by(AgentSession.agent)
        )
        calls = await session.execute(
            select(Call, User.name)
            .outerjoin(User, User.id == Call.agent_user_id)
            .where(Call.state != "ended")
            .order_by(Call.started_at)
            .limit(200)
        )
        callbacks = await session.scalar(
            select(func.count()).select_from(CallbackTask).where(CallbackTask.state == "open")
        )
        state: dict[str, Any] = {
            "now": desk.clock.now().isoformat(),
            "stale": bool(live.telephony and live.telephony.stale),
            "stale_since": live.telephony.since.isoformat() if live.telephony else None,
            "speech": {"available": bool(live.speech and live.speech.available)},
            "callbacks": callbacks or 0,
            "agents": [
                {
                    "agent": seat.agent,
                    "name": name or "",
                    "state": seat.state,
                    "state_label": words.AGENT_STATES.get(seat.state, seat.state),
                    "reason": words.ALL_BUSY_REASONS.get(seat.reason, seat.reason),
                    "since": seat.since.isoformat(),
                    "queues": [words.QUEUES.get(queue, queue) for queue in seat.queues],
                }
                for seat, name in agents
            ],
            "calls": [
                {
                    "id": call.id,
                    "caller": mask_phone(normalise(call.caller).digits) or "匿名",
                    "state": call.state,
                    "state_label": words.CALL_STATES.get(call.state, call.state),
                    "queue": words.QUEUES.get(call.queue, call.queue),
                    "agent": name or call.agent,
                    "since": (call.answered_at or call.queued_at or call.started_at).isoformat(),
                    "emergency": call.emergency,
                }
                for call, name in calls
            ],
        }
    state["queues"] = _queues(state, live)
    return state


def _queues(state: dict[str, Any], live: LiveCalls) -> list[dict[str, Any]]:
    rows = []
    for queue, label in words.QUEUES.items():
        event = live.queues.get(queue)
        staffed = [agent for agent in state["agents"] if label in agent["queues"]]
        rows.append(
            {
                "queue": queue,
                "label": label,
                "waiting": event.waiting if event else 0,
                "oldest_since": event.oldest_since.isoformat() if event and event.oldest_since else None,
                "ready": event.ready if event else sum(agent["state"] == "ready" for agent in staffed),
                "staffed": event.staffed if event else len(staffed),
            }
        )
    return rows


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
