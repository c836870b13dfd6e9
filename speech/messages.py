"""Messages that citizens left are transcribed by the same recogniser as calls, one after another.

A message stays "new" until all it says is in the database. Who makes tickets of messages is told then; whoever
finds one still "new" (the jobs role, every half minute) tells of it again: no model, a crash, a restart lose none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sqlalchemy import select, update

from db.models import Call, Voicemail
from db.session import Sessions
from runtime.bus import Bus
from runtime.events import MessageLeft, MessageTranscribed
from sound import wav
from speech.transcriber import Transcriber
from speech.transcript import TranscriptKeeper

log = logging.getLogger(__name__)


class MessageTranscriber:
    """Subscribes on `start`; `recordings` is the folder to which messages' paths are relative."""

    def __init__(
        self, recordings: Path, sessions: Sessions, bus: Bus, transcriber: Transcriber, keeper: TranscriptKeeper
    ) -> None:
        self._recordings = recordings.resolve()
        self._sessions = sessions
        self._bus = bus
        self._transcriber = transcriber
        self._keeper = keeper
        self._asked: asyncio.Queue[int] = asyncio.Queue()
        self._known: set[int] = set()
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def start(self) -> None:
        self._unsubscribe = self._bus.subscribe(self._left, MessageLeft)
        self._task = asyncio.create_task(self._run(), name="speech:messages")

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _left(self, event: MessageLeft) -> None:
        if event.message_id not in self._known:
            self._known.add(event.message_id)
            self._asked.put_nowait(event.message_id)

    async def _run(self) -> None:
        while True:
            message_id = await self._asked.get()
            try:
                await self.transcribe(message_id)
            except Exception:
                log.exception("message %d could not be transcribed; it is tried again", message_id)
            finally:
                self._known.discard(message_id)

    async def transcribe(self, message_id: int) -> bool:
        """Write down what the message says; False when it is not new, not here, or there is no model."""
        async with self._sessions() as session:
            found = await session.execute(
                select(Voicemail, Call.started_at)
                .join(Call, Call.id == Voicemail.call_id)
                .where(Voicemail.id == message_id, Voicemail.state == "new")
            )
            row = found.one_or_none()
        if row is None:
            return False
        message, started_at = row
        path = (self._recordings / message.path).resolve()
        if not path.is_relative_to(self._recordings) or not path.is_file():
            log.debug("message %d is not on this machine", message_id)
            return False
        # The row was written when the message ended; the call's recording runs from its start.
        offset_s = (message.created_at - started_at).total_seconds() - message.seconds
        try:
            pcm = await asyncio.to_thread(_sound, path)
        except wav.WavError as error:
            log.warning("message %d cannot be read: %s", message_id, error.message)
            return await self._done(message, "", "unreadable")
        heard = await self._transcriber.transcribe(
            message.call_id, pcm, start_ms=max(0, int(offset_s * 1000)), name=f"message-{message_id}"
        )
        if heard is None:
            return False
        await self._keeper.drained()
        text = "，".join(utterance.text for utterance in sorted(heard, key=lambda u: u.start_ms))
        return await self._done(message, text, "transcribed")

    async def _done(self, message: Voicemail, text: str, state: str) -> bool:
        async with self._sessions.begin() as session:
            await session.execute(
                update(Voicemail)
                .where(Voicemail.id == message.id, Voicemail.state == "new")
                .values(text=text, state=state)
            )
        if state == "transcribed":
            await self._bus.publish(MessageTranscribed(call_id=message.call_id, message_id=message.id))
        return True


def _sound(path: Path) -> bytes:
    """The message as the recogniser takes it: 16-bit mono at 8 kHz. Raises WavError."""
    sound = wav.read(path)
    samples = wav.resample(sound.samples, sound.rate)
    return (samples.clip(-1, 1) * 32767).astype(np.int16).tobytes()
