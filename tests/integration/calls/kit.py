"""A node's calls room on a real Asterisk, with seats that are answered by the telephone-network simulator.

Browsers are not needed here: the queue rings `PJSIP/8001@trunk`, and the simulator answers any number (or
not, as its database says). Production keeps its own naming of seats.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from calls.acts.client import ControlClient
from calls.asterisk.ami import AmiLink
from calls.asterisk.seats import Seats
from calls.node import CallsNode
from calls.state.live import LiveCall
from db.base import Base
from db.models import Handoff  # noqa: F401  # the whole metadata is needed
from db.session import make_engine, make_sessions
from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.events import Event
from runtime.secretfile import secret
from runtime.settings import Settings

E = TypeVar("E", bound=Event)

SEATS = Seats(interface="PJSIP/{}@trunk", state_interface="Custom:seat-{}")


class Room:
    """The calls room under test, what it published, and the simulator's switch-board."""

    def __init__(self, settings: Settings, engine: AsyncEngine, **node: Any) -> None:
        self.settings = settings
        self.clock = SystemClock()
        self.bus = LocalBus()
        self.sessions = make_sessions(engine)
        self.node = CallsNode(settings, self.sessions, self.bus, self.clock, seats=SEATS, **node)
        self.client = ControlClient(self.bus, self.clock)
        self.events: list[Event] = []
        self._hearing = self.bus.subscribe(self._hear, Event)
        self.network = AmiLink(
            "127.0.0.1", settings.network_ami_port, "network", secret(settings.secrets_dir, "ami.network")
        )
        self._beats: dict[str, asyncio.Task[None]] = {}

    async def _hear(self, event: Event) -> None:
        self.events.append(event)

    def heard(self, kind: type[E], **fields: Any) -> list[E]:
        return [
            e
            for e in self.events
            if isinstance(e, kind) and all(getattr(e, key) == value for key, value in fields.items())
        ]

    async def wait(self, kind: type[E], timeout: float = 30.0, **fields: Any) -> E:
        """The first such event heard so far or from now on."""
        await self.until(lambda: bool(self.heard(kind, **fields)), timeout, f"{kind.__name__} {fields}")
        return self.heard(kind, **fields)[0]

    async def until(self, condition: Callable[[], object], timeout: float = 30.0, what: str = "") -> None:
        try:
            async with asyncio.timeout(timeout):
                while not condition():  # noqa: ASYNC110  # the condition is about Asterisk
                    await asyncio.sleep(0.02)
        except TimeoutError:
            told = "\n".join(str(event) for event in self.events[-15:])
            raise AssertionError(f"not within {timeout:g} s: {what}; heard:\n{told}") from None

    async def start(self) -> None:
        await self.network.start()
        await self.network.wait_ready(30)
        await self.node.start()
        await self.node.link.wait_ready(30)

    async def close(self) -> None:
        for task in self._beats.values():
            task.cancel()
        await asyncio.gather(*self._beats.values(), return_exceptions=True)
        await self.node.close()
        await self.network.close()
        await self.client.close()
        await self.bus.close()

    # -- people --------------------------------------------------------------------------------
    async def sign_in(self, seat: str) -> None:
        """An agent is there, but not ready: with nobody at all the queue takes no calls."""
        await self.client.do("login", actor=seat, user_id=None, queues=["common"])
        await self.until(self.node.tracker.membership.settled, what=f"{seat} in its queues")

    async def sit(self, seat: str) -> None:
        """An agent signs in, is ready and keeps the desk's heart beating."""
        await self.sign_in(seat)
        self._beats[seat] = asyncio.create_task(self._beat(seat))
        await self.client.do("ready", actor=seat)
        await self.until(self.node.tracker.membership.settled, what=f"{seat} in its queues")

    async def _beat(self, seat: str) -> None:
        while True:
            await self.client.do("heartbeat", actor=seat, sip_registered=True, mic_ok=True, timeout=30)
            await asyncio.sleep(3)

    def lose(self, seat: str) -> None:
        self._beats.pop(seat).cancel()

    async def telephone(self, number: str, mode: str) -> None:
        """Tell the simulator how this number behaves: answer, noanswer or busy."""
        await self.network.do("DBPut", Family="network", Key=number, Val=mode)

    def calls(self) -> list[LiveCall]:
        return self.node.tracker.live_calls()


@asynccontextmanager
async def room(settings: Settings, folder: Path, **node: Any) -> AsyncIterator[Room]:
    engine = make_engine(f"sqlite+aiosqlite:///{folder / 'calls.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    there = Room(settings, engine, **node)
    await there.start()
    try:
        yield there
    finally:
        await there.close()
        await engine.dispose()
