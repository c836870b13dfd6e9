"""The IVR on a real Asterisk: a server with quick tone prompts, what it published, and a citizen's telephone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from asterisk_conf.launcher import AsteriskInstance
from db.models import Base, Call
from db.session import make_engine, make_sessions
from ivr.lookups import Lookups
from ivr.openings import Reload
from ivr.prompts import Prompts
from ivr.script.versions import publish
from ivr.server import IvrServer
from network.line import CitizenLine
from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.events import ScriptStep
from runtime.settings import Settings
from sound import levels, wav

TONE_HZ = 500
"""Not a note of the music on hold."""

CHARACTER_S = 0.12
"""Seconds of tone for each character: a greeting of 4 s, long enough to be cut short."""


class ToneVoice:
    """Says every text as a tone of its length; a test measures control flow, not beauty."""

    def __init__(self, character_s: float) -> None:
        self.name = f"tone-{character_s:g}"
        self._character_s = character_s

    async def speak(self, text: str, out: Path) -> None:
        wav.write(out, levels.tone(float(TONE_HZ), self._character_s * len(text)))


class Ivr:
    """A running IVR server and all it published."""

    def __init__(
        self,
        settings: Settings,
        engine: AsyncEngine,
        lookups: Lookups | None,
        voice: ToneVoice,
        reload_music: Reload | None,
    ) -> None:
        self.settings = settings
        self.voice = voice
        self.sessions = make_sessions(engine)
        self.bus = LocalBus()
        self.clock = SystemClock()
        self.steps: list[ScriptStep] = []
        self.lookups = lookups
        self.reload_music = reload_music
        self.server = self._make()
        self._unsubscribe = self.bus.subscribe(self._note, ScriptStep)

    def _make(self) -> IvrServer:
        return IvrServer(
            self.settings,
            self.sessions,
            self.bus,
            self.clock,
            prompts=Prompts(self.settings, self.voice),
            lookups=self.lookups,
            reload_music=self.reload_music,
        )

    async def _note(self, event: ScriptStep) -> None:
        self.steps.append(event)

    def nodes(self, call_id: str = "") -> list[str]:
        """Nodes entered so far, in order; kinds of the end where there is no node."""
        return [step.step or step.kind for step in self.steps if not call_id or step.call_id == call_id]

    def last_detail(self) -> str:
        return self.steps[-1].detail

    async def reach(self, node: str, seconds: float = 30.0) -> None:
        """Wait until some call entered this node. AssertionError tells where it went instead."""
        try:
            async with asyncio.timeout(seconds):
                while node not in self.nodes():  # noqa: ASYNC110  # the condition is about Asterisk
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not at {node} within {seconds} s, but {self.nodes()}") from None

    async def rows(self, kind: type[Base]) -> list[Base]:
        await self.server.settle()
        async with self.sessions() as session:
            return list(await session.scalars(select(kind)))

    async def add_call(self, call_id: str) -> None:
        """What the tracker does when a call comes in."""
        async with self.sessions.begin() as session:
            session.add(Call(id=call_id, caller="13912345678", started_at=self.clock.now()))


@asynccontextmanager
async def running_ivr(
    settings: Settings,
    *,
    script: str = "",
    lookups: Lookups | None = None,
    character_s: float = CHARACTER_S,
    hotline: AsteriskInstance | None = None,
) -> AsyncIterator[Ivr]:
    """An IVR server on these settings; `script` is published first, else the default answers.

    With `hotline` telephones ring while a queue's opening is heard.
    """
    engine = make_engine(f"sqlite+aiosqlite:///{settings.var / 'ivr.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    ivr = Ivr(
        settings, engine, lookups, ToneVoice(character_s), (lambda: hotline.cli("moh reload")) if hotline else None
    )
    if script:
        async with ivr.sessions.begin() as session:
            await publish(session, ivr.clock, script)
    try:
        await ivr.server.start()
        yield ivr
    finally:
        await ivr.server.close()
        await ivr.bus.close()
        await engine.dispose()


def citizen(settings: Settings, caller: str = "13912345678", heard: Path | None = None) -> CitizenLine:
    return CitizenLine(settings, caller=caller, heard=heard)


async def agent_on_break(hotline: AsteriskInstance) -> None:
    """Somebody is signed in but on a break, so that callers wait instead of being offered a message."""
    for queue in ("common", "enterprise", "foreign"):
        await hotline.cli(
            f"queue add member PJSIP/8009@trunk to {queue} penalty 0 as 8009 state_interface Custom:seat-8009"
        )
        await hotline.cli(f"queue pause member PJSIP/8009@trunk queue {queue}")


async def waiting(hotline: AsteriskInstance, queue: str = "common") -> list[tuple[str, int]]:
    """(channel, priority) of those who wait in the queue, first in line first."""
    shown = await hotline.cli(f"queue show {queue}")
    return [(name, int(prio)) for name, prio in re.findall(r"\d+\. (\S+) \(wait: [^,]+, prio: (\d+)\)", shown)]


async def channels(hotline: AsteriskInstance) -> list[str]:
    """Names of all channels of our Asterisk."""
    shown = await hotline.cli("core show channels concise")
    return [line.split("!")[0] for line in shown.splitlines() if "!" in line]


async def channel_in(hotline: AsteriskInstance, application: str) -> list[str]:
    """Answered channels that run this application now."""
    shown = await hotline.cli("core show channels concise")
    rows = [line.split("!") for line in shown.splitlines() if "!" in line]
    return [row[0] for row in rows if row[4] == "Up" and row[5] == application]
