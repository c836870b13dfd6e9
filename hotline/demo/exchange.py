"""Plays Asterisk: says what its manager interface would say of each call, to the reader of the real one."""

from __future__ import annotations

from collections import deque
from itertools import count

from calls.asterisk.ami import AmiLink
from calls.asterisk.seats import Seats
from calls.state.event_reader import EventReader
from calls.state.line import Line
from calls.state.live import LiveCall, LiveHandoff
from calls.state.membership import Membership
from calls.state.roster import Roster
from hotline.demo.marks import NODE
from hotline.demo.past import Lines, PastChanges
from runtime.clock import Clock

WRAP_UP_S = 600.0
"""Never reached: the played agents end their after-call work themselves."""


class Exchange:
    """Calls and seats as the tracker keeps them; `changes` are what the last steps changed, until taken."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: Lines = {}
        self._numbers = count(1)
        self._hang_up: deque[str] = deque()
        self.changes = self._fresh()
        self.roster = Roster(lambda: self.changes, wrap_up_s=WRAP_UP_S)
        self.line = Line(self.roster, lambda: self.changes, self._act)
        seats = Seats()
        nobody = AmiLink("127.0.0.1", 0, "", "")  # never started: whoever is to be rung is played, too
        self._reader = EventReader(self.line, Membership(nobody, self.roster, seats), seats, clock)

    def _fresh(self) -> PastChanges:
        return PastChanges(NODE, lines=self._lines)

    def take(self) -> PastChanges:
        """What has changed since the last time."""
        taken, self.changes = self.changes, self._fresh()
        return taken

    def _act(self, action: str, **fields: str) -> None:
        if action == "Hangup":
            self._hang_up.append(fields["Channel"])

    def _say(self, event: str, channel: str, **fields: str | list[str]) -> None:
        now = self._clock.now()
        self._reader.read(
            {
                "Event": event,
                "Timestamp": f"{now.timestamp():.6f}",
                "Channel": channel,
                "Uniqueid": _unique(channel),
                **fields,
            }
        )
        while self._hang_up:
            other = self._hang_up.popleft()
            if self.line.known(other):
                self.hang_up(other)

    def _channel(self, name: str) -> str:
        return f"PJSIP/{name}-{next(self._numbers):08x}"

    # -- citizens ------------------------------------------------------------------------------
    def citizen_calls(self, call_id: str, number: str) -> LiveCall:
        """A call reaches us and is recorded from its first moment; `number` "" hides it."""
        channel = self._channel("trunk")
        shown = number or "anonymous"
        self._say("Newchannel", channel, Linkedid=_unique(channel), Exten="12345", CallerIDNum=shown)
        self._ours(channel, call_id, "citizen", CallerIDNum=shown)
        self._say("MixMonitorStart", channel)
        return self.line.calls[call_id]

    def _ours(self, channel: str, call_id: str, role: str, **fields: str | list[str]) -> None:
        variables = [f"CALL_ID={call_id}", f"HOTLINE_ROLE={role}"]
        self._say("VarSet", channel, Linkedid=_unique(channel), ChanVariable=variables, **fields)

    def queues(self, call: LiveCall, position: int, queue: str = "common") -> None:
        self._say("QueueCallerJoin", call.channel, Queue=queue, Position=str(position))

    def leaves_queue(self, call: LiveCall) -> None:
        """The caller chose something else, or the wait was over."""
        self._say("QueueCallerLeave", call.channel, Queue=call.queue)

    def gives_up(self, call: LiveCall) -> None:
        """The caller hangs up in the queue; whoever is being rung for it is rung no more."""
        self._say("QueueCallerAbandon", call.channel, Queue=call.queue)
        for leg in [leg for leg in call.legs.values() if leg.role == "agent"]:
            self.hang_up(leg.channel)
        self.ends(call)

    def leaves_a_wish(self, call: LiveCall, outcome: str) -> None:
        """The script says what the call has come to: "voicemail" or "callback"."""
        self._say("VarSet", call.channel, Variable="HOTLINE_OUTCOME", Value=outcome)

    def ends(self, call: LiveCall, cause: str = "16") -> None:
        """The citizen's line goes down."""
        self._say("HangupRequest", call.channel)
        self.hang_up(call.channel, cause)

    # -- agents --------------------------------------------------------------------------------
    def rings(self, call: LiveCall, seat: str) -> str:
        """The queue rings this seat; returns the leg's channel."""
        leg = self._channel(seat)
        self._say(
            "AgentCalled",
            call.channel,
            DestChannel=leg,
            DestUniqueid=_unique(leg),
            Queue=call.queue,
            Interface=f"PJSIP/{seat}",
            MemberName=seat,
        )
        return leg

    def misses(self, call: LiveCall, seat: str, leg: str) -> None:
        self._say("AgentRingNoAnswer", call.channel, Queue=call.queue, Interface=f"PJSIP/{seat}", MemberName=seat)
        self.hang_up(leg, "19")

    def connects(self, call: LiveCall, seat: str, leg: str) -> None:
        self._say("Newstate", leg, ChannelStateDesc="Up")
        self._say("QueueCallerLeave", call.channel, Queue=call.queue)
        self._say(
            "AgentConnect",
            call.channel,
            DestChannel=leg,
            DestUniqueid=_unique(leg),
            Queue=call.queue,
            Interface=f"PJSIP/{seat}",
            MemberName=seat,
        )

    def holds(self, leg: str, held: bool) -> None:
        self._say("Hold" if held else "Unhold", leg)

    def agent_hangs_up(self, leg: str) -> None:
        self._say("HangupRequest", leg)
        self.hang_up(leg)

    def hang_up(self, channel: str, cause: str = "16") -> None:
        self._say("Hangup", channel, Cause=cause)

    # -- calls of ours -------------------------------------------------------------------------
    def calls_out(self, call_id: str, number: str, seat: str) -> tuple[LiveCall, str]:
        """An agent calls a citizen back: the own telephone rings first; returns the call and the agent's leg."""
        call = self.line.call_out(call_id, number, seat, self._clock.now())
        leg = self._channel(seat)
        self._ours(leg, call_id, f"agent:{seat}")
        return call, leg

    def picks_up(self, leg: str) -> None:
        self._say("Newstate", leg, ChannelStateDesc="Up")

    def rings_citizen(self, call: LiveCall) -> None:
        self._ours(self._channel("trunk"), call.id, "citizen")
        self._say("MixMonitorStart", call.channel)

    def citizen_picks_up(self, call: LiveCall) -> None:
        self._say("Newstate", call.channel, ChannelStateDesc="Up")

    # -- a third side --------------------------------------------------------------------------
    def gathers(self, call: LiveCall, leg: str) -> None:
        """Citizen and agent into the call's conference."""
        for channel in (call.channel, leg):
            self._say("ConfbridgeJoin", channel, Conference=call.conference)

    def rings_third(self, call: LiveCall, handoff: LiveHandoff) -> str:
        """The other side of this hand-off is rung; returns its channel."""
        call.handoff = handoff
        self.line.rules.move(call, handoff, "calling", self._clock.now())
        channel = self._channel("trunk")
        self._ours(channel, call.id, f"{handoff.role}:{handoff.target}")
        return channel

    def third_answers(self, call: LiveCall, channel: str) -> None:
        self._say("ConfbridgeJoin", channel, Conference=call.conference)


def _unique(channel: str) -> str:
    return f"12345.{int(channel[-8:], 16)}"
