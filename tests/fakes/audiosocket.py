"""Plays Asterisk's side of AudioSocket: connects, says its UUID, sends frames."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime, timedelta

from runtime.bus import Bus
from runtime.events import Speaker, TapOpened
from speech.audiosocket import FRAME_BYTES, Kind, frame

FRAME_S = 0.02


class FakeLeg:
    """One leg towards 127.0.0.1:`port`."""

    def __init__(self, port: int, tap_id: str | None = None) -> None:
        self.tap_id = tap_id or str(uuid.uuid4())
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def announce(
        self, bus: Bus, call_id: str, speaker: Speaker = "citizen", origin: datetime | None = None
    ) -> None:
        """What the node does before Asterisk connects; the call began now, unless told otherwise."""
        origin = origin or datetime.now(UTC) - timedelta(milliseconds=20)
        await bus.publish(TapOpened(call_id=call_id, tap_id=self.tap_id, speaker=speaker, origin=origin))

    async def connect(self, *, hello: bool = True) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        if hello:
            self.send(frame(Kind.UUID, uuid.UUID(self.tap_id).bytes))

    def send(self, data: bytes) -> None:
        assert self._writer is not None
        self._writer.write(data)

    async def say(self, pcm: bytes, *, real_time: bool = False) -> None:
        """Send sound in frames of 20 ms, as fast as they are taken or one every 20 ms."""
        assert self._writer is not None
        loop = asyncio.get_running_loop()
        due = loop.time()
        for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
            if real_time:
                due += FRAME_S
                await asyncio.sleep(due - loop.time())
            self.send(frame(Kind.AUDIO, pcm[at : at + FRAME_BYTES]))
            await self._writer.drain()

    async def refused(self, seconds: float = 30.0) -> bool:
        """Whether the server closes this connection within so long."""
        assert self._reader is not None
        try:
            async with asyncio.timeout(seconds):
                while await self._reader.read(1024):
                    pass
        except TimeoutError:
            return False
        except ConnectionError:
            return True
        return True

    async def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()
            try:
                await self._writer.wait_closed()
            except ConnectionError:
                return
