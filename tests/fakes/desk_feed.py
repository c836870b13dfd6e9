"""A believable call for the desk without Asterisk: rows as the tracker would write them, events in order."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Call, CallLeg, Recording, TicketDraft, TranscriptGapRow, TranscriptUtterance, User
from db.session import Sessions
from runtime.bus import Bus
from runtime.callid import new_call_id
from runtime.clock import Clock
from runtime.events import (
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
    Suggestion,
    TranscriptGap,
    Utterance,
)
from tests.audio import tone, write_wav
from tests.fakes.desk_control import FakeControl
from tickets.emergency.spotter import alert_row


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

    async def call_back(self, phone: str = "13912345678") -> str:
        """The citizen has taken our call: this seat talks."""
        self.call_id, now = new_call_id(), self.clock.now()
        self.origin = now
        async with self.sessions.begin() as session:
            session.add(
                Call(
                    id=self.call_id,
                    direction="out",
                    caller=phone,
                    caller_raw=phone,
                    callee=phone,
                    state="talking",
                    agent=self.seat,
                    agent_user_id=await session.scalar(select(User.id).where(User.extension == self.seat)),
                    started_at=now,
                    answered_at=now,
                )
            )
            self._join(session, now)
        await self.control.set_state(self.seat, "talking", call_id=self.call_id)
        await self._tell_answered()
        return self.call_id

    def _join(self, session: AsyncSession, at: datetime) -> None:
        for role, name, channel in (
            ("citizen", "", "PJSIP/trunk-1"),
            ("agent", self.seat, f"PJSIP/{self.seat}-1"),
        ):
            session.add(CallLeg(call_id=self.call_id, role=role, name=name, channel=channel, joined_at=at))

    async def _tell_answered(self) -> None:
        await self.bus.publish(
            CallAnswered(
                call_id=self.call_id,
                agent=self.seat,
                citizen_channel="PJSIP/trunk-1",
                agent_channel=f"PJSIP/{self.seat}-1",
                at=self.origin,
                origin=self.origin,
            )
        )

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
            self._join(session, now)
        await self.control.set_state(self.seat, "talking", call_id=self.call_id)
        await self.bus.publish(QueueChanged(queue="common", waiting=0, oldest_since=None, ready=1, staffed=4))
        await self._tell_answered()

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
        self,
        name: str,
        value: str,
        label: str,
        sure: float,
        utterance_id: str,
        quote: str,
        text: str,
        literal: str = "",
    ) -> None:
        """Add a suggestion for a field and publish the whole draft, as `tickets.drafting.drafts` does."""
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
                literal=literal,
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
        alert = EmergencyHeard(
            call_id=self.call_id,
            code=code,
            target=target,
            words=words,
            utterance_id=utterance_id,
            speaker="citizen",
            at=self.clock.now(),
        )
        async with self.sessions.begin() as session:
            (await session.get_one(Call, self.call_id)).emergency = True
            session.add(alert_row(alert))
        await self.bus.publish(alert)

    async def handoff(
        self, status: str, target: str, handoff_id: int = 1, *, reason: str = "", name: str = ""
    ) -> None:
        await self.bus.publish(
            HandoffChanged(
                call_id=self.call_id,
                handoff_id=handoff_id,
                target=target,
                status=status,
                at=self.clock.now(),
                reason=reason,
                name=name,
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
        recordings_dir.mkdir(parents=True, exist_ok=True)
        quiet = tone(440, seconds, peak=0.01)
        write_wav(recordings_dir / path, quiet, quiet)
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
