from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.events import (
    CallEnded,
    Event,
    Speaker,
    SpeechDelayed,
    SpeechStateChanged,
    TapClosed,
    TapOpened,
    TapSilent,
    TranscriptGap,
    Utterance,
)
from speech import transcriber as transcriber_module
from speech.decoding import decoder as decoder_module
from speech.decoding import delays as delays_module
from speech.legs import leg as leg_module
from speech.transcriber import Transcriber, _OpenLeg
from speech.transcript import TranscriptKeeper
from tests.fakes.recogniser import QUIET, VOICE, FakeEngine, LoudIsVoice
from tests.waiting import until

E = TypeVar("E", bound=Event)


class Desk:
    """A transcriber without sockets: the test hands it sound."""

    def __init__(self, bus: LocalBus, spool: Path) -> None:
        self.bus = bus
        self.engine = FakeEngine(["喂 你好", "路灯 坏 了", "人民路 二 十 三 号"])
        self.transcriber = Transcriber(bus, SystemClock(), None, spool=spool, threads=1, detector=LoudIsVoice)
        self.held: set[str] = set()
        self.events: list[Event] = []
        bus.subscribe(self._hear)
        self.transcriber.start(lambda call_id: call_id in self.held)

    async def _hear(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    def finals(self) -> list[Utterance]:
        return [event for event in self.of(Utterance) if event.final]

    def leg(self, call_id: str = "call", speaker: Speaker = "citizen", age_s: float = 0.0) -> _OpenLeg:
        origin = datetime.now(UTC) - timedelta(seconds=age_s)
        tap = TapOpened(call_id=call_id, tap_id=str(uuid.uuid4()), speaker=speaker, origin=origin)
        return self.transcriber.open_leg(tap, None)

    def say(self, leg: _OpenLeg, frames: int = 50, quiet: int = 30) -> None:
        now = asyncio.get_running_loop().time()
        for i in range(frames):
            leg.audio(VOICE, now + i * 0.02)
        for i in range(quiet):
            leg.audio(QUIET, now + (frames + i) * 0.02)


@pytest.fixture(autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transcriber_module, "TICK_S", 0.02)
        patch.setattr(transcriber_module, "AFTER_END_S", 0.05)
        patch.setattr(transcriber_module, "ANNOUNCE_S", 0.1)
        patch.setattr(delays_module, "TOLD_S", 0.1)
        patch.setattr(delays_module, "OVER_S", 0.05)
        yield


@pytest.fixture
async def desk(bus: LocalBus, tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(bus, tmp_path)
    desk.transcriber.use(desk.engine)
    yield desk
    desk.engine.gate.set()
    await desk.transcriber.close()


async def test_two_speakers_lie_on_one_time_line(desk: Desk) -> None:
    citizen, agent = desk.leg("call", "citizen", age_s=10), desk.leg("call", "agent", age_s=10)
    desk.say(citizen)
    await until(lambda: len(desk.finals()) == 1)
    desk.say(agent)
    await until(lambda: len(desk.finals()) == 2)
    first, second = desk.finals()
    assert (first.speaker, second.speaker) == ("citizen", "agent")
    assert 9_900 <= first.start_ms <= 11_500
    assert abs(first.start_ms - second.start_ms) < 1000


async def test_finals_are_in_clerks_writing_and_carry_what_was_heard(desk: Desk) -> None:
    leg = desk.leg()
    for _ in range(3):
        desk.say(leg)
    await until(lambda: len(desk.finals()) == 3)
    last = desk.finals()[-1]
    assert (last.text, last.raw) == ("人民路23号", "人民路 二 十 三 号")
    assert [word[0] for word in last.words] == last.raw.split()
    assert len({final.utterance_id for final in desk.finals()}) == 3


async def test_a_partial_that_comes_to_nothing_is_taken_back(desk: Desk) -> None:
    leg = desk.leg()
    desk.engine.gate.clear()
    now = asyncio.get_running_loop().time()
    for i in range(50):
        leg.audio(VOICE, now + i * 0.02)
    desk.engine.gate.set()
    await until(lambda: desk.of(Utterance))
    desk.engine._lines[:] = [""]
    for _ in range(30):
        leg.audio(QUIET, now + 1)
    await until(desk.finals)
    assert desk.finals()[0].text == ""
    assert desk.finals()[0].utterance_id == desk.of(Utterance)[0].utterance_id


async def test_noise_that_is_no_speech_makes_no_event(desk: Desk) -> None:
    desk.engine._lines[:] = [""]
    leg = desk.leg()
    desk.say(leg)
    assert await desk.transcriber.settle()
    assert desk.of(Utterance) == []


async def test_a_silent_wire_raises_the_alarm_and_its_end_is_told_with_the_gap(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leg_module, "SILENT_S", 0.1)
    leg = desk.leg()
    leg.audio(QUIET, asyncio.get_running_loop().time())
    await until(lambda: desk.of(TapSilent))
    assert desk.of(TapSilent)[0].silent_s >= 0.1
    assert len(desk.of(TapSilent)) == 1, "told once"
    leg.audio(QUIET, asyncio.get_running_loop().time())
    await until(lambda: len(desk.of(TapSilent)) == 2)
    assert desk.of(TapSilent)[1].silent_s == 0.0
    await until(lambda: desk.of(TranscriptGap))
    gap = desk.of(TranscriptGap)[0]
    assert gap.end_ms - gap.start_ms >= 100


async def test_a_held_call_may_be_silent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leg_module, "SILENT_S", 0.05)
    desk.held.add("call")
    desk.leg("call")
    desk.leg("other")
    await until(lambda: desk.of(TapSilent))
    assert {event.call_id for event in desk.of(TapSilent)} == {"other"}


async def test_a_lagging_call_is_told_and_so_is_its_catching_up(desk: Desk) -> None:
    desk.engine.gate.clear()
    leg = desk.leg("slow")
    desk.say(leg)
    desk.say(desk.leg("slow", "agent"))
    await until(lambda: desk.of(SpeechDelayed))
    assert desk.of(SpeechDelayed)[0].call_id == "slow"
    assert desk.of(SpeechDelayed)[0].delay_s >= 0.1
    desk.engine.gate.set()
    await until(lambda: desk.of(SpeechDelayed)[-1].delay_s == 0.0)
    assert len(desk.finals()) == 2, "and no final was dropped"


async def test_a_call_that_ended_while_it_lagged_is_still_written(desk: Desk) -> None:
    desk.engine.gate.clear()
    leg = desk.leg()
    desk.say(leg)
    desk.transcriber.close_leg(leg)
    await until(lambda: desk.of(TapClosed))
    assert desk.finals() == []
    desk.engine.gate.set()
    await until(desk.finals)


async def test_speech_in_progress_is_not_lost_when_the_leg_ends(desk: Desk) -> None:
    leg = desk.leg()
    desk.say(leg, quiet=0)
    desk.transcriber.close_leg(leg)
    desk.transcriber.close_leg(leg)
    await until(desk.finals)
    await desk.bus.settle()
    assert len(desk.of(TapClosed)) == 1


async def test_a_leg_that_outlives_its_call_is_closed(desk: Desk) -> None:
    desk.leg("over")
    desk.leg("alive")
    await desk.bus.publish(CallEnded(call_id="over", outcome="answered", at=datetime.now(UTC)))
    await until(lambda: desk.of(TapClosed))
    assert [event.call_id for event in desk.of(TapClosed)] == ["over"]


async def test_the_state_is_told_at_start_and_again_and_again(bus: LocalBus, tmp_path: Path) -> None:
    desk = Desk(bus, tmp_path)
    await until(lambda: desk.of(SpeechStateChanged))
    assert not desk.of(SpeechStateChanged)[0].available
    leg = desk.leg()
    desk.say(leg)
    desk.transcriber.use(desk.engine)
    desk.say(leg)
    await until(desk.finals)
    assert len(desk.finals()) == 1, "what came before the model was there is not heard, what comes after is"
    await until(lambda: sum(e.available and e.model == "fake" for e in desk.of(SpeechStateChanged)) >= 3)
    await desk.transcriber.close()


async def test_without_a_model_it_says_why_and_lives(bus: LocalBus, tmp_path: Path) -> None:
    desk = Desk(bus, tmp_path)
    desk.transcriber.use(None, "未找到语音模型")
    desk.say(desk.leg())
    await until(lambda: any(e.reason == "未找到语音模型" for e in desk.of(SpeechStateChanged)))
    assert desk.of(Utterance) == []
    await desk.transcriber.close()


class SlowKeeper(TranscriptKeeper):
    """Keeps what it is given, and says that it is written when the test says so."""

    def __init__(self) -> None:
        self.kept: list[tuple[Event, Callable[[], None] | None]] = []

    def keep(self, row: Utterance | TranscriptGap, written: Callable[[], None] | None = None) -> None:
        self.kept.append((row, written))


async def test_a_gap_is_told_only_when_its_row_is_written(
    bus: LocalBus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leg_module, "SILENT_S", 0.05)
    keeper, desk = SlowKeeper(), Desk(bus, tmp_path)
    desk.transcriber._keeper = keeper
    desk.transcriber.use(desk.engine)
    leg = desk.leg()
    leg.audio(QUIET, asyncio.get_running_loop().time())
    await until(lambda: desk.of(TapSilent))
    leg.audio(QUIET, asyncio.get_running_loop().time())
    await until(lambda: len(desk.of(TapSilent)) == 2)
    await bus.settle()
    assert desk.of(TranscriptGap) == [], "not yet: a crash now must not lose what was told"
    ((gap, written),) = [entry for entry in keeper.kept if isinstance(entry[0], TranscriptGap)]
    assert written is not None
    written()
    await until(lambda: desk.of(TranscriptGap) == [gap])
    await desk.transcriber.close()


async def test_after_the_calls_end_everything_said_is_still_written_however_long_it_takes(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an hour of speech against a recogniser that stands still: nothing of it is in memory for long."""
    monkeypatch.setattr(decoder_module, "SPEAKER_ROOM_S", 5.0)
    desk.engine.gate.clear()
    desk.engine._lines[:] = ["好"]
    leg = desk.leg()
    for _ in range(30):
        desk.say(leg, frames=200)
    decoder = leg.leg.decoder
    assert decoder is not None
    await until(lambda: decoder.on_disk_s > 80)
    assert desk.transcriber._room.used < 40 * 16_000
    await desk.bus.publish(CallEnded(call_id="call", outcome="answered", at=datetime.now(UTC)))
    await until(lambda: desk.of(TapClosed))
    await until(lambda: desk.of(SpeechDelayed), what="the delay is told after the end too")
    assert desk.finals() == []
    desk.engine.gate.set()
    await until(lambda: len(desk.finals()) == 30)
    starts = [final.start_ms for final in desk.finals()]
    assert starts == sorted(starts)
    assert desk.of(TranscriptGap) == []
    await until(lambda: desk.of(SpeechDelayed)[-1].delay_s == 0.0)


async def test_at_the_end_of_the_process_what_still_waits_is_told_as_one_gap_a_speaker(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transcriber_module, "SETTLE_S", 0.05)
    desk.engine.gate.clear()
    for speaker in ("citizen", "agent"):
        leg = desk.leg("call", speaker)
        for _ in range(3):
            desk.say(leg)
    asyncio.get_running_loop().call_later(0.2, desk.engine.gate.set)  # the slice that is being decoded ends
    await desk.transcriber.close()
    await desk.bus.settle()
    gaps = desk.of(TranscriptGap)
    assert sorted(gap.speaker for gap in gaps) == ["agent", "citizen"]
    assert all(gap.end_ms - gap.start_ms >= 1000 for gap in gaps)
    assert len(desk.finals()) <= 1


async def test_a_whole_recording_gives_the_same_finals_twice(desk: Desk) -> None:
    pcm = VOICE * 50 + QUIET * 30 + VOICE * 50
    first = await desk.transcriber.transcribe("call", pcm, start_ms=30_000, name="message-1")
    desk.engine.said = 0
    again = await desk.transcriber.transcribe("call", pcm, start_ms=30_000, name="message-1")
    other = await desk.transcriber.transcribe("call", pcm, start_ms=30_000, name="message-2")
    assert first is not None and again is not None and other is not None
    assert [u.text for u in first] == ["喂你好", "路灯坏了"]
    assert [u.utterance_id for u in first] == [u.utterance_id for u in again]
    assert {u.utterance_id for u in first}.isdisjoint(u.utterance_id for u in other)
    assert first[0].start_ms == 30_000 and 31_000 <= first[1].start_ms <= 31_700
    await until(lambda: len(desk.finals()) == 6)
    assert not [u for u in desk.of(Utterance) if not u.final], "nobody watches a message being decoded"


async def test_a_recording_longer_than_a_speaker_s_room_loses_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("speech.legs.whole.AHEAD_S", 1.0)
    desk.engine._lines[:] = ["好"]
    heard = await desk.transcriber.transcribe("call", (VOICE * 50 + QUIET * 30) * 120, start_ms=0, name="m")
    assert heard is not None and len(heard) == 120
    assert desk.of(TranscriptGap) == []


async def test_without_a_model_a_recording_is_left_for_later(bus: LocalBus, tmp_path: Path) -> None:
    desk = Desk(bus, tmp_path)
    assert await desk.transcriber.transcribe("call", VOICE * 50, start_ms=0, name="m") is None
    await desk.transcriber.close()
