"""Who may be left alone on the line, and what happens then.

A citizen is never dropped because a seat was lost: with somebody else on the line the talk goes on, with
nobody it is back to the queue, in front. An agent who hangs up ends the talk: the citizen is asked how it was,
as after every talk. When the citizen leaves, all leave.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from calls.state.call_states import CallState
from calls.state.changes import Changes
from calls.state.live import LiveCall, LiveHandoff, LiveLeg
from runtime.events import HandoffChanged

log = logging.getLogger(__name__)

BACK_TO_QUEUE = {"Context": "back-to-queue", "Exten": "s", "Priority": "1"}
"""Dialplan that queues a citizen again, before all others."""


def after_talk(agent: str) -> dict[str, str]:
    """Dialplan that goes on with a citizen's script as after any talk with this seat: survey, then goodbye."""
    return {"Context": "after-talk", "Exten": agent or "s", "Priority": "1"}


class Rules:
    """The rules of a conference; called by `Line` whenever somebody leaves."""

    def __init__(self, changes: Callable[[], Changes], act: Callable[..., None]) -> None:
        self._changes = changes
        self._act = act

    def move(
        self, call: LiveCall, handoff: LiveHandoff, status: str, at: datetime, *, why: str = "", **row: Any
    ) -> None:
        """A hand-off has moved on: keep it, write it, tell it."""
        handoff.status = status
        changes = self._changes()
        changes.save_handoff(handoff.id, **row)
        changes.log_event(call, at, "handoff_" + status, target=handoff.target, handoff=handoff.id)
        changes.publish(
            HandoffChanged(
                call_id=call.id,
                handoff_id=handoff.id,
                target=handoff.target,
                name=handoff.name,
                status=status,
                at=at,
                reason=why,
                by=handoff.by,
                kind=handoff.kind,
            )
        )

    def accepted(self, call: LiveCall, leg: LiveLeg, at: datetime) -> None:
        """The other side has answered and stands in the conference."""
        handoff = call.handoff
        if handoff is None or handoff.accepted_at is not None or leg.channel != handoff.channel:
            return
        handoff.accepted_at = at
        self.move(call, handoff, "accepted", at, accepted_at=at, accepted_by=leg.name, result="accepted")
        if not call.joined("agent"):  # our agent was lost while it rang: the hand-off is complete all the same
            self.move(call, handoff, "completed", at)

    def somebody_left(self, call: LiveCall, leg: LiveLeg, at: datetime) -> None:
        if call.state is CallState.ENDED:
            return
        handoff = call.handoff
        if handoff is not None:
            if leg.channel == handoff.channel and leg.joined_at is not None:
                handoff.channel = ""
                if call.joined("agent"):
                    self.move(call, handoff, "returned", at, returned_at=at, result="returned")
                else:
                    self._changes().save_handoff(handoff.id, ended_at=at)
            elif leg.role == "agent" and leg.name == handoff.by and handoff.status == "accepted":
                self.move(call, handoff, "completed", at, agent_left_at=at)
        self.check_alone(call, at, ended_by=leg.name if leg.role == "agent" and leg.let_go else "")

    def check_alone(self, call: LiveCall, at: datetime, *, ended_by: str = "") -> None:
        """A citizen alone in a conference is never left with the music; `ended_by`: the seat that hung up."""
        if call.state is not CallState.CONFERENCE or call.rejoining:
            return
        if any(leg.role != "citizen" for leg in call.legs.values()):
            return
        handoff = call.handoff
        if handoff is not None and handoff.status == "calling":
            return  # the other side may still answer; its end is told by whoever called it
        if handoff is not None and handoff.status == "completed" and handoff.kind != "agent":
            self._act("Hangup", Channel=call.channel, Cause="16")
            return
        if ended_by:
            call.hungup_by = call.hungup_by or "agent"
            if call.direction == "out":  # no script was left behind: there is nothing to go on with
                self._act("Hangup", Channel=call.channel, Cause="16")
                return
            self._changes().log_event(call, at, "after_talk", agent=ended_by)
            self._act("Redirect", Channel=call.channel, **after_talk(ended_by))
            return
        if call.requeued:
            return  # on the way to a queue by somebody's act
        log.warning("call %s: the citizen is alone in the conference; back to the queue", call.id)
        self._changes().log_event(call, at, "back_to_queue")
        self._act("Redirect", Channel=call.channel, **BACK_TO_QUEUE)

    def queue_again(self, call: LiveCall, queue: str, at: datetime) -> None:
        """An agent sends the citizen to a queue: in front of all others there."""
        call.requeued = True
        self._changes().log_event(call, at, "transferred", queue=queue)
        self._act("Redirect", Channel=call.channel, **(BACK_TO_QUEUE | {"Exten": queue}))

    def citizen_left(self, call: LiveCall, was_conference: bool, at: datetime) -> None:
        handoff = call.handoff
        if handoff is not None and handoff.status in ("calling", "accepted", "completed", "returned"):
            if handoff.status == "calling":
                self.move(call, handoff, "cancelled", at, ended_at=at, result="cancelled")
            else:
                self._changes().save_handoff(handoff.id, ended_at=at)
        if was_conference:
            for leg in list(call.legs.values()):
                self._act("Hangup", Channel=leg.channel, Cause="16")
