"""The whole state of an agent's page, from the database and what is live: a reload loses nothing."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.agents.call_back import call_back_view
from agent_desk.agents.caller import caller_card
from agent_desk.live.concerns import payload
from agent_desk.live.hub import LiveHub
from agent_desk.live.live_calls import LiveCalls, WatchedCall
from agent_desk.web import words
from agent_desk.web.services import DeskServices
from agent_desk.web.web_sessions import Identity
from calls.area_codes import hotline_name
from db.models import (
    AgentSession,
    Call,
    CallLeg,
    Handoff,
    Recording,
    Ticket,
    TranscriptGapRow,
    TranscriptUtterance,
    Unit,
)
from tickets.drafting.drafts import load_draft
from tickets.emergency.answers import answered_codes
from tickets.emergency.spotter import alerts_of

JUST_LEFT = timedelta(seconds=5)
"""The end of a leg and the seat's wrap-up are told by two events of Asterisk."""


async def desk_state(desk: DeskServices, hub: LiveHub, who: Identity, *, earlier: str = "") -> dict[str, Any]:
    """What `/api/desk/state` answers; the page takes it as the whole truth."""
    live, node = hub.calls, await hub.node_of(who)
    async with desk.sessions() as session:
        seat = await session.get(AgentSession, who.extension) if who.extension else None
        if seat is not None and seat.user_id not in (None, who.user_id):
            seat = None
        call = await _call_at(session, who, seat, live)
        if earlier and (call is None or call.state == "ended"):
            call = await session.get(Call, earlier)
        state: dict[str, Any] = {
            "now": desk.clock.now().isoformat(),
            "me": {"name": who.name, "login": who.login, "extension": who.extension, "roles": sorted(who.roles)},
            "agent": {
                "state": seat.state if seat else "offline",
                "reason": seat.reason if seat else "",
                "since": seat.since.isoformat() if seat else None,
            },
            "wrap_up_limit_s": desk.settings.wrap_up_s,
            "telephony": _or(hub.telephony(node), {"stale": False, "since": None, "reason": ""}),
            "speech": _or(live.speech_at(node), {"available": False, "model": "", "reason": "语音识别尚未就绪"}),
            "waiting": await _waiting(session, live),
            **_nothing(),
        }
        if call is not None:
            state |= await _call_state(session, desk, live.get(call.id) or WatchedCall(), call, who)
        return state


def _or(event: Any, default: dict[str, Any]) -> dict[str, Any]:
    return payload(event) if event is not None else default


def _nothing() -> dict[str, Any]:
    return {
        "call": None,
        "caller": None,
        "utterances": [],
        "gaps": [],
        "partials": {},
        "delay_s": 0,
        "silent": {},
        "draft": None,
        "answers": None,
        "emergencies": [],
        "handoff": None,
        "recording": None,
    }


async def _waiting(session: AsyncSession, live: LiveCalls) -> dict[str, int]:
    counted = await session.execute(
        select(Call.queue, func.count()).where(Call.state.in_(("queued", "ringing"))).group_by(Call.queue)
    )
    return {queue: number for queue, number in counted.all() if queue} | live.waiting


async def _call_at(
    session: AsyncSession, who: Identity, seat: AgentSession | None, live: LiveCalls
) -> Call | None:
    """The call that belongs on this page: at the seat, ringing there, or just over and being written up."""
    if seat is None:
        return None
    call_id = seat.call_id or live.ringing_at(who.extension)
    if call_id:
        return await session.get(Call, call_id)
    if seat.state != "wrap_up":
        return None
    # The talk that this seat has just left; it may have been handed on, then it is to be read only.
    left = await session.scalar(
        select(CallLeg)
        .where(CallLeg.role == "agent", CallLeg.name == who.extension, CallLeg.left_at >= seat.since - JUST_LEFT)
        .order_by(CallLeg.left_at.desc())
        .limit(1)
    )
    if left is not None:
        return await session.get(Call, left.call_id)
    last: Call | None = await session.scalar(
        select(Call)
        .where(Call.agent == who.extension, Call.agent_user_id == who.user_id, Call.answered_at.is_not(None))
        .order_by(Call.answered_at.desc())
        .limit(1)
    )
    return last


async def _call_state(
    session: AsyncSession, desk: DeskServices, live: WatchedCall, call: Call, who: Identity
) -> dict[str, Any]:
    recording = await session.scalar(
        select(Recording).where(Recording.call_id == call.id).order_by(Recording.id.desc()).limit(1)
    )
    return {
        "call": {
            "id": call.id,
            "state": call.state,
            "queue": call.queue,
            "queue_label": words.QUEUES.get(call.queue, ""),
            "mine": call.agent == who.extension or who.extension in live.seats(),
            "owner": live.owner or call.agent,
            "ringing_at": (call.queued_at or call.started_at).isoformat(),
            "answered_at": call.answered_at.isoformat() if call.answered_at else None,
            "ended_at": call.ended_at.isoformat() if call.ended_at else None,
            "origin": live.origin.isoformat() if live.origin else None,
            "call_back": await call_back_view(session, who, call, desk.clock.now()),
            "outcome": call.outcome,
            "legs": await _legs(session, call.id),
            "recording_failed": live.recording_failed,
        },
        "caller": await caller_card(session, desk.clock, call.id, call.caller or call.caller_raw, who.actor),
        "utterances": await _utterances(session, call.id),
        "gaps": [
            {"speaker": gap.speaker, "start_ms": gap.start_ms, "end_ms": gap.end_ms}
            for gap in await session.scalars(
                select(TranscriptGapRow)
                .where(TranscriptGapRow.call_id == call.id)
                .order_by(TranscriptGapRow.start_ms)
            )
        ],
        "partials": {speaker: payload(u) for speaker, u in live.partials.items()},
        "delay_s": live.delay_s,
        "silent": live.silent,
        # From the first ring on: the row of a call answered this instant may not be written yet.
        "draft": await _draft(session, call.id),
        "answers": payload(live.answers) if live.answers else None,
        "emergencies": await _emergencies(session, call.id, live),
        "handoff": await _handoff(session, call.id, live),
        "recording": {"seconds": recording.seconds} if recording else None,
    }


async def _legs(session: AsyncSession, call_id: str) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(CallLeg).where(CallLeg.call_id == call_id, CallLeg.left_at.is_(None)).order_by(CallLeg.id)
    )
    return [{"role": leg.role, "name": leg.name, "channel": leg.channel} for leg in rows]


async def _utterances(session: AsyncSession, call_id: str) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(TranscriptUtterance)
        .where(TranscriptUtterance.call_id == call_id)
        .order_by(TranscriptUtterance.start_ms)
    )
    return [
        {
            "utterance_id": row.id,
            "speaker": row.speaker,
            "start_ms": row.start_ms,
            "end_ms": row.end_ms,
            "text": row.text,
            "final": True,
        }
        for row in rows
    ]


async def _draft(session: AsyncSession, call_id: str) -> dict[str, Any]:
    """What the agent typed or accepted, apart from what is only suggested."""
    view = await load_draft(session, call_id)
    ticket = await session.get(Ticket, view.submitted_ticket_id) if view.submitted_ticket_id else None
    unit = await session.get(Unit, ticket.unit_id) if ticket and ticket.unit_id else None
    return {
        "fields": {name: view.values[name] for name in view.touched if name in view.values},
        "touched": list(view.touched),
        "suggestions": {name: [asdict(s) for s in options] for name, options in view.suggestions.items()},
        "revision": view.revision,
        "saved_at": view.updated_at.isoformat() if view.touched and view.updated_at else None,
        "ticket": {"no": ticket.ticket_no, "state": ticket.state, "unit": unit.short_name if unit else ""}
        if ticket
        else None,
    }


async def _emergencies(session: AsyncSession, call_id: str, live: WatchedCall) -> list[dict[str, Any]]:
    """What was alerted on this call: the rows, and what the bus told that is not written yet."""
    alerts = await alerts_of(session, call_id)
    known = {(alert.code, alert.utterance_id) for alert in alerts}
    alerts += [alert for alert in live.emergencies if (alert.code, alert.utterance_id) not in known]
    done = await answered_codes(session, call_id)
    return [payload(alert) | {"answered": alert.code in done} for alert in alerts]


async def _handoff(session: AsyncSession, call_id: str, live: WatchedCall) -> dict[str, Any] | None:
    if live.handoff is not None:
        event = live.handoff
        return {
            "id": event.handoff_id,
            "target": event.target,
            "name": event.name,
            "status": event.status,
            "at": event.at.isoformat(),
            "reason": event.reason,
            "by": event.by,
            "kind": event.kind,
        }
    row = await session.scalar(
        select(Handoff).where(Handoff.call_id == call_id).order_by(Handoff.id.desc()).limit(1)
    )
    if row is None:
        return None
    status = "completed" if row.agent_left_at and row.accepted_at else row.result or "calling"
    return {
        "id": row.id,
        "target": row.target,
        "name": row.summary if row.reason_code.startswith("unit:") else hotline_name(row.target),
        "status": status,
        "at": (row.accepted_at or row.started_at).isoformat(),
        "reason": "",
        "by": row.started_by,
        "kind": row.target_kind,
    }
