"""The supervisor's board: queues, agents with the age of their state, live calls."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from aiohttp import web
from pydantic import Field, RootModel
from sqlalchemy import select

from agent_desk.agents.unwatched import lately
from agent_desk.live.hub import HUB, LiveHub
from agent_desk.web import words
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.answers import Done, answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input
from agent_desk.web.limits import ACTS, PAGES, READS
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import DeskServices, services
from calls.acts.client import ControlRefused, ControlTimeout
from calls.callbacks.tasks import list_open
from calls.floor.board import snapshot
from db.models import User
from language.phone import normalise
from tickets.reading.masking import mask_phone

CALLS_SHOWN = 200

routes = web.RouteTableDef()


class Floor(RootModel[dict[str, Any]]):
    """Queues, agents and calls as they stand."""


class Seat(Input):
    agent: Annotated[str, Field(pattern=r"^\d{1,8}$", title="坐席分机")]


@routes.get("/board")
@allow(Permission.WATCH_BOARD, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """The floor on one page."""
    return render(request, "floor/board.html", may_repair=identity(request).may(Permission.REPAIR_AGENT))


@routes.get("/api/board/state")
@allow(Permission.WATCH_BOARD, changes=False, limit=READS, logs=Logs.NOTHING, gives=Floor)
async def state(request: web.Request) -> web.StreamResponse:
    """What the board shows."""
    return answered(Floor(await board_state(services(request), request.config_dict[HUB])))


async def board_state(desk: DeskServices, hub: LiveHub) -> dict[str, Any]:
    """The floor as it stands, all nodes together. Numbers of callers are masked: a board hangs on a wall."""
    nodes = list(hub.places.nodes.values()) if hub.places is not None else []
    away = {node.name: "节点失联" if node.lost else "节点已停" for node in nodes if not node.runs}
    telephony = hub.telephony("")
    async with desk.sessions() as session:
        floor = await snapshot(session, desk.clock, away=away)
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
        "stale": bool(telephony and telephony.stale and telephony.node not in away),
        "stale_since": telephony.since.isoformat() if telephony else None,
        "nodes": [node.name for node in nodes],
        "lost": [node.words for node in nodes if node.lost],
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
                "node": row.node,
                "away": away.get(row.node, ""),
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
                "node": row.node,
                "away": away.get(row.node, ""),
                "caller": mask_phone(normalise(row.caller).digits) or "匿名",
                "state_label": words.AFTER_TALK
                if row.state == "ivr" and row.answered_at
                else words.CALL_STATES.get(row.state, row.state),
                "queue": words.QUEUES.get(row.queue, row.queue),
                "agent": by_seat.get(row.agent) or row.agent,
                "since": (row.answered_at or row.started_at).isoformat(),
                "emergency": row.emergency,
            }
            for row in floor.calls[:CALLS_SHOWN]
        ],
    }


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
