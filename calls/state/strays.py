"""Calls and messages that nobody watched: Asterisk serves callers on while our process or its link is away.

What they left on the disk is taken up when we are back: a call's row, its recording, its message, and somebody
to call back. Looked for after every connection to Asterisk and every few minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from calls.asterisk import sidecar
from calls.asterisk.ami import AmiError, AmiLink
from calls.asterisk.ami_action import variables
from calls.callbacks import tasks as callbacks
from calls.callbacks.call_hours import CallHours
from calls.recordings import Recordings
from calls.state.outcomes import SHORTEST_S, Outcomes, keep_message
from calls.state.tracker import Tracker
from db.models.call import Call, CallbackTask, CallEvent, Voicemail
from db.session import Sessions
from language.phone import normalise
from runtime.bus import Bus
from runtime.callid import began_at, is_call_id
from runtime.clock import Clock
from runtime.settings import Settings
from sound import wav

log = logging.getLogger(__name__)

EVERY_S = 300.0
SETTLED = timedelta(seconds=30)
"""A file that was written to within this may belong to a call whose end is being told just now."""
MESSAGES_FOR = timedelta(days=31)
"""Message folders of earlier days are not searched again."""
CALL_BACK_FOR = timedelta(days=3)
"""After so long nobody expects to be called back for a call that was not answered."""
ID_CHARS = 36
BATCH = 400

KIND = "call_untracked"
"""The line in the history of a call by which it is known later."""
NOTE = "这次来电发生在系统中断期间，过程没有记录，请以录音为准。"


@dataclass(frozen=True, slots=True)
class Found:
    """What lies on the disk of one call."""

    call_id: str
    ended_at: datetime
    raw: bool = False


@dataclass(frozen=True, slots=True)
class FoundMessage(Found):
    """A message; `path` is relative to the recordings."""

    path: str = ""
    seconds: float = 0.0


class Strays:
    """`start` after the tracker: its picture of Asterisk must be taken before ours is compared with it."""

    def __init__(
        self,
        link: AmiLink,
        tracker: Tracker,
        recordings: Recordings,
        outcomes: Outcomes,
        sessions: Sessions,
        bus: Bus,
        clock: Clock,
        settings: Settings,
    ) -> None:
        self._link = link
        self._tracker = tracker
        self._recordings = recordings
        self._outcomes = outcomes
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._hours = CallHours.of(settings)
        self._node = settings.node
        self._folder = settings.recordings_dir
        self._live = self._folder / "live"
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._unhook: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unhook = self._link.on_up(self._up)
        self._task = asyncio.create_task(self._run(), name="calls:strays")

    async def close(self) -> None:
        if self._unhook is not None:
            self._unhook()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _up(self) -> None:
        self._wake.set()

    async def _run(self) -> None:
        pause = EVERY_S
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()
            self._wake.clear()
            pause = EVERY_S
            try:
                await self._link.wait_ready(60.0)
                # What is too fresh to be judged now is looked at as soon as it is not.
                if await self.scan():
                    pause = SETTLED.total_seconds()
            except AmiError as error:
                log.info("calls that nobody watched are looked for later: %s", error)
            except Exception:
                log.exception("calls that nobody watched could not be taken up")

    async def scan(self) -> bool:
        """Take up what is there. True when some files are too fresh to be judged. Raises AmiError."""
        now = self._clock.now()
        files = await asyncio.to_thread(_files, self._live)
        messages = await asyncio.to_thread(_messages, self._folder, now)
        everything: list[Found] = [*files, *messages]
        fresh = any(found.ended_at > now - SETTLED for found in everything)
        if not everything:
            return False
        channels = await self._link.listing("CoreShowChannels")
        watched = await self._tracker.call(lambda _: set(self._tracker.line.calls))
        if self._tracker.behind:
            return True  # rows are on their way: what has none yet is no stray
        busy = watched | {variables(channel).get("CALL_ID", "") for channel in channels}
        old = now - SETTLED
        files = [found for found in files if found.call_id not in busy and found.ended_at <= old]
        messages = [found for found in messages if found.call_id not in busy and found.ended_at <= old]
        await self._take_up(files, messages)
        return fresh

    async def _take_up(self, files: list[Found], messages: list[FoundMessage]) -> None:
        everything: list[Found] = [*files, *messages]
        async with self._sessions() as session:
            states = await _states(session, [found.call_id for found in everything])
            known = await _known_messages(session, [message.path for message in messages])
        messages = [message for message in messages if message.path not in known]
        with_message = {message.call_id for message in messages}
        for found in everything:
            if found.call_id not in states:
                await self._make_call(found, message=found.call_id in with_message)
                states[found.call_id] = "ended"
            if found.raw and states[found.call_id] == "ended":
                self._recordings.take(found.call_id)
            elif states[found.call_id] == "ended":
                sidecar.forget(self._live, found.call_id)
        for message in messages:
            await self._keep_message(message)

    async def _make_call(self, found: Found, *, message: bool) -> None:
        """A row with what can still be known, and somebody to call back if nobody was reached."""
        note = await asyncio.to_thread(sidecar.read, self._live, found.call_id)
        phone = normalise(note.caller_raw).digits
        began = began_at(found.call_id)
        seat = self._tracker.seats.extension_of_interface(note.interface)
        outcome = _outcome(note, message)
        log.warning("call %s was watched by nobody; taken up as %s", found.call_id, outcome)
        task: CallbackTask | None = None
        async with self._sessions.begin() as session:
            session.add(
                Call(
                    id=found.call_id,
                    node=self._node,
                    caller=phone,
                    caller_raw=note.caller_raw,
                    state="ended",
                    outcome=outcome,
                    hungup_by="unknown",
                    agent=seat,
                    started_at=began,
                    ended_at=max(began, found.ended_at),
                    note=NOTE,
                )
            )
            await session.flush()
            session.add(
                CallEvent(
                    call_id=found.call_id,
                    at=self._clock.now(),
                    kind=KIND,
                    detail={"outcome": outcome, "end_seen": note.ended},
                )
            )
            wants = outcome in ("abandoned", "unknown") and phone
            lasted = (found.ended_at - began).total_seconds()
            recent = found.ended_at > self._clock.now() - CALL_BACK_FOR
            if wants and recent and lasted >= callbacks.SHORT_S and not await _served_since(session, phone, began):
                task = await callbacks.request(
                    session, self._clock, call_id=found.call_id, phone=phone, kind="missed", hours=self._hours
                )
        if task is not None:
            await callbacks.tell(self._bus, self._clock, task)

    async def _keep_message(self, message: FoundMessage) -> None:
        async with self._sessions.begin() as session:
            # The script's own row, or the call's end told late, may have come first.
            await keep_message(
                session, self._node, message.call_id, message.path, message.seconds, message.ended_at
            )
        await self._outcomes.correct(message.call_id)


def _outcome(note: sidecar.Sidecar, message: bool) -> str:
    if note.interface:
        return "answered"
    if message:
        return "voicemail"
    if not note.ended:
        return "unknown"
    return "ivr" if note.done else "abandoned"


def _files(live: Path) -> list[Found]:
    """Recordings and numbers of calls that may be over, oldest first."""
    found: dict[str, Found] = {}
    for path in live.glob("*"):
        if path.suffix not in (".raw", ".caller") or not is_call_id(path.stem):
            continue
        with contextlib.suppress(OSError):
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            other = found.get(path.stem, Found(path.stem, written))
            found[path.stem] = Found(path.stem, max(other.ended_at, written), other.raw or path.suffix == ".raw")
    return sorted(found.values(), key=lambda each: each.call_id)


def _messages(folder: Path, now: datetime) -> list[FoundMessage]:
    """Messages of the last weeks: of the dialplan (in the folder itself) and of the script (in one a day)."""
    found: list[FoundMessage] = []
    top = folder / "voicemail"
    for path in (*top.glob("*.wav"), *top.glob("[0-9]*/[0-9]*/[0-9]*/*.wav")):
        call_id = path.stem[:ID_CHARS]
        if not is_call_id(call_id) or not re.fullmatch(r"(-\d+)?", path.stem[ID_CHARS:]):
            continue
        with contextlib.suppress(OSError):
            ended_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            if ended_at < now - MESSAGES_FOR:
                continue
            seconds = wav.seconds(path)
            if seconds >= SHORTEST_S:
                name = str(path.relative_to(folder))
                found.append(FoundMessage(call_id, ended_at, path=name, seconds=seconds))
    return found


async def _states(session: AsyncSession, ids: Iterable[str]) -> dict[str, str]:
    wanted = sorted(set(ids))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), BATCH):
        rows = await session.execute(select(Call.id, Call.state).where(Call.id.in_(wanted[start : start + BATCH])))
        found |= {call_id: state for call_id, state in rows}
    return found


async def _known_messages(session: AsyncSession, paths: list[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(paths), BATCH):
        found |= set(
            await session.scalars(select(Voicemail.path).where(Voicemail.path.in_(paths[start : start + BATCH])))
        )
    return found


async def _served_since(session: AsyncSession, phone: str, since: datetime) -> bool:
    """Whether this number has been talked to after that moment."""
    served = exists().where(Call.caller == phone, Call.started_at > since, Call.answered_at.is_not(None))
    return bool(await session.scalar(select(served)))
