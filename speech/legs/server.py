"""The AudioSocket server: one connection is one speaker of one call.

Peers are not trusted: bounded frames, a known UUID within seconds or the door, a cap that refuses early. What
one connection does wrong ends that connection and nothing else.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from enum import Enum, auto
from typing import Protocol, cast

from runtime.events import TapOpened
from speech.audiosocket import FrameParser, Kind, ProtocolAbuse, frame
from speech.legs.taps import TapBook

log = logging.getLogger(__name__)

HELLO_S = 3.0
"""A connection that has not said its UUID by then is not Asterisk."""

EARLY_BYTES = 64_000
"""Audio kept while the announcement is awaited (4 s); more is abuse."""

MAX_LEGS = 400


class LegReceiver(Protocol):
    """What a connection is turned into once its tap is known."""

    def audio(self, pcm: bytes, arrived: float) -> None: ...


class LegRoom(Protocol):
    """Makes and ends legs; called on the loop."""

    def open_leg(self, tap: TapOpened, connection: Connection) -> LegReceiver: ...

    def close_leg(self, leg: LegReceiver) -> None: ...


class State(Enum):
    NEW = auto()  # nothing said yet
    CLAIMING = auto()  # UUID said, announcement awaited
    OPEN = auto()
    CLOSED = auto()


class Connection(asyncio.Protocol):
    """One TCP connection. NEW -> CLAIMING -> OPEN -> CLOSED, and from each straight to CLOSED."""

    def __init__(self, server: AudioSocketServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._parser = FrameParser()
        self._transport: asyncio.Transport | None = None
        self._hello: asyncio.TimerHandle | None = None
        self._claim: asyncio.Task[None] | None = None
        self._early: list[tuple[bytes, float]] = []
        self._early_bytes = 0
        self._leg: LegReceiver | None = None
        self.state = State.NEW

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked with isinstance: uvloop's transports only behave like asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        if not self._server.admit(self):
            self.shut("no room for another leg")
            return
        self._hello = self._loop.call_later(HELLO_S, self.shut, "no UUID in time")

    def data_received(self, data: bytes) -> None:
        if self.state is State.CLOSED:
            return
        arrived = self._loop.time()
        try:
            for kind, payload in self._parser.feed(data):
                self._take(kind, payload, arrived)
                if self._transport is None:
                    return
        except ProtocolAbuse as abuse:
            self.shut(str(abuse))
        except Exception:
            log.exception("a leg failed; the others go on")
            self.shut("internal error")

    def _take(self, kind: Kind, payload: bytes, arrived: float) -> None:
        if kind is Kind.AUDIO:
            if self._leg is not None:
                self._leg.audio(payload, arrived)
            elif self.state is State.CLAIMING:
                self._keep(payload, arrived)
            else:
                raise ProtocolAbuse("audio before the UUID")
        elif kind is Kind.UUID:
            if self.state is not State.NEW:
                raise ProtocolAbuse("a second UUID")
            self.state = State.CLAIMING
            if self._hello is not None:
                self._hello.cancel()
            tap_id = str(uuid.UUID(bytes=payload))
            tap = self._server.taps.take(tap_id)
            if tap is not None:
                self._open(tap)
            else:
                self._claim = self._loop.create_task(self._wait(tap_id))
        elif kind in (Kind.HANGUP, Kind.ERROR):
            self.shut("")

    def _keep(self, payload: bytes, arrived: float) -> None:
        self._early_bytes += len(payload)
        if self._early_bytes > EARLY_BYTES:
            raise ProtocolAbuse("a flood of audio before the tap is known")
        self._early.append((payload, arrived))

    async def _wait(self, tap_id: str) -> None:
        tap = await self._server.taps.claim(tap_id)
        if self._transport is None or self.state is not State.CLAIMING:
            return
        if tap is None:
            self.shut("this UUID was not announced")
            return
        self._open(tap)

    def _open(self, tap: TapOpened) -> None:
        leg = self._leg = self._server.room.open_leg(tap, self)
        self.state = State.OPEN
        early, self._early = self._early, []
        for payload, arrived in early:
            leg.audio(payload, arrived)

    def shut(self, reason: str) -> None:
        """End this connection; `reason` is logged when something was wrong."""
        if self.state is State.CLOSED:
            return
        if reason:
            log.warning("AudioSocket leg refused: %s", reason)
        self._leave()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame(Kind.HANGUP))
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._transport = None

    def _leave(self) -> None:
        """Give back everything, once."""
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        self._server.left(self)
        if self._hello is not None:
            self._hello.cancel()
        if self._claim is not None and self._claim is not asyncio.current_task():
            self._claim.cancel()
        self._early.clear()
        leg, self._leg = self._leg, None
        if leg is not None:
            self._server.room.close_leg(leg)


class AudioSocketServer:
    """Listens on loopback; `max_legs` connections at most, the next is refused at once."""

    def __init__(self, port: int, taps: TapBook, room: LegRoom, *, max_legs: int = MAX_LEGS) -> None:
        self.taps = taps
        self.room = room
        self._port = port
        self._max_legs = max_legs
        self._connections: set[Connection] = set()
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        return len(self._connections)

    @property
    def port(self) -> int:
        """Port in force (useful when 0 was asked for)."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def admit(self, connection: Connection) -> bool:
        if len(self._connections) >= self._max_legs:
            return False
        self._connections.add(connection)
        return True

    def left(self, connection: Connection) -> None:
        self._connections.discard(connection)

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Connection(self), "127.0.0.1", self._port, backlog=self._max_legs
        )

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.shut("")
        if self._server is not None:
            await self._server.wait_closed()
