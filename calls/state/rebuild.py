"""Builds the live state again: from the database after a restart of ours, from Asterisk after any.

What we remembered and Asterisk no longer has is closed with "unknown"; what it has and we did not know
is taken up; agents go back to their queues.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from calls.area_codes import hotline_name
from calls.asterisk.ami import AmiLink, Message
from calls.asterisk.ami_action import header, variables
from calls.state.agent_states import ON_CALL, AgentState
from calls.state.call_states import CallState, CallTrigger
from calls.state.event_reader import EventReader
from calls.state.line import Line
from calls.state.live import LiveCall, LiveEntry, LiveHandoff, LiveLeg
from calls.state.membership import Membership
from db.models.call import AgentSession, Call, CallEvent, CallLeg, Handoff, QueueEntry
from db.session import Sessions
from runtime.callid import is_call_id

log = logging.getLogger(__name__)

TIMED = ("call_ringing", "call_answered", "call_held", "call_unheld", "agent_left")
"""Lines of a call's history that say which of its stop-watches runs."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What Asterisk had when it was asked; `seq` is the number of the last event before."""

    seq: int
    channels: dict[str, Message]
    members: list[Message]
    waiting: list[Message]
    devices: list[Message]


async def take_picture(link: AmiLink, seq: Callable[[], int]) -> Picture:
    """Ask Asterisk for all channels, queues and softphones. Raises AmiError."""
    asked = seq()
    channels = await link.listing("CoreShowChannels")
    queues = await link.listing("QueueStatus")
    devices = await link.listing("DeviceStateList")
    return Picture(
        seq=asked,
        channels={header(m, "Channel"): m for m in channels},
        members=[m for m in queues if m.get("Event") == "QueueMember"],
        waiting=[m for m in queues if m.get("Event") == "QueueEntry"],
        devices=devices,
    )


async def load(sessions: Sessions, line: Line, now: datetime, node: str) -> None:
    """Remember what was going on here when we stopped: open calls with legs, and who sat where.

    What is another node's is left alone: its calls go on without us.
    """
    async with sessions() as session:
        for row in await session.scalars(select(AgentSession).where(AgentSession.node == node)):
            agent = line.roster.seat(row.agent, row.since)
            agent.state, agent.reason, agent.user_id = AgentState(row.state), row.reason, row.user_id
            agent.queues, agent.call_id = tuple(row.queues), row.call_id or ""
            agent.wanted, agent.wanted_reason = row.wanted or "ready", row.wanted_reason
            line.roster.remember(agent, now)
        for call_row in await session.scalars(select(Call).where(Call.node == node, Call.state != "ended")):
            call = _call(call_row)
            legs = select(CallLeg).where(CallLeg.call_id == call.id, CallLeg.left_at.is_(None))
            for leg_row in await session.scalars(legs):
                leg = line.add_leg(call, leg_row.channel, leg_row.uniqueid, leg_row.role, leg_row.name)
                leg.joined_at = leg_row.joined_at
            entry = await session.scalar(
                select(QueueEntry).where(QueueEntry.call_id == call.id, QueueEntry.left_at.is_(None))
            )
            if entry is not None:
                call.entry = LiveEntry(
                    entry.queue, entry.entered_at, entry.first_position, entry.rings, entry.missed
                )
            last = await session.scalar(
                select(CallEvent)
                .where(CallEvent.call_id == call.id, CallEvent.kind.in_(TIMED))
                .order_by(CallEvent.id.desc())
                .limit(1)
            )
            _resume_watch(call, last)
            handoff = await session.scalar(
                select(Handoff).where(Handoff.call_id == call.id).order_by(Handoff.id.desc()).limit(1)
            )
            if handoff is not None and handoff.ended_at is None:
                call.handoff = _handoff(handoff, call)
            line.calls[call.id] = call
    log.info("remembered %d calls and %d seats", len(line.calls), len(line.roster.agents))


def _call(row: Call) -> LiveCall:
    call = LiveCall(
        id=row.id,
        channel=row.channel,
        uniqueid=row.uniqueid,
        started_at=row.started_at,
        direction=row.direction,
        linkedid=row.linkedid,
        caller=row.caller,
        caller_raw=row.caller_raw,
        callee=row.callee,
        state=CallState(row.state),
        queue=row.queue,
        agent=row.agent,
        agent_user_id=row.agent_user_id,
        agent_channel=row.agent_channel,
        queued_at=row.queued_at,
        answered_at=row.answered_at,
        hungup_by=row.hungup_by,
    )
    call.ring.total, call.talk.total, call.hold.total = row.ring_s or 0, row.talk_s or 0, row.hold_s or 0
    return call


def _resume_watch(call: LiveCall, last: CallEvent | None) -> None:
    """The totals in the row were written with the last of these events: the running watch began there."""
    if last is None:
        return
    match last.kind:
        case "call_ringing":
            call.ring.start(last.at)
        case "call_answered" | "call_unheld":
            call.talk.start(last.at)
        case "call_held":
            call.hold.start(last.at)
        case _:
            pass


def _handoff(row: Handoff, call: LiveCall) -> LiveHandoff:
    role = {"emergency": "emergency", "agent": "agent"}.get(row.target_kind, "unit")
    leg = call.leg_of(role, row.target)
    status = "completed" if row.agent_left_at else (row.result or "calling")
    return LiveHandoff(
        id=row.id,
        target=row.target,
        kind=row.target_kind,
        role=role,
        status=status,
        channel=leg.channel if leg else "",
        by=row.started_by,
        attempts=row.attempts,
        name=row.summary if row.reason_code.startswith("unit:") else hotline_name(row.target),
        place=row.place,
        summary=row.summary,
        accepted_at=row.accepted_at,
    )


class Reconciler:
    """Compares the live state with a picture of Asterisk and puts the state right."""

    def __init__(self, line: Line, reader: EventReader, membership: Membership) -> None:
        self._line = line
        self._reader = reader
        self._membership = membership

    def apply(self, picture: Picture, now: datetime) -> None:
        self._close_vanished(picture, now)
        self._take_up_unknown(picture, now)
        self._waiting(picture, now)
        for call in list(self._line.calls.values()):
            self._state_of(call, picture, now)
        self._agents_without_call(now)
        self._membership.reset(picture.members)
        for device in picture.devices:
            self._reader.read(device)

    def _close_vanished(self, picture: Picture, now: datetime) -> None:
        for call in list(self._line.calls.values()):
            missing = [
                leg for leg in call.legs.values() if not _holds(picture, call, leg) and leg.seq <= picture.seq
            ]
            if call.state is CallState.ENDED:
                for leg in missing:
                    self._line.leg_left(call, leg, now)
                continue
            citizen_gone = any(leg.channel == call.channel for leg in missing)
            stale = not call.legs and now - call.started_at > timedelta(minutes=2)
            if citizen_gone or stale:
                log.warning("call %s vanished while we were away", call.id)
                self._line.end(call, now, vanished=True)
            for leg in missing:
                if leg.channel in call.legs:
                    self._line.leg_left(call, leg, now)

    def _take_up_unknown(self, picture: Picture, now: datetime) -> None:
        found: list[tuple[int, str, str, str, Message]] = []
        for channel, message in picture.channels.items():
            known = variables(message)
            call_id = known.get("CALL_ID", "")
            if self._line.known(channel) or not is_call_id(call_id):
                continue
            if self._reader.gone.get(channel, -1) > picture.seq:
                continue  # it has ended since
            role = known.get("HOTLINE_ROLE", "")
            found.append((0 if role == "citizen" else 1, call_id, channel, role, message))
        for _, call_id, channel, role, message in sorted(found, key=lambda item: item[:3]):
            at = now - _duration(header(message, "Duration"))
            self._reader.channel_of_ours(call_id, channel, role, message, at)

    def _waiting(self, picture: Picture, now: datetime) -> None:
        inside: set[str] = set()
        for entry in picture.waiting:
            call = self._line.of_channel(header(entry, "Channel"))
            if call is None or call.state is CallState.ENDED:
                continue
            inside.add(call.id)
            wait, position = header(entry, "Wait"), header(entry, "Position")
            if call.entry is None and call.state is CallState.IVR:
                since = now - timedelta(seconds=int(wait) if wait.isdigit() else 0)
                place = int(position) if position.isdigit() else 0
                self._line.queued(call, header(entry, "Queue")[:32], place, since)

    def _state_of(self, call: LiveCall, picture: Picture, now: datetime) -> None:
        citizen = picture.channels.get(call.channel)
        if citizen is None or call.state is CallState.ENDED:
            return
        application = header(citizen, "Application")
        if application == "ConfBridge" and call.state is not CallState.CONFERENCE:
            self._line.apply(call, CallTrigger.CONFERENCE)
        talking = bool(header(citizen, "BridgeId"))
        for leg in list(call.legs.values()):
            message = picture.channels.get(leg.channel)
            if leg.role == "citizen" or message is None or leg.joined_at is not None:
                continue
            if header(message, "ChannelStateDesc") == "Up" and talking and header(message, "BridgeId"):
                self._join(call, leg, now)
        waits = {header(entry, "Channel") for entry in picture.waiting}
        old_entry = call.entry is not None and call.channel not in waits and not call.joined("agent")
        rings = any(leg.role == "agent" and leg.joined_at is None for leg in call.legs.values())
        if old_entry and application not in ("Queue", "AppQueue") and not rings:
            self._line.left_queue(call, "timeout", now)
        if call.state is CallState.CONFERENCE and application == "ConfBridge":
            self._line.rules.check_alone(call, now)

    def _join(self, call: LiveCall, leg: LiveLeg, now: datetime) -> None:
        if leg.role == "agent":
            self._line.answered(call, leg, now)
        else:
            self._line.leg_joined(call, leg, now)
            self._line.rules.accepted(call, leg, now)

    def _agents_without_call(self, now: datetime) -> None:
        roster = self._line.roster
        for agent in list(roster.agents.values()):
            call = self._line.calls.get(agent.call_id)
            present = call is not None and (
                call.leg_of("agent", agent.agent) is not None or call.rejoining == agent.agent
            )
            starting = call is not None and call.direction == "out" and not call.legs
            if present or starting:
                continue
            if agent.state in ON_CALL:
                roster.call_over(agent, now)
            elif agent.state is AgentState.RINGING:
                roster.ring_stopped(agent, now)


def _holds(picture: Picture, call: LiveCall, leg: LiveLeg) -> bool:
    """Whether Asterisk still has this leg. After its restart it numbers channels anew: an old name may be back
    with another call behind it."""
    message = picture.channels.get(leg.channel)
    if message is None:
        return False
    call_id = variables(message).get("CALL_ID", "")
    return call_id == call.id or not is_call_id(call_id)


def _duration(text: str) -> timedelta:
    """Asterisk's "HH:MM:SS" of a channel."""
    match = re.fullmatch(r"(\d+):(\d\d):(\d\d)", text)
    if match is None:
        return timedelta()
    return timedelta(hours=int(match[1]), minutes=int(match[2]), seconds=int(match[3]))
