"""AudioSocket as enemies and bad networks speak it: whatever one connection does, the others are heard."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.events import Event, TapClosed, Utterance
from speech.audiosocket import Kind, frame
from speech.legs.server import AudioSocketServer
from speech.legs.taps import TapBook
from speech.transcriber import Transcriber
from tests.fakes.audiosocket import FakeLeg
from tests.fakes.recogniser import QUIET, VOICE, FakeEngine, LoudIsVoice
from tests.waiting import until

SENTENCE = VOICE * 50 + QUIET * 40


class Room:
    """A server with a scripted recogniser, and what it published."""

    def __init__(self, spool: Path) -> None:
        self.bus = LocalBus()
        self.engine = FakeEngine(["你好 我 要 投诉"])
        self.transcriber = Transcriber(self.bus, SystemClock(), None, spool=spool, threads=2, detector=LoudIsVoice)
        self.taps = TapBook(self.bus)
        self.server = AudioSocketServer(0, self.taps, self.transcriber, max_legs=8)
        self.events: list[Event] = []
        self.bus.subscribe(self._hear)

    async def _hear(self, event: Event) -> None:
        self.events.append(event)

    def finals(self, call_id: str = "") -> list[Utterance]:
        return [e for e in self.events if isinstance(e, Utterance) and e.final and call_id in ("", e.call_id)]

    async def leg(self, call_id: str = "call") -> FakeLeg:
        leg = FakeLeg(self.server.port)
        await leg.announce(self.bus, call_id)
        await leg.connect()
        return leg


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    room = Room(tmp_path)
    room.transcriber.start(room.taps.held)
    room.transcriber.use(room.engine)
    await room.server.start()
    yield room
    await room.server.close()
    await room.transcriber.close()
    room.taps.close()
    await room.bus.close()


async def test_what_is_said_becomes_one_utterance(room: Room) -> None:
    leg = await room.leg()
    await leg.say(SENTENCE)
    await until(room.finals)
    (said,) = room.finals()
    assert (said.text, said.raw) == ("你好我要投诉", "你好 我 要 投诉")
    assert said.words[0][0] == "你好"
    assert said.confidence == 0.9
    await leg.hang_up()
    await until(lambda: any(isinstance(e, TapClosed) for e in room.events))


ABUSE = {
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "zeroes": bytes(5000),
    "short uuid": b"\x01\x00\x04abcd",
    "audio first": frame(Kind.AUDIO, VOICE),
    "giant frame": b"\x10\xff\xff" + bytes(70000),
    "half sample": b"\x01\x00\x10" + uuid.uuid4().bytes + b"\x10\x00\x01x",
    "two uuids": frame(Kind.UUID, uuid.uuid4().bytes) * 2,
    "unknown uuid": frame(Kind.UUID, uuid.uuid4().bytes),
    "flood before the tap is known": frame(Kind.UUID, uuid.uuid4().bytes) + frame(Kind.AUDIO, VOICE * 10) * 50,
    "error frame": frame(Kind.ERROR, b"x"),
    "hang-up at once": frame(Kind.HANGUP),
}


@pytest.mark.parametrize("data", ABUSE.values(), ids=ABUSE.keys())
async def test_abuse_ends_its_own_connection_and_no_other(room: Room, data: bytes) -> None:
    good = await room.leg("good")
    bad = FakeLeg(room.server.port)
    await bad.connect(hello=False)
    await good.say(SENTENCE[: len(SENTENCE) // 2])
    bad.send(data)
    assert await bad.refused()
    await good.say(SENTENCE[len(SENTENCE) // 2 :])
    await until(lambda: room.finals("good"))
    await until(lambda: room.server.connections == 1)
    await bad.hang_up()
    await good.hang_up()


async def test_who_connects_and_says_nothing_is_sent_away(room: Room) -> None:
    mute = FakeLeg(room.server.port)
    await mute.connect(hello=False)
    assert await mute.refused()
    await mute.hang_up()


async def test_who_connects_and_closes_leaves_nothing_behind(room: Room) -> None:
    for _ in range(50):
        leg = FakeLeg(room.server.port)
        await leg.connect(hello=False)
        await leg.hang_up()
    await until(lambda: room.server.connections == 0)


async def test_one_byte_at_a_time_is_still_heard(room: Room) -> None:
    leg = FakeLeg(room.server.port)
    await leg.announce(room.bus, "slow")
    await leg.connect(hello=False)
    for byte in frame(Kind.UUID, uuid.UUID(leg.tap_id).bytes) + frame(Kind.AUDIO, VOICE):
        leg.send(bytes((byte,)))
        await asyncio.sleep(0)
    await leg.say(SENTENCE)
    await until(room.finals)
    await leg.hang_up()


async def test_the_leg_may_be_faster_than_its_announcement(room: Room) -> None:
    leg = FakeLeg(room.server.port)
    await leg.connect()
    await leg.say(SENTENCE[:16_000])
    await leg.announce(room.bus, "late")
    await leg.say(SENTENCE[16_000:])
    await until(lambda: room.finals("late"))
    await leg.hang_up()


async def test_a_uuid_is_good_for_one_connection(room: Room) -> None:
    first = await room.leg("once")
    await first.say(VOICE)
    second = FakeLeg(room.server.port, first.tap_id)
    await second.connect()
    assert await second.refused()
    await first.say(SENTENCE)
    await until(lambda: room.finals("once"))
    await first.hang_up()
    await second.hang_up()


async def test_one_leg_too_many_is_refused_at_once(room: Room) -> None:
    legs = [await room.leg(f"call{i}") for i in range(8)]
    await until(lambda: room.server.connections == 8)
    ninth = FakeLeg(room.server.port)
    await ninth.announce(room.bus, "ninth")
    await ninth.connect()
    assert await ninth.refused()
    await legs[0].say(SENTENCE)
    await until(lambda: room.finals("call0"))
    for leg in [*legs, ninth]:
        await leg.hang_up()
    await until(lambda: room.server.connections == 0)


async def test_a_new_tap_of_the_same_speaker_takes_the_place_of_the_old(room: Room) -> None:
    old = await room.leg("call")
    await old.say(QUIET * 5)
    new = await room.leg("call")
    assert await old.refused()
    await new.say(SENTENCE)
    await until(room.finals)
    assert len(room.finals()) == 1
    closed = [e for e in room.events if isinstance(e, TapClosed)]
    assert [e.tap_id for e in closed] == [old.tap_id]
    await old.hang_up()
    await new.hang_up()
