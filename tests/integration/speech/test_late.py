"""A machine too slow for its calls: all that was said is written and drafted, after the call if need be."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Base, Call, TranscriptGapRow, TranscriptUtterance
from db.session import make_engine, make_sessions
from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.events import CallEnded, DraftUpdated, Event, SpeechDelayed, SpeechStateChanged, TapClosed, Utterance
from runtime.settings import Settings
from speech.decoding import decoder
from speech.decoding.recogniser import VoskRecogniser
from speech.process import SpeechProcess
from tests.demo_city import demo_lexicon
from tests.fakes.audiosocket import FakeLeg
from tests.speech_samples import error_rate, shared_model, silence, spoken
from tests.waiting import until
from tickets.drafting.drafts import Drafts, load_draft

CALL = "01990000-0000-7000-8000-000000000012"
SENTENCES = (
    "我们村的路灯坏了，晚上看不见路。",
    "小区北门的围墙倒了，砖头都掉在人行道上。",
    "孩子的医保在哪里交，一年多少钱？",
    "我的养老金已经两个月没有到账了。",
)


class Late:
    """A speech process (in this one) whose recogniser stands still until it is let go."""

    def __init__(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = settings.model_copy(update={"vosk_model": str(shared_model()), "speech_threads": 1})
        self.events: list[Event] = []
        self.bus = LocalBus()
        self.bus.subscribe(self._hear)
        self._patch = monkeypatch
        self._accept = VoskRecogniser.accept
        self.process = SpeechProcess(self.settings, self.bus)

    async def _hear(self, event: Event) -> None:
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def finals(self) -> list[Utterance]:
        return [e for e in self.events if isinstance(e, Utterance) and e.final and e.text]

    def hold(self) -> None:
        gate = threading.Event()
        accept = self._accept

        def slow(recogniser: VoskRecogniser, pcm: bytes) -> None:
            gate.wait(60)
            accept(recogniser, pcm)

        self._patch.setattr(VoskRecogniser, "accept", slow)
        self.go = gate.set


async def test_a_call_far_behind_is_whole_in_transcript_and_draft_after_its_end(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder, "SPEAKER_ROOM_S", 5.0)
    engine = make_engine(settings.db_url)
    sessions = make_sessions(engine)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with sessions.begin() as session:
        session.add(Call(id=CALL, caller="13912345678", started_at=datetime.now(UTC)))
    late = Late(settings, monkeypatch)
    drafts = Drafts(sessions, late.bus, SystemClock(), (await demo_lexicon())[0])
    await drafts.start()
    await late.process.start()
    try:
        await until(lambda: any(isinstance(e, SpeechStateChanged) and e.available for e in late.events), 30)
        late.hold()
        leg = FakeLeg(late.process.server.port)
        await leg.announce(late.bus, CALL)
        await leg.connect()
        talk = [silence(1.0) + await spoken(sentence) for sentence in SENTENCES * 5]
        for pcm in talk:
            await leg.say(pcm)
        await leg.say(silence(1.0))
        transcriber = late.process.transcriber
        await until(lambda: transcriber._legs, what="the leg is known")
        (opened,) = transcriber._legs.values()
        assert opened.leg.decoder is not None
        behind = opened.leg.decoder
        await until(lambda: behind.on_disk_s > 30, what="speech waits on the disk")
        assert transcriber._room.used <= 21 * 16_000, "and not in memory"
        spool = list((settings.var / "spool").iterdir())
        assert spool == [], "where it has no name"
        await leg.hang_up()
        await late.bus.publish(CallEnded(call_id=CALL, outcome="answered", at=datetime.now(UTC)))
        await until(lambda: late.of(TapClosed))
        await until(lambda: late.of(SpeechDelayed), what="the desk shows the delay")
        assert late.finals() == []

        late.go()
        await until(lambda: behind.empty, 60)
        await until(lambda: len(late.of(DraftUpdated)) == len(late.finals()), 30)
        await late.process.keeper.drained()
        heard = "".join(final.raw for final in late.finals())
        assert error_rate([("".join(SENTENCES * 5), heard)]) <= 0.12, heard
        starts = [final.start_ms for final in late.finals()]
        assert starts == sorted(starts)
        async with sessions() as session:
            rows = list(await session.scalars(select(TranscriptUtterance)))
            assert {row.id for row in rows} == {final.utterance_id for final in late.finals()}
            assert list(await session.scalars(select(TranscriptGapRow))) == []
            draft = await load_draft(session, CALL)
        assert "路灯" in draft.values["title"] + draft.values["demand"] + str(draft.suggestions)
    finally:
        if hasattr(late, "go"):
            late.go()
        await late.process.close()
        await drafts.close()
        await late.bus.close()
        await engine.dispose()


async def test_what_cannot_be_decoded_before_the_end_of_the_process_is_in_the_database_as_a_gap(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("speech.transcriber.SETTLE_S", 0.1)
    engine = make_engine(settings.db_url)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    late = Late(settings, monkeypatch)
    await late.process.start()
    await until(lambda: any(isinstance(e, SpeechStateChanged) and e.available for e in late.events), 30)
    late.hold()
    leg = FakeLeg(late.process.server.port)
    await leg.announce(late.bus, CALL)
    await leg.connect()
    for sentence in SENTENCES:
        await leg.say(silence(1.0) + await spoken(sentence))
    await leg.hang_up()
    await until(lambda: late.of(TapClosed))
    asyncio.get_running_loop().call_later(0.5, late.go)
    await late.process.close()
    await late.bus.close()
    async with make_sessions(engine)() as session:
        gaps = list(await session.scalars(select(TranscriptGapRow)))
    await engine.dispose()
    assert len(gaps) == 1
    assert gaps[0].end_ms - gaps[0].start_ms > 5000
