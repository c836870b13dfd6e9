"""Reads Asterisk's events and says to `Line` and `Roster` what they mean.

Only channels that carry a CALL_ID are ours; taps, tests and whatever else runs there are ignored.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime

from calls.asterisk.ami import Message
from calls.asterisk.ami_action import header, variables
from calls.asterisk.seats import Seats, role_and_name
from calls.state.agent_states import Trigger
from calls.state.call_states import CallState, CallTrigger
from calls.state.line import Line
from calls.state.live import LiveCall, LiveLeg
from calls.state.membership import Membership
from runtime.callid import is_call_id
from runtime.clock import Clock
from runtime.events import RecordingFailed

log = logging.getLogger(__name__)

REMEMBERED_CHANNELS = 5_000

AWAY = frozenset({"UNAVAILABLE", "INVALID"})
"""Device states of a softphone that is not registered."""

HINTS = frozenset({"voicemail", "callback"})


class EventReader:
    """`read(event)` for each event, in order."""

    def __init__(self, line: Line, membership: Membership, seats: Seats, clock: Clock) -> None:
        self._line = line
        self._roster = line.roster
        self._membership = membership
        self._seats = seats
        self._clock = clock
        self._dialled: OrderedDict[str, str] = OrderedDict()
        """Channel -> what was dialled; by the time CALL_ID is set the dialplan has gone elsewhere."""
        self.gone: OrderedDict[str, int] = OrderedDict()
        """Channel -> number of the event that ended it, for pictures of Asterisk that were taken before."""
        self._readers: dict[str, Callable[[Message, datetime], None]] = {
            "Newchannel": self._newchannel,
            "VarSet": self._varset,
            "Newstate": self._newstate,
            "Rename": self._rename,
            "HangupRequest": self._hangup_request,
            "Hangup": self._hangup,
            "Hold": lambda m, at: self._held(m, True, at),
            "Unhold": lambda m, at: self._held(m, False, at),
            "MixMonitorStart": self._recording_started,
            "QueueCallerJoin": self._queue_join,
            "QueueCallerLeave": self._queue_leave,
            "QueueCallerAbandon": self._queue_abandon,
            "AgentCalled": self._agent_called,
            "AgentRingNoAnswer": self._agent_missed,
            "AgentConnect": self._agent_connect,
            "ConfbridgeJoin": self._conference_join,
            "ConfbridgeLeave": self._conference_leave,
            "QueueMemberAdded": lambda m, _: self._membership.learn(m),
            "QueueMemberRemoved": lambda m, _: self._membership.learn(m),
            "QueueMemberPause": lambda m, _: self._membership.learn(m),
            "DeviceStateChange": self._device_state,
            "UserEvent": self._user_event,
        }

    @property
    def kinds(self) -> frozenset[str]:
        """Names of the events that mean something to us; the others need not be queued."""
        return frozenset(self._readers)

    def read(self, message: Message) -> None:
        reader = self._readers.get(header(message, "Event"))
        if reader is not None:
            at = self.moment(message)
            self._notice(message, at)
            reader(message, at)

    def moment(self, message: Message) -> datetime:
        """When it happened by Asterisk's clock (`timestampevents=yes`), else now."""
        stamp = header(message, "Timestamp")
        try:
            return datetime.fromtimestamp(float(stamp), UTC) if stamp else self._clock.now()
        except (ValueError, OverflowError, OSError):
            return self._clock.now()

    # -- whose channel is it -------------------------------------------------------------------
    def _notice(self, message: Message, at: datetime) -> None:
        for side in ("", "Dest"):
            channel = header(message, f"{side}Channel")
            if not channel or self._line.known(channel):
                continue
            known = variables(message, f"{side}ChanVariable")
            if message.get("Event") == "VarSet" and header(message, "Variable") == "CALL_ID":
                known["CALL_ID"] = header(message, "Value")
            call_id = known.get("CALL_ID", "")
            if is_call_id(call_id) and message.get("Event") != "Hangup":
                self.channel_of_ours(call_id, channel, known.get("HOTLINE_ROLE", ""), message, at, prefix=side)

    def channel_of_ours(
        self, call_id: str, channel: str, role_variable: str, message: Message, at: datetime, *, prefix: str = ""
    ) -> None:
        """A channel with a CALL_ID that we have not seen yet: find its part in the call."""
        if not channel.startswith("PJSIP/") or "<" in channel:  # taps, Local halves, masquerades
            return
        uniqueid = header(message, f"{prefix}Uniqueid")
        linkedid = header(message, f"{prefix}Linkedid")
        role, name = role_and_name(role_variable)
        if seat := self._seats.extension_of_channel(channel):
            role, name = "agent", name or seat
        call = self._line.calls.get(call_id)
        if call is None:
            if role == "citizen" or (not role and uniqueid == linkedid):
                self._line.start(
                    call_id,
                    channel,
                    uniqueid,
                    at,
                    linkedid=linkedid,
                    caller_raw=header(message, f"{prefix}CallerIDNum"),
                    callee=self._dialled.get(channel, ""),
                )
            return
        if call.state is CallState.ENDED:
            return
        if role == "citizen" and not call.channel:  # the called citizen of a call-back
            call.channel, call.uniqueid, call.linkedid = channel, uniqueid, linkedid
            self._line.add_leg(call, channel, uniqueid, "citizen", call.caller)
        elif role == "agent" and name:
            leg = self._line.add_leg(call, channel, uniqueid, role, name)
            self._third_side(call, leg)
            if call.direction == "out" or role_variable.startswith("agent:"):  # no queue tells of these
                self._line.ringing(call, leg, at)
        elif role in ("emergency", "unit"):
            self._third_side(call, self._line.add_leg(call, channel, uniqueid, role, name))

    @staticmethod
    def _third_side(call: LiveCall, leg: LiveLeg) -> None:
        """Is this the leg that a hand-off is ringing?"""
        handoff = call.handoff
        if handoff is None or handoff.channel or handoff.status != "calling":
            return
        if (leg.role, leg.name) == (handoff.role, handoff.target):
            handoff.channel = leg.channel

    def _leg(self, message: Message) -> tuple[LiveCall, LiveLeg] | None:
        channel = header(message, "Channel")
        call = self._line.of_channel(channel)
        leg = call.legs.get(channel) if call else None
        return (call, leg) if call is not None and leg is not None else None

    # -- channels ------------------------------------------------------------------------------
    def _newchannel(self, message: Message, _: datetime) -> None:
        channel = header(message, "Channel")
        if channel.startswith("PJSIP/"):
            self._dialled[channel] = header(message, "Exten")
            while len(self._dialled) > REMEMBERED_CHANNELS:
                self._dialled.popitem(last=False)

    def _varset(self, message: Message, at: datetime) -> None:
        if (found := self._leg(message)) is None:
            return
        call, _ = found
        variable, value = header(message, "Variable"), header(message, "Value")
        if variable == "HOTLINE_OUTCOME" and value in HINTS:
            call.outcome_hint = value
        elif variable == "HOTLINE_RECORDING_FAILED" and value == "1":
            self._recording_failed(call, at)

    def _newstate(self, message: Message, at: datetime) -> None:
        if header(message, "ChannelStateDesc") != "Up" or (found := self._leg(message)) is None:
            return
        call, leg = found
        leg.up = True
        if call.direction != "out":
            return
        agent = call.leg_of("agent")
        if leg.role == "agent" and (seat := self._roster.get(leg.name)) is not None:
            call.ring.stop(at)  # the agent has picked up; the citizen's telephone is rung next
            self._roster.apply(seat, Trigger.ANSWER, at, call_id=call.id)
        elif leg.role == "citizen" and agent is not None:
            self._line.leg_joined(call, leg, at)
            self._line.answered(call, agent, at)

    def _rename(self, message: Message, _: datetime) -> None:
        # A masquerade gives the leg's name to a new channel: the name is what we know it by.
        name = header(message, "Newname")
        call = self._line.of_channel(name)
        if call is not None and name in call.legs:
            call.legs[name].uniqueid = header(message, "Uniqueid")
            if name == call.channel:
                call.uniqueid = header(message, "Uniqueid")

    def _hangup_request(self, message: Message, _: datetime) -> None:
        if (found := self._leg(message)) is None:
            return
        call, leg = found
        if leg.role == "agent" and leg.joined_at is not None:
            leg.let_go = True  # the softphone said good-bye; a lost one does not
        if not call.hungup_by and (leg.role == "citizen" or call.state is not CallState.CONFERENCE):
            call.hungup_by = leg.role if leg.joined_at or leg.role == "citizen" else ""

    def _hangup(self, message: Message, at: datetime) -> None:
        channel = header(message, "Channel")
        self._dialled.pop(channel, None)
        self.gone[channel] = self._line.seq
        while len(self.gone) > REMEMBERED_CHANNELS:
            self.gone.popitem(last=False)
        if (found := self._leg(message)) is None:
            return
        call, leg = found
        if channel == call.channel:
            call.cause = header(message, "Cause")
            self._line.end(call, at)
            return
        if call.handoff is not None and channel == call.handoff.channel:
            call.handoff.cause = header(message, "Cause")
        self._line.leg_left(call, leg, at)
        if call.direction == "out" and not call.channel and not call.legs:
            self._line.end(call, at)  # the agent did not pick up, or gave up before the citizen was rung

    def _held(self, message: Message, held: bool, at: datetime) -> None:
        if found := self._leg(message):
            self._line.held(*found, held, at)

    # -- recordings ----------------------------------------------------------------------------
    def _recording_started(self, message: Message, at: datetime) -> None:
        if (found := self._leg(message)) and found[1].role == "citizen":
            found[0].origin = found[0].origin or at

    def _recording_failed(self, call: LiveCall, at: datetime) -> None:
        self._line.note(call, at, "recording_failed")
        self._line.publish(RecordingFailed(call_id=call.id, reason="录音文件无法写入，请检查磁盘空间和目录权限"))

    def _user_event(self, message: Message, at: datetime) -> None:
        call = self._line.calls.get(header(message, "CallId"))
        if call is None:
            return
        match header(message, "UserEvent"):
            case "HotlineVoicemail":
                call.outcome_hint = "voicemail"
            case "HotlineFallback":
                self._line.note(call, at, "fallback", agi=header(message, "AgiStatus")[:32])
            case _:
                pass

    # -- queues --------------------------------------------------------------------------------
    def _queue_join(self, message: Message, at: datetime) -> None:
        if found := self._leg(message):
            position = header(message, "Position")
            self._line.queued(
                found[0], header(message, "Queue")[:32], int(position) if position.isdigit() else 0, at
            )

    def _queue_leave(self, message: Message, at: datetime) -> None:
        if (found := self._leg(message)) is None:
            return
        call, _ = found
        if any(leg.role == "agent" and leg.up and leg.joined_at is None for leg in call.legs.values()):
            return  # an agent has picked up: AgentConnect follows
        self._line.left_queue(call, "timeout", at)

    def _queue_abandon(self, message: Message, at: datetime) -> None:
        if found := self._leg(message):
            self._line.left_queue(found[0], "abandoned", at)

    def _seat_of(self, message: Message) -> str:
        name = header(message, "MemberName")
        return name if name.isdigit() else self._seats.extension_of_interface(header(message, "Interface"))

    def _agent_called(self, message: Message, at: datetime) -> None:
        seat = self._seat_of(message)
        if not seat or (found := self._leg(message)) is None:
            return
        call, _ = found
        channel, uniqueid = header(message, "DestChannel"), header(message, "DestUniqueid")
        leg = self._line.add_leg(call, channel, uniqueid, "agent", seat)
        self._line.ringing(call, leg, at)

    def _agent_missed(self, message: Message, at: datetime) -> None:
        seat = self._seat_of(message)
        if seat and (found := self._leg(message)):
            self._line.missed(found[0], seat, at)

    def _agent_connect(self, message: Message, at: datetime) -> None:
        seat = self._seat_of(message)
        if not seat or (found := self._leg(message)) is None:
            return
        call, _ = found
        channel, uniqueid = header(message, "DestChannel"), header(message, "DestUniqueid")
        self._line.answered(call, self._line.add_leg(call, channel, uniqueid, "agent", seat), at)

    def _device_state(self, message: Message, at: datetime) -> None:
        seat = self._seats.extension_of_interface(header(message, "Device"))
        if seat and (agent := self._roster.get(seat)) is not None:
            self._roster.registration(agent, "asterisk", header(message, "State") not in AWAY, at)

    # -- conferences ---------------------------------------------------------------------------
    def _conference_join(self, message: Message, at: datetime) -> None:
        if (found := self._leg(message)) is None:
            return
        call, leg = found
        leg.in_conference = True
        if call.state is not CallState.CONFERENCE:
            self._line.apply(call, CallTrigger.CONFERENCE)
            self._line.note(call, at, "conference")
        if leg.role == "agent":
            self._line.answered(call, leg, at)
        else:
            self._line.leg_joined(call, leg, at)
        self._line.rules.accepted(call, leg, at)

    def _conference_leave(self, message: Message, _: datetime) -> None:
        if found := self._leg(message):
            found[1].in_conference = False
