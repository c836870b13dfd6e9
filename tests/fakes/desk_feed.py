"""A believable call for the desk without Asterisk: rows as the tracker would write them, events in order.

Run `python -m tests.fakes.desk_feed` to see the desk with the demo city and a call that never ends badly:
it prints the address and the demo accounts, and begins a call whenever agent1 is ready.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
import wave
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from calls.client import ControlRefused
from db.models import (
    AgentSession,
    Call,
    Handoff,
    Recording,
    TicketDraft,
    TranscriptGapRow,
    TranscriptUtterance,
    User,
)
from db.session import Sessions
from hotline.bus import Bus
from hotline.callid import new_call_id
from hotline.clock import Clock
from hotline.events import (
    AgentStateChanged,
    Answer,
    AnswersSuggested,
    CallAnswered,
    CallEnded,
    CallHeld,
    CallQueued,
    CallRinging,
    CallStarted,
    DraftUpdated,
    EmergencyHeard,
    HandoffChanged,
    LegJoined,
    QueueChanged,
    RecordingReady,
    RingMissed,
    Speaker,
    SpeechDelayed,
    SpeechStateChanged,
    Suggestion,
    TranscriptGap,
    Utterance,
)


@dataclass
class FakeControl:
    """Call control that obeys: agents' states follow, hand-offs begin, and every act is kept."""

    sessions: Sessions
    bus: Bus
    clock: Clock
    done: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """action -> the reason with which it is refused."""

    async def do(
        self, action: str, *, actor: str, call_id: str = "", timeout: float = 5.0, **args: Any
    ) -> dict[str, Any]:
        self.done.append((action, actor, call_id, args))
        if action in self.refuse:
            raise ControlRefused(self.refuse[action])
        match action:
            case "login":
                await self._log_in(actor, args["user_id"], args["queues"])
            case "ready" | "clear_missed" | "wrap_up_done":
                await self.set_state(actor, "ready")
            case "not_ready":
                await self.set_state(actor, "not_ready", args["reason"])
            case "logout":
                await self.set_state(actor, "offline")
            case "handoff":
                return await self._hand_off(actor, call_id, args)
        return {}

    def acts(self, action: str) -> list[tuple[str, str, dict[str, Any]]]:
        """What was asked of this kind: (seat, call id, arguments)."""
        return [(actor, call_id, args) for kind, actor, call_id, args in self.done if kind == action]

    async def _log_in(self, seat: str, user_id: int, queues: list[str]) -> None:
        async with self.sessions.begin() as session:
            row = await session.get(AgentSession, seat)
            if row is not None and row.state != "offline":
                return
            if row is None:
                row = AgentSession(agent=seat, since=self.clock.now())
                session.add(row)
            row.user_id, row.queues = user_id, queues
        await self.set_state(seat, "not_ready", "login")

    async def set_state(self, seat: str, state: str, reason: str = "", call_id: str | None = None) -> None:
        now = self.clock.now()
        async with self.sessions.begin() as session:
            row = await session.get(AgentSession, seat)
            if row is None:
                row = AgentSession(agent=seat)
                session.add(row)
            row.state, row.reason, row.since, row.call_id = state, reason, now, call_id
        await self.bus.publish(
            AgentStateChanged(agent=seat, state=state, reason=reason, since=now, call_id=call_id or "")
        )

    async def _hand_off(self, seat: str, call_id: str, args: dict[str, Any]) -> dict[str, Any]:
        now = self.clock.now()
        async with self.sessions.begin() as session:
            row = Handoff(
                call_id=call_id,
                target=args["target"],
                reason_code=args["reason_code"],
                summary=args["summary"],
                place=args["place"],
                started_by=seat,
                started_at=now,
            )
            session.add(row)
            await session.flush()
            handoff_id = row.id
        await self.bus.publish(
            HandoffChanged(call_id=call_id, handoff_id=handoff_id, target=args["target"], status="calling", at=now)
        )
        return {"handoff_id": handoff_id}


class DeskFeed:
    """Scripted steps of one call at one seat."""

    def __init__(
        self, control: FakeControl, sessions: Sessions, bus: Bus, clock: Clock, seat: str = "8001"
    ) -> None:
        self.control = control
        self.sessions = sessions
        self.bus = bus
        self.clock = clock
        self.seat = seat
        self.call_id = ""
        self.origin: datetime = clock.now()
        self._said = itertools.count(1)
        self._at_ms = 1200
        self._suggestions: dict[str, list[Suggestion]] = {}
        self._revision = 0

    async def ring(self, caller: str = "13912345678", queue: str = "common") -> str:
        """A citizen waits and this seat rings."""
        self.call_id, now = new_call_id(), self.clock.now()
        async with self.sessions.begin() as session:
            session.add(
                Call(
                    id=self.call_id,
                    caller=caller,
                    caller_raw=caller,
                    callee="12345",
                    state="ringing",
                    queue=queue,
                    agent=self.seat,
                    started_at=now - timedelta(seconds=9),
                    queued_at=now - timedelta(seconds=4),
                )
            )
        await self.bus.publish(
            CallStarted(
                call_id=self.call_id,
                caller=caller,
                caller_raw=caller,
                callee="12345",
                channel="PJSIP/trunk-1",
                at=now,
            )
        )
        await self.bus.publish(CallQueued(call_id=self.call_id, queue=queue, position=1, at=now))
        await self.bus.publish(QueueChanged(queue=queue, waiting=1, oldest_since=now, ready=2, staffed=4))
        await self.control.set_state(self.seat, "ringing", call_id=self.call_id)
        await self.bus.publish(CallRinging(call_id=self.call_id, agent=self.seat, at=now))
        return self.call_id

    async def miss(self) -> None:
        now = self.clock.now()
        async with self.sessions.begin() as session:
            call = await session.get_one(Call, self.call_id)
            call.state, call.agent = "queued", ""
        await self.bus.publish(RingMissed(call_id=self.call_id, agent=self.seat, at=now))
        await self.control.set_state(self.seat, "not_ready", "missed")

    async def answer(self) -> None:
        now = self.origin = self.clock.now()
        async with self.sessions.begin() as session:
            call = await session.get_one(Call, self.call_id)
            call.state, call.answered_at, call.wait_s = "talking", now, 13.0
            call.agent_user_id = await session.scalar(select(User.id).where(User.extension == self.seat))
        await self.control.set_state(self.seat, "talking", call_id=self.call_id)
        await self.bus.publish(QueueChanged(queue="common", waiting=0, oldest_since=None, ready=1, staffed=4))
        await self.bus.publish(
            CallAnswered(
                call_id=self.call_id,
                agent=self.seat,
                citizen_channel="PJSIP/trunk-1",
                agent_channel=f"PJSIP/{self.seat}-1",
                at=now,
                origin=now,
            )
        )

    async def partial(self, speaker: Speaker, text: str) -> str:
        """Half a sentence; `finish` it with the returned id."""
        utterance_id = f"{self.call_id}-{next(self._said)}"
        await self.bus.publish(self._utterance(utterance_id, speaker, text, final=False))
        return utterance_id

    async def say(self, speaker: Speaker, text: str, utterance_id: str = "") -> str:
        """A whole sentence, kept and published; returns its id."""
        utterance = self._utterance(
            utterance_id or f"{self.call_id}-{next(self._said)}", speaker, text, final=True
        )
        self._at_ms = utterance.end_ms + 700
        async with self.sessions.begin() as session:
            session.add(
                TranscriptUtterance(
                    id=utterance.utterance_id,
                    call_id=self.call_id,
                    speaker=speaker,
                    start_ms=utterance.start_ms,
                    end_ms=utterance.end_ms,
                    text=text,
                    confidence=0.9,
                    created_at=self.clock.now(),
                )
            )
        await self.bus.publish(utterance)
        return utterance.utterance_id

    def _utterance(self, utterance_id: str, speaker: Speaker, text: str, *, final: bool) -> Utterance:
        return Utterance(
            call_id=self.call_id,
            utterance_id=utterance_id,
            speaker=speaker,
            start_ms=self._at_ms,
            end_ms=self._at_ms + 220 * len(text),
            text=text,
            final=final,
            confidence=0.9,
        )

    async def suggest(
        self, name: str, value: str, label: str, sure: float, utterance_id: str, quote: str, text: str
    ) -> None:
        """Add a suggestion for a field and publish the whole draft, as `tickets.drafts` does."""
        start = max(0, text.find(quote))
        self._suggestions[name] = [
            Suggestion(
                value=value,
                label=label,
                confidence=sure,
                utterance_id=utterance_id,
                quote=quote,
                start=start,
                end=start + len(quote),
            ),
            *self._suggestions.get(name, []),
        ]
        self._revision += 1
        async with self.sessions.begin() as session:
            row = await session.get(TicketDraft, self.call_id)
            if row is None:
                row = TicketDraft(call_id=self.call_id, fields={}, touched=[], updated_at=self.clock.now())
                session.add(row)
            row.suggestions = {n: [asdict(s) for s in options] for n, options in self._suggestions.items()}
            row.revision = self._revision
        await self.bus.publish(
            DraftUpdated(
                call_id=self.call_id,
                revision=self._revision,
                fields={n: list(options) for n, options in self._suggestions.items()},
            )
        )

    async def offer(self, utterance_id: str, query: str, *answers: Answer) -> None:
        await self.bus.publish(
            AnswersSuggested(call_id=self.call_id, utterance_id=utterance_id, query=query, answers=answers)
        )

    async def alarm(self, code: str, target: str, words: tuple[str, ...], utterance_id: str) -> None:
        async with self.sessions.begin() as session:
            (await session.get_one(Call, self.call_id)).emergency = True
        await self.bus.publish(
            EmergencyHeard(
                call_id=self.call_id,
                code=code,
                target=target,
                words=words,
                utterance_id=utterance_id,
                speaker="citizen",
                at=self.clock.now(),
            )
        )

    async def handoff(self, status: str, target: str, handoff_id: int = 1) -> None:
        await self.bus.publish(
            HandoffChanged(
                call_id=self.call_id,
                handoff_id=handoff_id,
                target=target,
                status=status,
                at=self.clock.now(),
            )
        )
        if status == "accepted":
            await self.bus.publish(
                LegJoined(
                    call_id=self.call_id,
                    role="emergency",
                    name=target,
                    channel="PJSIP/trunk-2",
                    at=self.clock.now(),
                )
            )

    async def hold(self, held: bool) -> None:
        await self.bus.publish(CallHeld(call_id=self.call_id, agent=self.seat, held=held, at=self.clock.now()))

    async def gap(self, speaker: Speaker, seconds: int) -> None:
        async with self.sessions.begin() as session:
            session.add(
                TranscriptGapRow(
                    call_id=self.call_id,
                    speaker=speaker,
                    start_ms=self._at_ms,
                    end_ms=self._at_ms + seconds * 1000,
                )
            )
        await self.bus.publish(
            TranscriptGap(
                call_id=self.call_id,
                speaker=speaker,
                start_ms=self._at_ms,
                end_ms=self._at_ms + seconds * 1000,
            )
        )
        self._at_ms += seconds * 1000

    async def delay(self, seconds: float) -> None:
        await self.bus.publish(SpeechDelayed(call_id=self.call_id, delay_s=seconds))

    async def end(self, recordings_dir: Path | None = None) -> None:
        """The citizen hangs up; the seat goes to wrap-up; the recording is ready if a folder is given."""
        now = self.clock.now()
        async with self.sessions.begin() as session:
            call = await session.get_one(Call, self.call_id)
            call.state, call.ended_at, call.outcome, call.talk_s = "ended", now, "answered", 84.0
        await self.bus.publish(CallEnded(call_id=self.call_id, outcome="answered", at=now, hungup_by="citizen"))
        await self.control.set_state(self.seat, "wrap_up", call_id=self.call_id)
        if recordings_dir is not None:
            await self.record(recordings_dir)

    async def record(self, recordings_dir: Path, seconds: float = 30.0) -> None:
        path = Path(f"{self.call_id}.wav")
        write_tone(recordings_dir / path, seconds)
        async with self.sessions.begin() as session:
            session.add(
                Recording(
                    call_id=self.call_id,
                    path=str(path),
                    seconds=seconds,
                    bytes=(recordings_dir / path).stat().st_size,
                    started_at=self.origin,
                )
            )
        await self.bus.publish(RecordingReady(call_id=self.call_id, path=str(path), seconds=seconds))


def write_tone(path: Path, seconds: float) -> None:
    """A quiet two-channel WAV at 8 kHz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = struct.pack("<hh", 300, -300) + struct.pack("<hh", -300, 300)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(frame * int(seconds * 4000))


MANHOLE = (
    ("agent", "您好，12345，请问有什么可以帮您？"),
    ("citizen", "你好，我要反映一个事，白霓镇文化路那边井盖坏了，昨天晚上有个老人骑车摔了"),
    ("agent", "好的，请问具体在文化路什么位置？"),
    ("citizen", "就在农贸市场门口，靠近中国银行那一头"),
    ("agent", "您贵姓，方便留一个联系电话吗？"),
    ("citizen", "我姓陈，就打我这个手机，希望你们尽快来修，晚上没有灯很危险"),
)


async def manhole_call(feed: DeskFeed, pause: float = 0.0) -> None:
    """A complaint about a broken manhole cover, from ring to the last sentence."""
    await feed.ring()
    await asyncio.sleep(pause * 3)
    await feed.answer()
    await manhole_talk(feed, pause)


async def manhole_talk(feed: DeskFeed, pause: float = 0.0) -> None:
    """What is said on that call, with suggestions and offers following."""
    ids = []
    for number, (speaker, text) in enumerate(MANHOLE):
        who: Speaker = "agent" if speaker == "agent" else "citizen"
        utterance_id = await feed.partial(who, text[: len(text) // 2])
        await asyncio.sleep(pause)
        ids.append(await feed.say(who, text, utterance_id))
        await _suggest_after(feed, number, ids[-1], text)
        await asyncio.sleep(pause)


async def _suggest_after(feed: DeskFeed, number: int, said: str, text: str) -> None:
    match number:
        case 1:
            await feed.suggest("appeal_type", "HELP", "求助", 0.82, said, "反映一个事", text)
            await feed.suggest("category_code", "1106", "路灯、井盖", 0.91, said, "井盖坏了", text)
            await feed.suggest("region_code", "421223104", "白霓镇", 0.95, said, "白霓镇", text)
            await feed.suggest("place_text", "白霓镇文化路", "白霓镇文化路", 0.88, said, "白霓镇文化路", text)
            await feed.suggest("occurred_text", "昨天晚上", "昨天晚上", 0.86, said, "昨天晚上", text)
            await feed.suggest(
                "title", "白霓镇文化路井盖损坏", "白霓镇文化路井盖损坏", 0.78, said, "文化路那边井盖坏了", text
            )
            await feed.suggest(
                "content",
                "来电人反映：白霓镇文化路井盖损坏，昨天晚上有老人骑车摔倒。",
                "来电人反映：白霓镇文化路井盖损坏，昨天晚上有老人骑车摔倒。",
                0.74,
                said,
                "井盖坏了，昨天晚上有个老人骑车摔了",
                text,
            )
            await feed.suggest("urgency", "URGENT", "紧急", 0.66, said, "摔了", text)
            await feed.offer(
                said,
                "白霓镇 井盖 坏",
                Answer(
                    article_id="manhole-cover-damage",
                    title="井盖丢失、破损、响动怎么反映",
                    short_answer="请说明道路名称、参照物和井盖上的字样。主次干道由城管局负责，小区内由物业负责；危险的我们立即通知现场围护。",
                    owner="城管局",
                    score=0.92,
                    why="井盖、坏了",
                ),
                Answer(
                    article_id="street-light-repair",
                    title="路灯不亮怎么报修",
                    short_answer="请提供路名、灯杆编号或附近门牌。市政路灯一般3个工作日内修复，成片不亮的当天到场。",
                    owner="城管局",
                    score=0.61,
                    why="路灯",
                ),
            )
        case 3:
            place = "白霓镇文化路农贸市场门口，靠近中国银行"
            await feed.suggest("place_text", place, place, 0.9, said, "农贸市场门口，靠近中国银行", text)
        case 5:
            await feed.suggest("appellant_name", "陈先生", "陈先生", 0.7, said, "我姓陈", text)
            await feed.suggest("demand", "希望尽快维修井盖", "希望尽快维修井盖", 0.8, said, "尽快来修", text)
            await feed.suggest("unit_id", "3", "城管局", 0.84, said, "", text)
            await feed.suggest("tags", "特殊群体", "特殊群体", 0.55, said, "", text)


FIRE = "我家对面六楼着火了，好多烟往外冒，里面好像还有老人没出来"


async def fire_heard(feed: DeskFeed) -> str:
    """The citizen tells of a fire and the spotter raises the alarm; returns the utterance's id."""
    said = await feed.say("citizen", FIRE)
    await feed.alarm("E119-01", "119", ("着火", "冒"), said)
    return said


async def speech_ready(bus: Bus) -> None:
    await bus.publish(SpeechStateChanged(available=True, model="vosk-model-small-cn-0.22"))


async def _serve() -> None:
    from aiohttp import web

    from agent_desk.app import make_app
    from agent_desk.services import DeskServices
    from db.models import Base
    from db.seed import load_demo
    from db.session import make_engine, make_sessions
    from hotline.bus import LocalBus
    from hotline.clock import SystemClock
    from hotline.settings import Settings
    from kb.articles import load_articles
    from kb.index import KnowledgeIndex
    from tickets.desk import TicketDesk

    settings = Settings()
    settings.make_folders()
    (settings.var / "desk-feed.db").unlink(missing_ok=True)
    engine = make_engine(f"sqlite+aiosqlite:///{settings.var / 'desk-feed.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions, clock, bus = make_sessions(engine), SystemClock(), LocalBus()
    async with sessions.begin() as session:
        accounts = await load_demo(session, clock.now())
        await load_articles(session, clock)
    control = FakeControl(sessions, bus, clock)
    index = KnowledgeIndex(sessions, clock=clock)
    await index.build()
    app = make_app(
        DeskServices(
            settings=settings,
            sessions=sessions,
            bus=bus,
            clock=clock,
            control=control,
            tickets=TicketDesk(sessions, bus, clock),
            kb=index,
        )
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.desk_port).start()
    await speech_ready(bus)
    for account in accounts:
        print(account.login, account.password)
    print(settings.desk_url())
    while True:
        async with sessions() as session:
            seat = await session.get(AgentSession, "8001")
        if seat is not None and seat.state == "ready":
            feed = DeskFeed(control, sessions, bus, clock)
            await manhole_call(feed, pause=1.0)
            await asyncio.sleep(20)
            await feed.end(settings.recordings_dir)
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(_serve())
