"""The event bus over NATS: for centres that run node, speech, desk and jobs on several machines."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg

from hotline.bus import E, LocalBus, Unsubscribe
from hotline.errors import UserError
from hotline.events import Event, from_json, to_json

log = logging.getLogger(__name__)

SUBJECT = "hotline.events"
CONNECT_S = 5.0


class NatsBus:
    """Publishes every event on one subject; each process hears all and filters by kind locally.

    Live events are small and few (tens a second for a large centre), so one subject suffices.
    Reconnects for ever; while NATS is away, publishing buffers up to 2 MB and local subscribers still hear.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._local = LocalBus()
        self._client: Client | None = None

    async def start(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_S):
                self._client = await nats.connect(
                    self._url, max_reconnect_attempts=-1, allow_reconnect=True, no_echo=True
                )
        except (OSError, TimeoutError, nats.errors.Error) as error:
            await self._local.close()
            raise UserError(
                f"NATS does not answer at {self._url}", "start nats-server or mend HOTLINE_NATS_URL"
            ) from error
        await self._client.subscribe(SUBJECT, cb=self._heard)

    async def _heard(self, message: Msg) -> None:
        try:
            event = from_json(message.data)
        except ValueError:
            log.warning("a message on %s is not an event (%d bytes)", SUBJECT, len(message.data))
            return
        if event is not None:
            await self._local.publish(event)

    async def publish(self, event: Event) -> None:
        await self._local.publish(event)
        if self._client is not None:
            try:
                await self._client.publish(SUBJECT, to_json(event))
            except nats.errors.Error as error:
                log.warning("event %s did not reach NATS: %s", type(event).__name__, error)

    def subscribe(self, handler: Callable[[E], Awaitable[None]], *kinds: type[E]) -> Unsubscribe:
        return self._local.subscribe(handler, *kinds)

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
        await self._local.close()
