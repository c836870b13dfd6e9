"""A tracker on the fake Asterisk, with a hand on the clock and an ear on the bus."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar

from calls.acts.client import ControlClient
from calls.acts.conference import Conference
from calls.acts.control import Control
from calls.acts.force_acts import ForceActs
from calls.acts.seat_acts import SeatActs
from calls.acts.talk_acts import TalkActs
from calls.asterisk.ami import AmiLink
from calls.state.tracker import Tracker
from db.session import Sessions
from runtime.bus import LocalBus
from runtime.events import CallAnswered, Event
from runtime.settings import Settings
from tests.fakes.asterisk_ami import FakeAsterisk, FakeChannel, Fields
from tests.fakes.clock import FakeClock
from tests.waiting import until

E = TypeVar("E", bound=Event)

CALL = "01a20049-a4f5-7069-9c8d-968102d07eca"
CITIZEN = "PJSIP/trunk-00000001"
AGENT = "PJSIP/8001-00000002"


class Room:
    """The calls room without recordings and call-backs."""

    def __init__(
        self, fake: FakeAsterisk, sessions: Sessions, bus: LocalBus, clock: FakeClock, settings: Settings
    ):
        self.fake, self.sessions, self.bus, self.clock = fake, sessions, bus, clock
        self.link = AmiLink("127.0.0.1", fake.port, "hotline", "secret", backoff_s=(0.01, 0.05))
        self.tracker = Tracker(self.link, sessions, bus, clock, settings, tick_s=3600, heal_s=3600)
        self.conference = Conference(self.link, self.tracker, sessions, settings, answer_s=0.2)
        seat_acts = SeatActs(self.tracker, settings)
        talk_acts = TalkActs(self.link, self.tracker, self.conference, clock)
        force_acts = ForceActs(self.link, self.tracker)
        self.control = Control(bus, clock, seat_acts.acts | talk_acts.acts | force_acts.acts)
        self.client = ControlClient(bus, clock)
        self.events: list[Event] = []
        bus.subscribe(self._hear, Event)

    async def _hear(self, event: Event) -> None:
        self.events.append(event)

    async def start(self) -> None:
        await self.tracker.start()
        await self.control.start()
        await self.link.start()
        await self.link.wait_ready(30)

    async def close(self) -> None:
        await self.control.close()
        await self.conference.close()
        await self.link.close()
        await self.tracker.close()
        await self.client.close()

    def heard(self, kind: type[E], **fields: Any) -> list[E]:
        return [
            e
            for e in self.events
            if isinstance(e, kind) and all(getattr(e, key) == value for key, value in fields.items())
        ]

    async def wait(self, kind: type[E], **fields: Any) -> E:
        await until(lambda: self.heard(kind, **fields), 30, f"{kind.__name__} {fields}")
        return self.heard(kind, **fields)[0]

    def emit(self, event: str, channel: str = CITIZEN, **fields: str | list[str]) -> None:
        """An event with the fake clock's time stamp."""
        stamp = f"{self.clock.now().timestamp():.6f}"
        self.fake.emit(event, Timestamp=stamp, Channel=channel, Uniqueid=unique(channel), **fields)

    async def taken(self) -> None:
        """All that was emitted has been taken in, written and told."""
        await self.link.do("Ping")

        def nothing(_: datetime) -> None:
            return None

        await self.tracker.call(nothing)
        await self.bus.settle()

    # -- how a call goes -----------------------------------------------------------------------
    def arrives(self, call_id: str = CALL, channel: str = CITIZEN, number: str = "13912345678") -> None:
        self.fake.channels[channel] = FakeChannel(
            channel, unique(channel), {"CALL_ID": call_id, "HOTLINE_ROLE": "citizen"}, caller=number
        )
        self.emit("Newchannel", channel, Linkedid=unique(channel), Exten="12345", CallerIDNum=number)
        self.emit(
            "VarSet",
            channel,
            Linkedid=unique(channel),
            CallerIDNum=number,
            Variable="CALL_ID",
            Value=call_id,
            ChanVariable=["CALL_ID=", "HOTLINE_ROLE="],
        )

    def queues(self, channel: str = CITIZEN) -> None:
        self.emit("QueueCallerJoin", channel, Queue="common", Position="1", Count="1")

    def rings(self, agent: str = "8001", leg: str = AGENT) -> None:
        self.emit(
            "AgentCalled",
            DestChannel=leg,
            DestUniqueid=unique(leg),
            Queue="common",
            Interface=f"PJSIP/{agent}",
            MemberName=agent,
        )

    def connects(self, agent: str = "8001", leg: str = AGENT) -> None:
        self.fake.channels[leg] = FakeChannel(
            leg, unique(leg), {"CALL_ID": CALL, "HOTLINE_ROLE": "agent"}, linkedid=unique(CITIZEN), bridge="b1"
        )
        self.fake.channels[CITIZEN].bridge = "b1"
        self.emit("Newstate", leg, ChannelStateDesc="Up")
        self.emit("QueueCallerLeave", Queue="common", Position="1", Count="0")
        self.emit(
            "AgentConnect",
            DestChannel=leg,
            DestUniqueid=unique(leg),
            Queue="common",
            Interface=f"PJSIP/{agent}",
            MemberName=agent,
        )

    async def talks(self) -> None:
        """An agent sits down and takes the citizen's call."""
        await self.sits()
        self.arrives()
        self.queues()
        self.rings()
        self.connects()
        await self.wait(CallAnswered)

    def hangs_up(self, channel: str = CITIZEN) -> None:
        self.fake.channels.pop(channel, None)
        self.emit("HangupRequest", channel)
        self.emit("Hangup", channel, Cause="16")

    async def sits(self, seat: str = "8001") -> None:
        await self.client.do("login", actor=seat, user_id=None, queues=["common"])
        await self.client.do("ready", actor=seat)
        await until(self.tracker.membership.settled, 30, f"{seat} in the queue")


def unique(channel: str) -> str:
    return f"17.{int(channel[-2:], 16)}"


def joins(calls: Room) -> None:
    """Make Redirect bring both channels into the conference, as Asterisk would."""

    def redirect(fields: Fields) -> list[Fields]:
        for channel in (str(fields["Channel"]), str(fields.get("ExtraChannel", ""))):
            if channel:
                calls.emit("ConfbridgeJoin", channel, Conference=str(fields["Exten"]))
        return [{"Response": "Success"}]

    calls.fake.on("Redirect", redirect)


def originates(calls: Room, *, answered: bool) -> None:
    """Make Originate reach the other side of a hand-off, or nobody."""
    leg = "PJSIP/trunk-00000007"

    def originate(fields: Fields) -> list[Fields]:
        role, call_id = (str(v).partition("=")[2] for v in list(fields["Variable"])[:2])
        calls.emit("VarSet", leg, Linkedid="17.7", ChanVariable=[f"CALL_ID={call_id}", f"HOTLINE_ROLE={role}"])
        if answered:
            calls.emit("ConfbridgeJoin", leg, Conference=str(fields["Exten"]))
        else:
            calls.emit("Hangup", leg, Cause="19")
        ended = {"Response": "Success" if answered else "Failure", "Reason": "4" if answered else "3"}
        return [
            {"Response": "Success", "Message": "Originate successfully queued"},
            {"Event": "OriginateResponse", "Tagged": "1", "Channel": leg, "Uniqueid": "17.7", **ended},
        ]

    calls.fake.on("Originate", originate)


@asynccontextmanager
async def room(
    fake: FakeAsterisk, sessions: Sessions, bus: LocalBus, clock: FakeClock, settings: Settings
) -> AsyncIterator[Room]:
    there = Room(fake, sessions, bus, clock, settings)
    await there.start()
    try:
        yield there
    finally:
        await there.close()
