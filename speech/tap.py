"""The node's side of listening: one AudioSocket leg per speaker of an answered call, renewed when it dies.

Nothing here can hurt a call: a tap that fails is tried again with growing pauses while the call lives, and
what was not heard meanwhile is told as a gap.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import select

from db.models import Call, CallLeg
from db.session import Sessions
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import (
    CallAnswered,
    CallEnded,
    Event,
    HandoffChanged,
    LegJoined,
    LegLeft,
    Speaker,
    SpeechStateChanged,
    TapClosed,
    TapOpened,
    TapsEnded,
    TapSilent,
    TranscriptGap,
)
from runtime.settings import Settings
from speech.instance import home
from speech.transcript import add_gap

log = logging.getLogger(__name__)

ORIGINATE_S = 5.0
"""AudioSocket connects on loopback: longer means that nobody listens there."""

PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Before each further try of a tap that failed or ended while its call goes on; the last for ever."""

LAST_GAP_S = 1.0
"""Unheard beginnings and ends that are told; a shorter one is the tapping or the hanging up itself."""

WRITE_S = 2.0
"""How long a gap waits for the database before it is told all the same."""

SETTLED_S = 10.0
"""A tap that lived so long starts over with the shortest pause."""

Handler = Callable[[Any], None]


class Originated(Protocol):
    """How a try ended (as `calls.asterisk.ami.Originated`)."""

    @property
    def answered(self) -> bool: ...


class Link(Protocol):
    """What is needed of `calls.asterisk.ami.AmiLink`."""

    async def originate(self, *, timeout: float, **fields: Any) -> Originated: ...

    async def do(self, name: str, *, timeout: float, **fields: Any) -> Any: ...

    def on_event(self, handler: Handler) -> Callable[[], None]: ...


@dataclass(slots=True)
class Tap:
    """One speaker we want to hear; `tap_id` changes with each try."""

    call_id: str
    speaker: Speaker
    channel: str
    origin: datetime
    tap_id: str = ""
    opened_at: datetime | None = None
    lost_at: datetime | None = None
    tries: int = 0
    over: str = ""
    """Id of the try whose leg ended before Asterisk's answer to it was read."""
    renewed_for_silence: bool = False
    task: asyncio.Task[None] | None = None


class TapManager:
    """Subscribes to calls on the bus; `link` makes the legs, `sessions` keep the gaps."""

    def __init__(
        self, link: Link, bus: Bus, clock: Clock, settings: Settings, sessions: Sessions | None = None
    ) -> None:
        self._link = link
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._address = f"127.0.0.1:{settings.audiosocket_port}"
        self._home = home(settings)
        self._node = settings.node
        self._by_file = settings.tap == "mixmonitor"
        self._taps: dict[tuple[str, Speaker], Tap] = {}
        self._origins: dict[str, datetime] = {}
        self._citizens: dict[str, str] = {}
        """The citizen's channel of each answered call."""
        self._speech: SpeechStateChanged | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._ending: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        subscribe = self._bus.subscribe
        self._unsubscribe = [
            subscribe(self._call_moved, CallAnswered, CallEnded, LegJoined, LegLeft, HandoffChanged),
            subscribe(self._silent, TapSilent),
            subscribe(self._closed, TapClosed),
            subscribe(self._speech_changed, SpeechStateChanged),
            self._link.on_event(self._asterisk_said),
        ]

    async def resume(self, sessions: Sessions) -> None:
        """Take up this node's calls that were being talked when an earlier process of ours ended."""
        async with sessions() as session:
            talking = select(Call).where(
                Call.node == self._node, Call.state.in_(("talking", "held", "conference"))
            )
            for call in await session.scalars(talking):
                here = select(CallLeg.id).where(
                    CallLeg.call_id == call.id, CallLeg.role == "agent", CallLeg.left_at.is_(None)
                )
                if await session.scalar(here.limit(1)) is None:
                    continue  # handed over: it goes on without us
                self._origins[call.id] = call.started_at
                self._citizens[call.id] = call.channel
                self._want(call.id, "citizen", call.channel)
                if call.agent_channel:
                    self._want(call.id, "agent", call.agent_channel)

    async def close(self) -> None:
        """Stop renewing; legs that are open end with their calls."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        for key in list(self._taps):
            self._forget(key)
        await asyncio.gather(*self._ending, return_exceptions=True)

    # -- what calls do -------------------------------------------------------------------------
    async def _call_moved(self, event: Event) -> None:
        """One subscription, because the order counts: who has left, and then that the hand-off is complete."""
        match event:
            case CallAnswered():
                await self._answered(event)
            case CallEnded():
                await self._ended(event)
            case LegJoined():
                await self._joined(event)
            case LegLeft():
                await self._left(event)
            case HandoffChanged():
                await self._handed_over(event)
            case _:
                pass

    async def _answered(self, event: CallAnswered) -> None:
        self._origins[event.call_id] = event.origin
        self._citizens[event.call_id] = event.citizen_channel
        self._want(event.call_id, "citizen", event.citizen_channel)
        self._want(event.call_id, "agent", event.agent_channel)

    async def _joined(self, event: LegJoined) -> None:
        """Another agent took over, or the citizen came back on another channel."""
        if event.call_id not in self._origins or event.role not in ("citizen", "agent"):
            return
        if event.role == "citizen":
            self._citizens[event.call_id] = event.channel
        elif (event.call_id, "citizen") not in self._taps:  # nobody of ours was on the line for a while
            self._want(event.call_id, "citizen", self._citizens[event.call_id])
        self._want(event.call_id, "citizen" if event.role == "citizen" else "agent", event.channel)

    async def _left(self, event: LegLeft) -> None:
        for key, tap in list(self._taps.items()):
            if tap.call_id == event.call_id and tap.channel == event.channel:
                await self._end(key)

    async def _handed_over(self, event: HandoffChanged) -> None:
        """Our agent has left and the talk goes on: what citizen and police say then is not ours to hear.

        A page that is being reloaded does not complete a hand-off, so what the citizen says meanwhile is kept.
        """
        if event.status != "completed" or (event.call_id, "agent") in self._taps:
            return  # after a transfer the next agent listens
        tap = self._taps.get((event.call_id, "citizen"))
        if tap is None:
            return
        self._forget((event.call_id, "citizen"))
        if tap.tap_id and not self._by_file:
            task = asyncio.create_task(self._hang_up(tap.tap_id), name="tap:end")
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        await self._bus.publish(TapsEnded(call_id=event.call_id))

    async def _hang_up(self, tap_id: str) -> None:
        try:
            await self._link.do("Hangup", timeout=ORIGINATE_S, Channel=f"tap-{tap_id}")
        except Exception as error:  # it went with its channel, or goes with the call
            log.info("a tap was not hung up: %s", type(error).__name__)

    async def _ended(self, event: CallEnded) -> None:
        self._origins.pop(event.call_id, None)
        self._citizens.pop(event.call_id, None)
        for key in [key for key in self._taps if key[0] == event.call_id]:
            await self._end(key)

    def _want(self, call_id: str, speaker: Speaker, channel: str) -> None:
        if not channel or any(sign in channel for sign in ",\r\n"):
            log.error("call %s: the %s's channel has an impossible name", call_id, speaker)
            return
        known = self._taps.get((call_id, speaker))
        if known is not None:
            if known.channel == channel:
                return
            self._forget((call_id, speaker))
        tap = Tap(call_id, speaker, channel, self._origins[call_id])
        self._taps[(call_id, speaker)] = tap
        self._open(tap)

    async def _end(self, key: tuple[str, Speaker]) -> None:
        """The speaker has left. What was not heard until then is told: a transcript must not look whole."""
        tap = self._taps[key]
        self._forget(key)
        now = self._clock.now()
        # A leg often ends a moment before its call does: nothing was said in that moment.
        if tap.lost_at is not None and (now - tap.lost_at).total_seconds() >= LAST_GAP_S:
            tap.opened_at = now
            await self._tell_gap(tap)

    def _forget(self, key: tuple[str, Speaker]) -> None:
        tap = self._taps.pop(key)
        if tap.task is not None and not tap.task.done():
            tap.task.cancel()
            self._ending.add(tap.task)
            tap.task.add_done_callback(self._ending.discard)

    # -- opening -------------------------------------------------------------------------------
    @property
    def _useless(self) -> bool:
        """The recogniser said that it has no model: its legs would only cost."""
        return self._speech is not None and not self._speech.available

    def _open(self, tap: Tap, pause_s: float = 0.0) -> None:
        """Open, or open anew; one try at a time."""
        if self._useless or (tap.task is not None and not tap.task.done()):
            return
        tap.task = asyncio.create_task(self._try(tap, pause_s), name=f"tap:{tap.speaker}")

    async def _try(self, tap: Tap, pause_s: float) -> None:
        while not self._useless:
            await asyncio.sleep(pause_s)
            tap.tap_id = str(uuid.uuid4())
            began = self._clock.now()
            opened = TapOpened(call_id=tap.call_id, tap_id=tap.tap_id, speaker=tap.speaker, origin=tap.origin)
            await self._bus.publish(opened)
            if self._by_file or await self._originate(tap):
                tap.opened_at = self._clock.now()
                if (tap.opened_at - began).total_seconds() >= LAST_GAP_S:  # it came at last, on a machine too busy
                    tap.lost_at = tap.lost_at or began
                await self._tell_gap(tap)
                return
            tap.lost_at = tap.lost_at or began
            pause_s = self._pause(tap)

    async def _originate(self, tap: Tap) -> bool:
        fields = {
            "Channel": f"AudioSocket/{self._address}/{tap.tap_id}",
            "ChannelId": f"tap-{tap.tap_id}",
            "Application": "ChanSpy",
            "Data": f"{tap.channel},qoES",
        }
        try:
            answered = (await self._link.originate(timeout=ORIGINATE_S, **fields)).answered
            return answered and tap.over != tap.tap_id
        except Exception as error:  # the link is down, or Asterisk refused: tried again while the call lives
            log.warning("call %s: no tap on the %s (%s)", tap.call_id, tap.speaker, type(error).__name__)
            return False

    def _pause(self, tap: Tap) -> float:
        pause_s = PAUSES_S[min(tap.tries, len(PAUSES_S) - 1)]
        tap.tries += 1
        return pause_s

    async def _tell_gap(self, tap: Tap) -> None:
        if tap.lost_at is None or tap.opened_at is None:
            return
        start, end = (self._ms(tap, moment) for moment in (tap.lost_at, tap.opened_at))
        tap.lost_at = None
        gap = TranscriptGap(call_id=tap.call_id, speaker=tap.speaker, start_ms=start, end_ms=end)
        await self._keep(gap)
        await self._bus.publish(gap)

    async def _keep(self, gap: TranscriptGap) -> None:
        """Its row before it is told: the speech process, just started anew, may not hear of it.

        With the database away the speech process keeps it, as it does its own.
        """
        if self._sessions is None:
            return
        try:
            async with asyncio.timeout(WRITE_S), self._sessions.begin() as session:
                await add_gap(session, gap)
        except Exception as error:
            log.warning("call %s: a gap is not written yet (%s)", gap.call_id, type(error).__name__)

    @staticmethod
    def _ms(tap: Tap, moment: datetime) -> int:
        return max(0, int((moment - tap.origin).total_seconds() * 1000))

    # -- what becomes of taps ------------------------------------------------------------------
    async def _silent(self, event: TapSilent) -> None:
        """No frames for 3 s: taps were seen to be born mute (asks.md 17), so it is renewed, once."""
        tap = self._taps.get((event.call_id, event.speaker))
        if tap is None or tap.tap_id != event.tap_id or self._by_file:
            return
        if not event.silent_s:
            tap.renewed_for_silence = False
        elif not tap.renewed_for_silence:
            tap.renewed_for_silence = True
            log.warning("call %s: no sound of the %s, tapping anew", tap.call_id, tap.speaker)
            if tap.task is None or tap.task.done():  # what was said to the mute leg is heard by nobody
                tap.lost_at = tap.lost_at or self._clock.now() - timedelta(seconds=event.silent_s)
            self._open(tap)

    async def _closed(self, event: TapClosed) -> None:
        self._lost(event.tap_id)

    def _asterisk_said(self, event: Mapping[str, Any]) -> None:
        """A tap's channel hung up: the only sign there is when the speech process was killed."""
        if event.get("Event") == "Hangup" and str(event.get("Uniqueid", "")).startswith("tap-"):
            self._lost(str(event["Uniqueid"]).removeprefix("tap-"))

    def _lost(self, tap_id: str) -> None:
        """A leg is over although its call goes on."""
        tap = next((tap for tap in self._taps.values() if tap.tap_id == tap_id), None)
        if tap is None:
            return
        if tap.opened_at is None:
            tap.over = tap_id
            return
        now = self._clock.now()
        if (now - tap.opened_at).total_seconds() > SETTLED_S:
            tap.tries = 0
        tap.opened_at = None
        tap.lost_at = tap.lost_at or now
        self._open(tap, self._pause(tap))

    async def _speech_changed(self, event: SpeechStateChanged) -> None:
        """A new speech process knows none of the old one's legs: all live calls are tapped again."""
        if not event.instance.startswith(self._home):
            return  # the speech process of another node
        before, self._speech = self._speech, event
        if before is not None and before.instance != event.instance:
            for tap in self._taps.values():
                await self._give_up(tap)
        if event.available:
            for tap in list(self._taps.values()):
                if tap.opened_at is None:
                    self._open(tap)

    async def _give_up(self, tap: Tap) -> None:
        if tap.task is not None and not tap.task.done():
            tap.task.cancel()
            await asyncio.gather(tap.task, return_exceptions=True)
        tap.tries = 0
        tap.opened_at = None
        tap.lost_at = tap.lost_at or self._clock.now()
