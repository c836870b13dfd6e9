"""The event bus: publish and subscribe, in one process or over a Unix socket to child processes.

A subscriber that is slow or fails harms nobody: each has its own bounded queue and task.
What must not be lost is in the database; the bus carries what is live.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from runtime.events import Event, from_json, to_json

log = logging.getLogger(__name__)

E = TypeVar("E", bound=Event)
Unsubscribe = Callable[[], None]

QUEUE_LIMIT = 10_000
"""Events a subscriber may lag behind before the oldest are dropped (with a warning)."""

LINE_LIMIT = 1 << 20
"""Longest event on the bridge, bytes."""


class Bus(Protocol):
    """What rooms know of the bus."""

    async def publish(self, event: Event) -> None:
        """Hand the event to all subscribers. Returns once queued; never raises for a subscriber's fault."""
        ...

    def subscribe(self, handler: Callable[[E], Awaitable[None]], *kinds: type[E]) -> Unsubscribe:
        """Call `handler` for each event of these kinds, one at a time and in order; returns how to stop."""
        ...


class _Subscription:
    def __init__(self, handler: Callable[[Any], Awaitable[None]], kinds: tuple[type[Event], ...]) -> None:
        self.handler = handler
        self.kinds = kinds
        self.queue: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        self.busy = False
        self._over = False
        self.task = asyncio.create_task(self._run(), name=f"bus:{getattr(handler, '__qualname__', handler)}")

    def offer(self, event: Event) -> None:
        if self.kinds and not isinstance(event, self.kinds):
            return
        if self.queue.full():
            self.queue.get_nowait()
            log.warning("subscriber %s lags: oldest event dropped", self.task.get_name())
        self.queue.put_nowait(event)

    def end(self) -> None:
        """Deliver nothing more; a handler that is at work is cancelled."""
        self._over = True
        self.task.cancel()

    async def _run(self) -> None:
        while not self._over:
            event = await self.queue.get()
            self.busy = True
            try:
                await self.handler(event)
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("subscriber %s failed on %s", self.task.get_name(), type(event).__name__)
            finally:
                self.busy = False


class LocalBus:
    """The bus within one process. Needs a running event loop when subscribing."""

    def __init__(self) -> None:
        self._subscriptions: list[_Subscription] = []
        self._ending: set[asyncio.Task[None]] = set()
        """Of those who unsubscribed: handlers that still clean up, with a database connection in hand perhaps."""

    async def publish(self, event: Event) -> None:
        for subscription in list(self._subscriptions):
            subscription.offer(event)

    def subscribe(self, handler: Callable[[E], Awaitable[None]], *kinds: type[E]) -> Unsubscribe:
        subscription = _Subscription(handler, kinds)
        self._subscriptions.append(subscription)

        def unsubscribe() -> None:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
            if not subscription.task.done():
                subscription.end()
                self._ending.add(subscription.task)
                subscription.task.add_done_callback(self._ending.discard)

        return unsubscribe

    async def settle(self) -> None:
        """Wait until every subscriber has taken all that was published so far (tests, shutdown)."""
        while any(not s.queue.empty() or s.busy for s in self._subscriptions):  # noqa: ASYNC110 (ends at once)
            await asyncio.sleep(0)

    async def close(self) -> None:
        """End all subscriptions and wait until their handlers have cleaned up."""
        tasks = {subscription.task for subscription in self._subscriptions} | self._ending
        for subscription in self._subscriptions:
            subscription.end()
        self._subscriptions.clear()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read_events(reader: asyncio.StreamReader) -> Any:
    while line := await reader.readline():
        try:
            event = from_json(line)
        except ValueError:
            log.warning("a line on the bus bridge is not an event (%d bytes)", len(line))
            continue
        if event is not None:
            yield event


class BridgeServer:
    """Lets child processes share a `LocalBus`: what one side publishes the other hears."""

    def __init__(self, bus: LocalBus, socket: Path) -> None:
        self._bus = bus
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._socket.parent.mkdir(parents=True, exist_ok=True)
        self._socket.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._socket, limit=LINE_LIMIT)
        self._socket.chmod(0o600)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._links.add(task)
        echo: set[int] = set()

        async def forward(event: Event) -> None:
            if id(event) in echo:  # it came from this very child
                echo.discard(id(event))
                return
            writer.write(to_json(event) + b"\n")
            await writer.drain()

        unsubscribe = self._bus.subscribe(forward)
        try:
            async for event in _read_events(reader):
                echo.add(id(event))
                await self._bus.publish(event)
        except (ConnectionError, asyncio.CancelledError, ValueError):
            pass
        finally:
            unsubscribe()
            self._links.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        links = list(self._links)
        for task in links:
            task.cancel()
        await asyncio.gather(*links, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()
        self._socket.unlink(missing_ok=True)


class BridgeClient:
    """A child's side of the bridge: a bus that is also heard in the parent. Reconnects for ever."""

    def __init__(self, socket: Path, *, retry_s: float = 0.5) -> None:
        self._socket = socket
        self._retry_s = retry_s
        self._local = LocalBus()
        self._out: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LIMIT)
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="bus:bridge")

    async def publish(self, event: Event) -> None:
        await self._local.publish(event)
        if self._out.full():
            self._out.get_nowait()
        self._out.put_nowait(event)

    def subscribe(self, handler: Callable[[E], Awaitable[None]], *kinds: type[E]) -> Unsubscribe:
        return self._local.subscribe(handler, *kinds)

    async def _run(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._socket, limit=LINE_LIMIT)
            except OSError:
                await asyncio.sleep(self._retry_s)
                continue
            self.connected.set()
            sender = asyncio.create_task(self._send(writer))
            try:
                async for event in _read_events(reader):
                    await self._local.publish(event)
            except (ConnectionError, ValueError):
                pass
            finally:
                self.connected.clear()
                sender.cancel()
                await asyncio.gather(sender, return_exceptions=True)
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        while True:
            event = await self._out.get()
            writer.write(to_json(event) + b"\n")
            await writer.drain()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._local.close()
