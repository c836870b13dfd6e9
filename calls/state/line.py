"""What happens to calls: begins them, adds and removes legs, answers, ends, keeps their durations.

Methods are synchronous, run in the tracker's one task and only gather changes; effects on Asterisk go
through `act`, which does not wait.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from calls.state.agent_states import AgentState
from calls.state.agent_states import Trigger as AgentTrigger
from calls.state.call_states import ASSUMED, WITH_AGENT, CallState, CallTrigger, IllegalCallTransition, step
from calls.state.changes import Changes
from calls.state.conference_rules import Rules
from calls.state.live import LiveCall, LiveEntry, LiveLeg
from calls.state.roster import Roster
from language.phone import normalise
from runtime.events import (
    CallAnswered,
    CallEnded,
    CallHeld,
    CallOwnerChanged,
    CallQueued,
    CallRinging,
    CallStarted,
    Event,
    LegJoined,
    LegLeft,
    QueueAbandoned,
    QueueLeft,
    RingMissed,
)

log = logging.getLogger(__name__)

Act = Callable[..., None]
"""act("Hangup", Channel=...): do it soon, log a refusal."""


class Line:
    """All calls in progress, by call id and by channel name."""

    def __init__(self, roster: Roster, changes: Callable[[], Changes], act: Act) -> None:
        self.roster = roster
        self._changes = changes
        self.rules = Rules(changes, act)
        self.calls: dict[str, LiveCall] = {}
        self._by_channel: dict[str, str] = {}
        self.seq = 0

    # -- looking up ----------------------------------------------------------------------------
    def of_channel(self, channel: str) -> LiveCall | None:
        return self.calls.get(self._by_channel.get(channel, ""))

    def of_agent(self, agent: str) -> LiveCall | None:
        """The call that this seat is in or is being rung for."""
        for call in self.calls.values():
            if call.leg_of("agent", agent) is not None:
                return call
        return None

    def known(self, channel: str) -> bool:
        return channel in self._by_channel

    # -- a step of a call ----------------------------------------------------------------------
    def apply(self, call: LiveCall, trigger: CallTrigger) -> None:
        """Take one step; what the table does not allow is logged with both sides and repaired."""
        if call.state is CallState.ENDED:
            return  # late events of the other legs
        try:
            call.state = step(call.state, trigger)
        except IllegalCallTransition as error:
            call.state = ASSUMED[trigger]
            log.warning("call %s: %s; taken as %s", call.id, error, call.state)

    def publish(self, event: Event) -> None:
        self._changes().publish(event)

    def note(self, call: LiveCall, at: datetime, kind: str, **detail: Any) -> None:
        """Write the call's row and a line of its history."""
        changes = self._changes()
        changes.save_call(call, at)
        changes.log_event(call, at, kind, **detail)

    # -- beginning -----------------------------------------------------------------------------
    def start(
        self,
        call_id: str,
        channel: str,
        uniqueid: str,
        at: datetime,
        *,
        linkedid: str = "",
        caller_raw: str = "",
        callee: str = "",
    ) -> LiveCall:
        """A citizen's call has reached us."""
        caller = normalise(caller_raw).digits
        call = LiveCall(
            id=call_id,
            channel=channel,
            uniqueid=uniqueid,
            linkedid=linkedid or uniqueid,
            started_at=at,
            caller=caller,
            caller_raw=caller_raw[:128],
            callee=callee[:32],
        )
        self.calls[call_id] = call
        self.note(call, at, "call_started", callee=callee)
        self._changes().publish(
            CallStarted(
                call_id=call_id,
                caller=caller,
                caller_raw=call.caller_raw,
                callee=call.callee,
                channel=channel,
                at=at,
            )
        )
        leg = self.add_leg(call, channel, uniqueid, "citizen", caller)
        self.leg_joined(call, leg, at)
        return call

    def call_out(self, call_id: str, phone: str, agent: str, at: datetime) -> LiveCall:
        """We are about to ring an agent's softphone and then this citizen."""
        call = LiveCall(
            id=call_id,
            channel="",
            uniqueid="",
            started_at=at,
            direction="out",
            caller=phone,
            caller_raw=phone,
            callee=phone,
            agent=agent,
        )
        self.calls[call_id] = call
        self.note(call, at, "call_out_started", agent=agent)
        return call

    # -- legs ----------------------------------------------------------------------------------
    def add_leg(self, call: LiveCall, channel: str, uniqueid: str, role: str, name: str) -> LiveLeg:
        """A channel that belongs to the call; it may still ring."""
        if (leg := call.legs.get(channel)) is not None:
            return leg
        leg = LiveLeg(channel, uniqueid, role, name, seq=self.seq)
        call.legs[channel] = leg
        self._by_channel[channel] = call.id
        return leg

    def leg_joined(self, call: LiveCall, leg: LiveLeg, at: datetime) -> None:
        if leg.joined_at is not None:
            return
        leg.joined_at = at
        changes = self._changes()
        changes.leg_joined(call, leg, at)
        changes.publish(LegJoined(call_id=call.id, role=leg.role, name=leg.name, channel=leg.channel, at=at))

    def leg_left(self, call: LiveCall, leg: LiveLeg, at: datetime) -> None:
        """A channel other than the citizen's is gone."""
        del call.legs[leg.channel]
        self._by_channel.pop(leg.channel, None)
        if leg.joined_at is not None:
            changes = self._changes()
            changes.leg_left(call, leg, at)
            changes.publish(LegLeft(call_id=call.id, role=leg.role, name=leg.name, channel=leg.channel, at=at))
        if leg.role == "agent":
            self._agent_left(call, leg, at)
        if call.state is CallState.ENDED and not call.legs:
            self.calls.pop(call.id, None)
        else:
            self.rules.somebody_left(call, leg, at)

    def _agent_left(self, call: LiveCall, leg: LiveLeg, at: datetime) -> None:
        agent = self.roster.get(leg.name)
        if call.rejoining == leg.name or ((again := call.leg_of("agent", leg.name)) and again.joined_at):
            return  # the same seat is, or is about to be, on the line by another leg
        if agent is not None and agent.call_id in ("", call.id):  # else another call's: that one goes on
            if leg.joined_at or agent.state in (AgentState.TALKING, AgentState.HELD):
                self.roster.call_over(agent, at)
            else:
                self.roster.ring_stopped(agent, at)
        if leg.joined_at is None:
            self.ring_stopped(call, at)
        else:
            if not call.joined("agent") and call.state in WITH_AGENT:
                call.talk.stop(at)
                call.hold.stop(at)
                self.apply(call, CallTrigger.AGENT_GONE)
            # With two legs hanging up at once either may be told first.
            self.note(call, at, "agent_left", agent=leg.name)
            self._hand_on(call, leg, at)

    # -- the queue -----------------------------------------------------------------------------
    def queued(self, call: LiveCall, queue: str, position: int, at: datetime) -> None:
        if call.entry is not None:
            self.left_queue(call, "failed", at)
        call.requeued = False
        call.entry = LiveEntry(queue, at, position)
        call.queue = queue
        call.queued_at = call.queued_at or at
        call.talk.stop(at)  # an agent may have sent the citizen here in mid-talk
        call.hold.stop(at)
        self.apply(call, CallTrigger.QUEUE)
        self.note(call, at, "call_queued", queue=queue, position=position)
        self._changes().queue_entered(call, call.entry)
        self._changes().publish(CallQueued(call_id=call.id, queue=queue, position=position, at=at))

    def left_queue(self, call: LiveCall, result: str, at: datetime, *, agent: str = "") -> None:
        """The stay in the queue is over: answered, abandoned, timeout, key or failed."""
        entry = call.entry
        if entry is None:
            return
        call.entry = None
        call.ring.stop(at)
        self._changes().queue_updated(call, entry, left_at=at, result=result, agent=agent)
        self._changes().publish(
            QueueLeft(
                call_id=call.id, queue=entry.queue, entered_at=entry.entered_at, result=result, agent=agent, at=at
            )
        )
        if result == "abandoned":
            wait_s = max(0.0, (at - entry.entered_at).total_seconds())
            self._changes().publish(QueueAbandoned(call_id=call.id, queue=entry.queue, wait_s=wait_s, at=at))
        if result != "answered":
            self.apply(call, CallTrigger.LEAVE_QUEUE)
            self.note(call, at, "queue_left", queue=entry.queue, result=result)

    def ringing(self, call: LiveCall, leg: LiveLeg, at: datetime) -> None:
        """An agent's softphone rings for this call."""
        if call.entry is not None:
            call.entry.rings += 1
            self._changes().queue_updated(call, call.entry)
        call.ring.start(at)
        self.apply(call, CallTrigger.RING)
        agent = self.roster.seat(leg.name, at)
        if agent.state not in (AgentState.TALKING, AgentState.HELD):
            self.roster.apply(agent, AgentTrigger.RING, at, call_id=call.id)
        self.note(call, at, "call_ringing", agent=leg.name)
        self._changes().publish(CallRinging(call_id=call.id, agent=leg.name, at=at))

    def missed(self, call: LiveCall, name: str, at: datetime) -> None:
        """The agent did not take it (or declined): the ring moves on, the agent is paused."""
        if call.entry is not None:
            call.entry.missed += 1
            self._changes().queue_updated(call, call.entry)
        if (agent := self.roster.get(name)) is not None:
            self.roster.missed(agent, at)
        self._changes().log_event(call, at, "ring_missed", agent=name)
        self._changes().publish(RingMissed(call_id=call.id, agent=name, at=at))
        self.ring_stopped(call, at)

    def ring_stopped(self, call: LiveCall, at: datetime) -> None:
        if any(leg.role == "agent" and leg.joined_at is None for leg in call.legs.values()):
            return  # another softphone still rings
        call.ring.stop(at)
        if call.state is CallState.RINGING:
            self.apply(call, CallTrigger.RING_STOPPED if call.entry else CallTrigger.LEAVE_QUEUE)

    # -- talking -------------------------------------------------------------------------------
    def answered(self, call: LiveCall, leg: LiveLeg, at: datetime) -> None:
        """An agent is on the line with the citizen."""
        if leg.joined_at is not None:
            return
        call.ring.stop(at)
        call.answered_at = call.answered_at or at
        agent = self.roster.seat(leg.name, at)
        if not self._invited(call, leg):
            self._own(call, leg)
        self.left_queue(call, "answered", at, agent=leg.name)
        if not call.hold.since:
            call.talk.start(at)
        self.apply(call, CallTrigger.ANSWER)
        self.roster.apply(agent, AgentTrigger.ANSWER, at, call_id=call.id)
        self.note(call, at, "call_answered", agent=leg.name)
        self.leg_joined(call, leg, at)
        self._changes().publish(
            CallAnswered(
                call_id=call.id,
                agent=leg.name,
                citizen_channel=call.channel,
                agent_channel=leg.channel,
                at=at,
                origin=call.origin or call.started_at,
                owner=call.agent,
            )
        )

    @staticmethod
    def _invited(call: LiveCall, leg: LiveLeg) -> bool:
        """Whether this seat comes to a talk that another seat has."""
        return any(other.name == call.agent != leg.name for other in call.joined("agent"))

    def _own(self, call: LiveCall, leg: LiveLeg) -> None:
        """From now on this seat has the call and its draft."""
        call.agent, call.agent_channel = leg.name, leg.channel
        seat = self.roster.get(leg.name)
        call.agent_user_id = seat.user_id if seat is not None else None

    def _hand_on(self, call: LiveCall, left: LiveLeg, at: datetime) -> None:
        """The owner has gone: of the agents still on the line the first who came has the call now."""
        others = [leg for leg in call.joined("agent") if leg.name != left.name]
        if call.agent != left.name or not others:
            return
        self._own(call, others[0])
        self.note(call, at, "owner_changed", agent=call.agent, by=left.name)
        self._changes().publish(CallOwnerChanged(call_id=call.id, agent=call.agent, by=left.name, at=at))

    def held(self, call: LiveCall, leg: LiveLeg, held: bool, at: datetime) -> None:
        """The agent put the citizen on hold, or came back."""
        if leg.role != "agent" or leg.joined_at is None:
            return
        running, waiting = (call.hold, call.talk) if held else (call.talk, call.hold)
        waiting.stop(at)
        running.start(at)
        self.apply(call, CallTrigger.HOLD if held else CallTrigger.UNHOLD)
        if (agent := self.roster.get(leg.name)) is not None:
            self.roster.apply(agent, AgentTrigger.HOLD if held else AgentTrigger.UNHOLD, at)
        self.note(call, at, "call_held" if held else "call_unheld", agent=leg.name)
        self._changes().publish(CallHeld(call_id=call.id, agent=leg.name, held=held, at=at))

    # -- the end -------------------------------------------------------------------------------
    def end(self, call: LiveCall, at: datetime, *, vanished: bool = False) -> None:
        """The citizen's leg is gone (`vanished`: while we were not looking)."""
        if call.state is CallState.ENDED:
            return
        was_conference = call.state is CallState.CONFERENCE
        for watch in (call.ring, call.talk, call.hold):
            watch.stop(at)
        self.left_queue(call, "failed" if vanished else "abandoned", at)
        outcome = self._outcome(call, vanished)
        call.hungup_by = "unknown" if vanished else (call.hungup_by or "system")
        self.apply(call, CallTrigger.END)
        changes = self._changes()
        if (citizen := call.legs.pop(call.channel, None)) is not None:
            self._by_channel.pop(call.channel, None)
            changes.leg_left(call, citizen, at)
            changes.publish(
                LegLeft(call_id=call.id, role="citizen", name=citizen.name, channel=call.channel, at=at)
            )
        changes.save_call(call, at, outcome=outcome, ended_at=at)
        changes.log_event(call, at, "call_ended", outcome=outcome, hungup_by=call.hungup_by, cause=call.cause[:8])
        changes.publish(CallEnded(call_id=call.id, outcome=outcome, at=at, hungup_by=call.hungup_by))
        self.rules.citizen_left(call, was_conference, at)
        if not call.legs:
            self.calls.pop(call.id, None)

    @staticmethod
    def _outcome(call: LiveCall, vanished: bool) -> str:
        if call.handoff is not None and call.handoff.status == "completed" and call.handoff.kind != "agent":
            return "handed_over"
        if call.answered_at is not None:
            return "answered"
        if vanished:
            return "unknown"
        if call.outcome_hint:
            return call.outcome_hint
        if call.direction == "out":
            return "failed"
        return "abandoned" if call.queued_at is not None else "ivr"
