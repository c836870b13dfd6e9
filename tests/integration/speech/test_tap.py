"""Both speakers of a call through a real Asterisk into the real speech process, which is then killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from asterisk_conf.launcher import AsteriskInstance
from calls.asterisk.ami import AmiLink
from db.models import Base, TranscriptGapRow, TranscriptUtterance
from db.session import make_engine, make_sessions
from network.line import CitizenLine
from runtime.bus import BridgeServer, LocalBus
from runtime.child import Child
from runtime.clock import SystemClock
from runtime.events import (
    CallAnswered,
    CallEnded,
    Event,
    HandoffChanged,
    LegLeft,
    Speaker,
    SpeechStateChanged,
    TapClosed,
    TapOpened,
    TranscriptGap,
    Utterance,
)
from runtime.secretfile import secret
from runtime.settings import ROOT, Settings
from sound import voice
from speech.tap import TapManager
from tests.integration.conftest import AsteriskPair
from tests.speech_samples import error_rate, shared_model
from tests.waiting import until

CITIZEN = "我们村的路灯坏了，晚上看不见路。"
AGENT = "请问办理老年优待证需要哪些材料？"
AFTER = "孩子的医保在哪里交，一年多少钱？"


class Call:
    """Two people on one Asterisk; who listens is the real thing."""

    def __init__(self, settings: Settings, bus: LocalBus, child: Child, asterisk: AsteriskInstance) -> None:
        self.settings = settings
        self.asterisk = asterisk
        self.bus = bus
        self.child = child
        self.events: list[Event] = []
        self.lines: dict[Speaker, CitizenLine] = {}
        bus.subscribe(self._hear)

    async def _hear(self, event: Event) -> None:
        self.events.append(event)

    @property
    def id(self) -> str:
        return self.lines["citizen"].call_id

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def instances(self) -> set[str]:
        return {e.instance for e in self.events if isinstance(e, SpeechStateChanged) and e.available}

    def finals(self) -> list[Utterance]:
        return [e for e in self.events if isinstance(e, Utterance) and e.final and e.text]

    def said(self, speaker: Speaker) -> str:
        return "".join(e.raw for e in self.events if isinstance(e, Utterance) and e.final and e.speaker == speaker)

    async def answered(self) -> None:
        await self.bus.publish(
            CallAnswered(
                call_id=self.id,
                agent="8001",
                citizen_channel=self.lines["citizen"].hotline_channel,
                agent_channel=self.lines["agent"].hotline_channel,
                at=datetime.now(UTC),
                origin=datetime.now(UTC),
            )
        )

    async def listened_to(self, *speakers: Speaker) -> None:
        """Wait until somebody listens: what is said before is heard by nobody, and nobody says it twice.

        A busy machine takes seconds to tap a channel, more than a sentence lasts. A recording is followed from
        where it stands when its leg is opened, just after the tap is told.
        """
        for speaker in speakers:
            await until(
                lambda speaker=speaker: any(  # type: ignore[misc]
                    isinstance(e, TapOpened) and e.speaker == speaker for e in self.events
                ),
                30,
            )
            if self.settings.tap == "mixmonitor":
                continue
            spy = f"ChanSpy!{self.lines[speaker].hotline_channel},"
            async with asyncio.timeout(30):
                while spy not in await self.asterisk.cli("core show channels concise"):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)

    async def say(self, speaker: Speaker, text: str) -> None:
        file = self.settings.var / f"{speaker}-{len(self.events)}.wav"
        await voice.speak(text, file)
        await self.lines[speaker].play(file)

    async def hears(self, speaker: Speaker, text: str) -> None:
        """Say it and wait until it is understood (a fifth of the characters may be wrong)."""
        before = len(self.said(speaker))
        await self.say(speaker, text)
        await until(
            lambda: error_rate([(text, self.said(speaker)[before:])]) <= 0.2,
            30,
            f"{text}; heard: {self.said(speaker)[before:]}",
        )


async def hold_the_line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A FastAGI script that keeps the caller on the line: a call without queue and agent."""
    with contextlib.suppress(ConnectionError):
        await reader.readuntil(b"\n\n")
        writer.write(b"EXEC Wait 300\n")
        await reader.read(1)  # the caller has hung up: Asterisk ends the channel once we let go
    writer.close()


@asynccontextmanager
async def talking(pair: AsteriskPair, tap: str) -> AsyncIterator[Call]:
    settings = pair.settings.model_copy(update={"vosk_model": str(shared_model()), "tap": tap})
    engine = make_engine(settings.db_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()
    async with AsyncExitStack() as stack:
        bus = LocalBus()
        stack.push_async_callback(bus.close)
        bridge = BridgeServer(bus, settings.bus_socket)
        await bridge.start()
        stack.push_async_callback(bridge.close)
        script = await asyncio.start_server(hold_the_line, "127.0.0.1", settings.fastagi_port)
        stack.callback(script.close)
        child = Child(
            "speech",
            [sys.executable, "-m", "speech.process"],
            settings.log_dir / "speech.out",
            {
                "HOTLINE_VAR": str(settings.var),
                "HOTLINE_PORT_BASE": str(settings.port_base),
                "HOTLINE_VOSK_MODEL": settings.vosk_model,
                "HOTLINE_TAP": tap,
                "PYTHONPATH": str(ROOT),
            },
        )
        call = Call(settings, bus, child, pair.hotline)
        link = AmiLink("127.0.0.1", settings.ami_port, "hotline", secret(settings.secrets_dir, "ami.hotline"))
        taps = TapManager(link, bus, SystemClock(), settings)
        await taps.start()
        stack.push_async_callback(taps.close)
        await link.start()
        stack.push_async_callback(link.close)
        await child.start()
        stack.push_async_callback(child.stop)
        await link.wait_ready(30)
        await until(call.instances, 30, "the speech process")
        for speaker, number in (("citizen", "13912345678"), ("agent", "13700000000")):
            line = CitizenLine(settings, caller=number)
            await stack.enter_async_context(line)
            assert await line.wait_answered()
            await until(lambda line=line: line.hotline_channel and line.call_id)  # type: ignore[misc]
            call.lines[speaker] = line  # type: ignore[index]
        yield call
        await bus.publish(CallEnded(call_id=call.id, outcome="answered", at=datetime.now(UTC)))


async def stored(settings: Settings) -> tuple[list[TranscriptUtterance], list[TranscriptGapRow]]:
    engine = make_engine(settings.db_url)
    async with make_sessions(engine)() as session:
        rows = list(await session.scalars(select(TranscriptUtterance)))
        gaps = list(await session.scalars(select(TranscriptGapRow)))
    await engine.dispose()
    return rows, gaps


async def test_both_speakers_are_heard_apart_and_again_after_the_recogniser_was_killed(
    asterisk_pair: AsteriskPair,
) -> None:
    async with talking(asterisk_pair, "chanspy") as call:
        await call.answered()
        await call.listened_to("citizen", "agent")
        await call.hears("citizen", CITIZEN)
        await call.hears("agent", AGENT)
        assert error_rate([(CITIZEN, call.said("citizen"))]) <= 0.2, "the agent's words are not the citizen's"

        async with asyncio.timeout(30):  # a final is on the page first and in the database some ms later
            while len((await stored(call.settings))[0]) < len(call.finals()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert call.child.pid is not None
        os.kill(call.child.pid, signal.SIGKILL)
        await until(lambda: len(call.instances()) == 2, 30, "a new speech process")
        await until(lambda: len(call.of(TranscriptGap)) >= 2, 30, "the gaps told")
        await call.listened_to("citizen", "agent")
        assert not call.lines["citizen"].ended, "the call itself never noticed"
        await call.hears("citizen", AFTER)
        await call.hears("agent", AFTER)

        gaps = [e for e in call.events if isinstance(e, TranscriptGap)]
        assert {gap.speaker for gap in gaps} == {"citizen", "agent"}
        assert all(0 < gap.end_ms - gap.start_ms < 15_000 for gap in gaps)
        finals = call.finals()
        await call.child.stop()  # SIGTERM: what still waits is written
    rows, kept_gaps = await stored(call.settings)
    assert {row.id for row in rows} == {final.utterance_id for final in finals}
    assert {gap.speaker for gap in kept_gaps} == {"citizen", "agent"}


async def test_the_end_of_the_citizens_leg_ends_its_tap(asterisk_pair: AsteriskPair) -> None:
    async with talking(asterisk_pair, "chanspy") as call:
        await call.answered()
        await call.listened_to("citizen")
        await call.hears("citizen", CITIZEN)
        await call.lines["citizen"].hang_up()
        await call.bus.publish(CallEnded(call_id=call.id, outcome="answered", at=datetime.now(UTC)))
        await until(lambda: any(isinstance(e, TapClosed) and e.speaker == "citizen" for e in call.events))
        channels = await asterisk_pair.hotline.cli("core show channels concise")
        spies = [line for line in channels.splitlines() if line.startswith("AudioSocket/")]
        assert len(spies) <= 1, spies


@pytest.mark.parametrize("tap", ["chanspy", "mixmonitor"])
async def test_after_a_hand_over_citizen_and_police_are_not_listened_to(
    asterisk_pair: AsteriskPair, tap: str
) -> None:
    async with talking(asterisk_pair, tap) as call:
        await call.answered()
        await call.listened_to("citizen")
        await call.hears("citizen", CITIZEN)
        spied = f"ChanSpy!{call.lines['citizen'].hotline_channel},"
        assert (spied in await asterisk_pair.hotline.cli("core show channels concise")) == (tap == "chanspy")
        agent = call.lines["agent"].hotline_channel
        now = datetime.now(UTC)
        await call.bus.publish(LegLeft(call_id=call.id, role="agent", name="8001", channel=agent, at=now))
        done = HandoffChanged(call_id=call.id, handoff_id=1, target="110", status="completed", at=now)
        await call.bus.publish(done)
        await until(lambda: any(isinstance(e, TapClosed) and e.speaker == "citizen" for e in call.events))
        assert spied not in await asterisk_pair.hotline.cli("core show channels concise")
        assert not call.lines["citizen"].ended
        raw = asterisk_pair.settings.recordings_dir / "live" / f"{call.id}.raw"
        recorded, told = raw.stat().st_size, len(call.finals())
        await call.say("citizen", AFTER)
        assert raw.stat().st_size > recorded + 2 * 8000 * 4, "the recording is whole"
        assert len(call.finals()) == told


@pytest.mark.parametrize("tap", ["mixmonitor"])
async def test_the_second_way_hears_the_citizen_from_the_recording(
    asterisk_pair: AsteriskPair, tap: str, live_recordings: Path
) -> None:
    async with talking(asterisk_pair, tap) as call:
        await call.answered()
        assert (live_recordings / f"{call.id}.raw").exists()
        await call.listened_to("citizen")
        await call.hears("citizen", CITIZEN)
        channels = await asterisk_pair.hotline.cli("core show channels concise")
        assert "AudioSocket/" not in channels, "nothing was originated"
        assert error_rate([(CITIZEN, call.said("agent"))]) > 0.8, "left is the citizen, right is not"
