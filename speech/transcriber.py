"""Legs, recogniser threads and the bus put together: what the speech process does all day."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import CallEnded, Event, SpeechStateChanged, TapClosed, TapOpened, TranscriptGap, Utterance
from speech.decoding.decoder import BUSY_FROM, SpeakerDecoder
from speech.decoding.delays import Delays
from speech.decoding.pool import DecodePool
from speech.decoding.recogniser import Engine
from speech.decoding.shelf import Shelf
from speech.decoding.spool import Spool
from speech.decoding.waiting import Room
from speech.follower import FollowedLeg
from speech.legs.leg import Leg
from speech.legs.server import Connection, LegReceiver
from speech.legs.vad import VoiceDetector
from speech.legs.whole import decode_whole
from speech.text import ClerkText
from speech.transcript import TranscriptKeeper

log = logging.getLogger(__name__)

TICK_S = 0.5
ANNOUNCE_S = 10.0
"""Who joins the bus late (a desk, a node) learns the recogniser's state within so long."""

AFTER_END_S = 5.0
"""A leg that outlives its call so long is closed."""

SETTLE_S = 2.5
TELL_S = 1.0
"""At the end: for what still waits to be decoded, and then for telling what is not (we are killed after 8 s)."""

OUTBOX = 5000
"""Events waiting for the bus above which partials are dropped."""


class _OpenLeg:
    """A leg as the server sees it: frames go to the leg, then its decoder is offered to the pool."""

    def __init__(self, leg: Leg, pool: DecodePool, connection: Connection | None) -> None:
        self.leg = leg
        self.connection = connection
        self._pool = pool

    def start_at(self, at_ms: int) -> None:
        self.leg.start_at(at_ms)

    def audio(self, pcm: bytes, arrived: float) -> None:
        self.leg.audio(pcm, arrived)
        if self.leg.decoder is not None:
            self._pool.offer(self.leg.decoder)


class Transcriber:
    """Implements `speech.legs.server.LegRoom`. `engine` may come later (`use`) or never.

    `spool` is the folder for sound that waits too long to be kept in memory.
    """

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        keeper: TranscriptKeeper | None,
        *,
        spool: Path,
        threads: int = 0,
        detector: Callable[[], VoiceDetector],
        text: Callable[[], ClerkText] = ClerkText,
        instance: str = "",
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._keeper = keeper
        self._loop = asyncio.get_running_loop()
        self._pool = DecodePool(threads or os.cpu_count() or 1)
        self._detector = detector
        self._text = text
        self._engine: Engine | None = None
        self._shelf: Shelf | None = None
        self._reason = "语音识别正在启动"
        self._room = Room()
        self._spool = Spool(spool)
        self._legs: dict[tuple[str, str], _OpenLeg] = {}
        self._delays = Delays(self._emit)
        self._outbox: asyncio.Queue[Event] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._held: Callable[[str], bool] = lambda call_id: False
        self._unsubscribe = [bus.subscribe(self._call_ended, CallEnded)]
        if keeper is not None:
            self._unsubscribe.append(bus.subscribe(self._keep_gap, TranscriptGap))
        self._instance = instance

    # -- life ----------------------------------------------------------------------------------
    def start(self, held: Callable[[str], bool]) -> None:
        self._held = held
        self._tasks = [
            self._loop.create_task(self._send(), name="speech:send"),
            self._loop.create_task(self._watch(), name="speech:watch"),
        ]
        self.announce()

    def use(self, engine: Engine | None, reason: str = "") -> None:
        """From now on decode with this engine, or with none. `reason` (Chinese) is shown to people: why there is
        none, or what they must know of the one there is.
        """
        self._engine = engine
        self._shelf = None if engine is None else Shelf(engine, monotonic=self._loop.time)
        self._reason = reason
        if self._keeper is not None:
            self._keeper.model = engine.name if engine else ""
        for open_leg in self._legs.values():
            self._equip(open_leg.leg)
        self.announce()

    @property
    def short(self) -> bool:
        """Whether processors are short: what is not needed at once should be left undone."""
        return self._pool.load > BUSY_FROM

    def announce(self) -> None:
        engine = self._engine
        self._emit(
            SpeechStateChanged(
                available=engine is not None,
                model=engine.name if engine else "",
                reason=self._reason,
                instance=self._instance,
            )
        )

    async def settle(self, wait_s: float = 10.0) -> bool:
        """Wait until all sound received is decoded and published; False when `wait_s` was not enough."""
        try:
            async with asyncio.timeout(wait_s):
                await self._pool.wait_idle()
                await self._outbox.join()
        except TimeoutError:
            return False
        return True

    async def close(self) -> None:
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        for leg in list(self._legs.values()):
            self.close_leg(leg)
        await self.settle(SETTLE_S)
        await self._pool.close()
        self._spool.close()
        await self._abandon()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _abandon(self) -> None:
        """What is still not decoded is told: a transcript must not look whole."""
        left = self._delays.draining
        if left:
            log.warning("%.0f s of speech are not decoded any more", sum(decoder.waiting_s for decoder in left))
        for decoder in left:
            decoder.abandon()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TELL_S):
                if left and self._keeper is not None:
                    await self._keeper.drained()  # a gap is told when its row is written
                await self._outbox.join()

    # -- speech.legs.server.LegRoom -----------------------------------------------------------------
    def open_leg(self, tap: TapOpened, connection: Connection | None) -> _OpenLeg:
        """One leg per speaker of a call: a newer one (a re-tap) takes the place of the older."""
        key = (tap.call_id, tap.speaker)
        older = self._legs.get(key)
        if older is not None:
            if older.connection is not None:
                older.connection.shut("")
            self.close_leg(older)
        now = self._loop.time()
        origin = now - (self._clock.now() - tap.origin).total_seconds()
        leg = Leg(
            tap,
            origin,
            detector=self._detector(),
            text=self._text(),
            emit=self._emit,
            monotonic=self._loop.time,
            now=now,
        )
        self._equip(leg)
        opened = _OpenLeg(leg, self._pool, connection)
        self._legs[key] = opened
        return opened

    def _equip(self, leg: Leg) -> None:
        if self._shelf is not None and leg.decoder is None:
            leg.decoder = self._decoder(self._shelf, leg)

    def _decoder(self, shelf: Shelf, leg: Leg) -> SpeakerDecoder:
        return SpeakerDecoder(
            *(shelf, leg, self._room, self._spool),
            monotonic=self._loop.time,
            load=lambda: self._pool.load,
        )

    def close_leg(self, leg: LegReceiver | FollowedLeg) -> None:
        assert isinstance(leg, _OpenLeg)
        key = (leg.leg.call_id, leg.leg.speaker)
        if self._legs.get(key) is not leg:
            return
        del self._legs[key]
        leg.leg.close(self._loop.time())
        decoder = leg.leg.decoder
        if decoder is not None:
            self._delays.drain(decoder, leg.leg.call_id)
            self._pool.offer(decoder)
        self._emit(TapClosed(call_id=leg.leg.call_id, tap_id=leg.leg.tap.tap_id, speaker=leg.leg.speaker))

    # -- a recording that is complete ----------------------------------------------------------
    async def transcribe(self, call_id: str, pcm: bytes, *, start_ms: int, name: str) -> list[Utterance] | None:
        """What a citizen says in a whole recording (16-bit mono 8 kHz); None while there is no engine.

        It lies at `start_ms` of the call's time line. The same `name` gives the same utterance ids: done twice,
        written once. Calls go before it: its sound counts as the latest to arrive.
        """
        shelf = self._shelf
        if shelf is None:
            return None
        heard: list[Utterance] = []

        def take(event: Event) -> None:
            if isinstance(event, Utterance):
                if not event.final or not event.text:
                    return
                heard.append(event)
            self._emit(event)

        await decode_whole(
            pcm,
            call_id,
            start_ms,
            name,
            decoder_of=partial(self._decoder, shelf),
            detector=self._detector(),
            text=self._text(),
            emit=take,
            pool=self._pool,
            room=self._room,
        )
        return heard

    # -- events --------------------------------------------------------------------------------
    def _emit(self, event: Event) -> None:
        if isinstance(event, Utterance):
            if not event.final and self._outbox.qsize() > OUTBOX:
                return
            if event.final and event.text and self._keeper is not None:
                self._keeper.keep(event)
        elif isinstance(event, TranscriptGap) and self._keeper is not None:
            # Its row first: what is told and then lost with the process would be lost for ever.
            self._keeper.keep(event, partial(self._outbox.put_nowait, event))
            return
        self._outbox.put_nowait(event)

    async def _keep_gap(self, gap: TranscriptGap) -> None:
        """Gaps told by the node (a tap that died with the process) are kept too; our own come here twice."""
        assert self._keeper is not None
        self._keeper.keep(gap)

    async def _send(self) -> None:
        while True:
            event = await self._outbox.get()
            await self._bus.publish(event)
            self._outbox.task_done()

    async def _call_ended(self, event: CallEnded) -> None:
        for key, leg in list(self._legs.items()):
            if key[0] == event.call_id:
                self._loop.call_later(AFTER_END_S, partial(self._close_late, key, leg))

    def _close_late(self, key: tuple[str, str], leg: _OpenLeg) -> None:
        if self._legs.get(key) is leg:
            if leg.connection is not None:
                leg.connection.shut("")
            self.close_leg(leg)

    # -- the watch -----------------------------------------------------------------------------
    async def _watch(self) -> None:
        announced = self._loop.time()
        while True:
            await asyncio.sleep(TICK_S)
            now = self._loop.time()
            with contextlib.suppress(Exception):
                for open_leg in list(self._legs.values()):
                    open_leg.leg.watch(now, held=self._held(open_leg.leg.call_id))
                    if open_leg.leg.decoder is not None:
                        self._pool.offer(open_leg.leg.decoder)
            self._delays.tell(
                (key[0], open_leg.leg.decoder)
                for key, open_leg in self._legs.items()
                if open_leg.leg.decoder is not None
            )
            if now - announced >= ANNOUNCE_S:
                announced = now
                self.announce()
