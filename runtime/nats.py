"""The event bus over NATS: for centres that run node, speech, desk and jobs on several machines."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Self

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import MaxPayloadError

from runtime.bus import QUEUE_LIMIT, E, LocalBus, Unsubscribe
from runtime.errors import UserError
from runtime.events import Event, from_json, to_json

log = logging.getLogger(__name__)

SUBJECT = "hotline.events"
"""What the subjects begin with: `hotline.events.<node>`."""
NO_NODE = "_"
"""Last part of the subject of what concerns no node in particular; no node's name has this sign."""
CONNECT_S = 5.0
PING_S = 5
"""A server that hangs without closing is noticed within three of these."""

GATHER_S = 1.5
"""After an interruption what waited is held so long: the others come back too and shall hear it."""

CLOSE_S = 2.0
"""How long closing may take to send what still waits."""

FAULTS = (OSError, TimeoutError, NatsError, ValueError)
"""What connecting raises; ValueError for an URL that is none."""


def subject(node: str) -> str:
    """Where events of this node ("" for none) are published."""
    return f"{SUBJECT}.{node or NO_NODE}"


class NatsBus:
    """Publishes each node's events on a subject of its own; a process hears all of them, or with `node` only
    that node's and those of no node, and filters by kind locally.

    Live events are small and few (tens a second for a large node), so one subject a node suffices. Publishing
    never waits for NATS: what it cannot take now waits in order (10,000 events, then the oldest go), and
    local subscribers hear it at once. Reconnects for ever. Delivery is at most once: events under way when
    the server dies are lost, which is why what must not be lost is in the database. An event above the
    server's limit (1 MB) is not carried.
    """

    def __init__(self, url: str, *, node: str = "", retry_s: float = 0.5, gather_s: float = GATHER_S) -> None:
        self._url = url
        self._subjects = [subject(node), subject("")] if node else [f"{SUBJECT}.>"]
        self._retry_s = retry_s
        self._gather_s = gather_s
        self._local = LocalBus()
        self._client: Client | None = None
        self._outbox: deque[tuple[str, str, bytes]] = deque()
        self._wake = asyncio.Event()
        self._gone = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False
        self._dropped = 0
        self.connected = asyncio.Event()
        """Set while NATS takes and brings events."""

    async def start(self) -> None:
        """Join. Raises UserError when there is no NATS at this address."""
        try:
            await self._join()
        except FAULTS as error:
            await self._local.close()
            raise UserError(
                f"NATS does not answer at {self._url}", "start nats-server or mend HOTLINE_NATS_URL"
            ) from error
        self.connected.set()
        self._tasks = [
            asyncio.create_task(self._send(), name="bus:nats-send"),
            asyncio.create_task(self._rejoin(), name="bus:nats-rejoin"),
        ]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _join(self) -> None:
        client = Client()
        try:
            async with asyncio.timeout(CONNECT_S):
                await client.connect(
                    self._url,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=self._retry_s,  # type: ignore[arg-type]  # it is a number of seconds
                    connect_timeout=2,
                    ping_interval=PING_S,
                    no_echo=True,
                    error_cb=self._fault,
                    disconnected_cb=self._lost,
                    reconnected_cb=self._back,
                    closed_cb=self._closed,
                )
                for heard in self._subjects:
                    await client.subscribe(heard, cb=self._heard)
                # What others say from now on must reach us. Asking was only written into a buffer, and the first
                # flush's ping overtakes it (nats-py writes pings at once); the second one's does not.
                for _ in range(2):
                    await client.flush(CONNECT_S)  # type: ignore[arg-type]  # it is a number of seconds
        except BaseException:
            with contextlib.suppress(AssertionError):  # nats-py's word for "it never began to connect"
                await client.close()
            self._gone.clear()  # closing said so; it is no news
            raise
        self._client = client

    # -- what NATS tells us --------------------------------------------------------------------
    async def _fault(self, error: Exception) -> None:
        log.debug("NATS: %s", error)

    async def _lost(self) -> None:
        if self.connected.is_set() and not self._closing:
            log.error("NATS is away: events reach only this process until it is back")
        self.connected.clear()

    async def _back(self) -> None:
        await asyncio.sleep(self._gather_s)
        log.warning("NATS is back; %d events waited, %d were dropped", len(self._outbox), self._dropped)
        self._dropped = 0
        self.connected.set()

    async def _closed(self) -> None:
        self._gone.set()

    async def _rejoin(self) -> None:
        """The client gives up where the server refuses it (a log-in changed, say): we do not."""
        while True:
            await self._gone.wait()
            self._gone.clear()
            await asyncio.sleep(self._retry_s)
            try:
                await self._join()
            except FAULTS as error:
                log.debug("NATS: %s", error)
                self._gone.set()
            else:
                await self._back()

    async def _heard(self, message: Msg) -> None:
        try:
            event = from_json(message.data)
        except ValueError:
            log.warning("a message on %s is not an event (%d bytes)", message.subject, len(message.data))
            return
        if event is not None:
            await self._local.publish(event)

    # -- publishing ----------------------------------------------------------------------------
    async def publish(self, event: Event) -> None:
        await self._local.publish(event)
        if len(self._outbox) >= QUEUE_LIMIT:
            self._outbox.popleft()
            self._dropped += 1
        self._outbox.append((type(event).__name__, subject(event.node), to_json(event)))
        self._wake.set()

    async def _send(self) -> None:
        while True:
            if not self._outbox:
                self._wake.clear()
                await self._wake.wait()
            await self.connected.wait()
            assert self._client is not None
            kind, where, data = self._outbox.popleft()
            try:
                await self._client.publish(where, data)
            except MaxPayloadError:
                log.error("event %s is too big for NATS (%d bytes): other processes miss it", kind, len(data))
            except NatsError:
                self._outbox.appendleft((kind, where, data))
                await asyncio.sleep(self._retry_s)

    def subscribe(self, handler: Callable[[E], Awaitable[None]], *kinds: type[E]) -> Unsubscribe:
        return self._local.subscribe(handler, *kinds)

    async def close(self) -> None:
        """Send what waits, if NATS is there, and leave."""
        self._closing = True
        if self._client is not None and self.connected.is_set():
            with contextlib.suppress(NatsError, OSError, TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    while self._outbox:  # noqa: ASYNC110 (bounded)
                        await asyncio.sleep(0.01)
                    await self._client.flush(CLOSE_S)  # type: ignore[arg-type]
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        await self._local.close()
