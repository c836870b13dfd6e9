"""A node holds its name: one row, kept fresh while it runs, so that no second node takes the same name.

Rows written under a former name of this node (or under none, before nodes had names) become its own.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import platform
import uuid
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    AgentSession,
    AgentStateLog,
    Call,
    CallLeg,
    Node,
    QueueEntry,
    Recording,
    User,
    Voicemail,
)
from db.session import AWAY, Sessions
from db.turns import Turn, take_turn
from runtime.clock import Clock
from runtime.errors import UserError
from runtime.lock import InstanceLock
from runtime.secretfile import secret
from runtime.settings import Settings

log = logging.getLogger(__name__)

BEAT_S = 5.0
LOST_AFTER = timedelta(seconds=15)
"""Three missed beats: the node is shown as lost, and its name may be taken on another machine."""

OF_A_NODE = (Call, CallLeg, QueueEntry, AgentSession, AgentStateLog, Recording, Voicemail, User)
"""Tables whose rows name a node."""


def home_of(settings: Settings) -> str:
    """Where an installation lives: only one process at a time is its node (a lock in its folder sees to that).

    The number after "#" is the folder's own: containers are often alike in name and path.
    """
    return f"{platform.node()}:{settings.var}"[:380] + f"#{secret(settings.secrets_dir, 'node.id')[:12]}"


def sip_url(settings: Settings) -> str:
    """Where desks reach the softphone link of this node's Asterisk."""
    address = ipaddress.ip_address(settings.node_host)
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"ws://{host}:{settings.asterisk_http_port}/ws"


class NodeLease:
    """A part of the node role: `start` takes the name or raises UserError, `close` gives it back."""

    def __init__(self, settings: Settings, sessions: Sessions, clock: Clock, *, beat_s: float = BEAT_S) -> None:
        self._settings = settings
        self._sessions = sessions
        self._clock = clock
        self._beat_s = beat_s
        self._lock = InstanceLock(settings.run_dir / "node.lock")
        self._task: asyncio.Task[None] | None = None
        self.instance = uuid.uuid4().hex

    async def start(self) -> None:
        """Take the name. Raises UserError when this folder's node runs already, or another has the name."""
        self._lock.acquire()
        try:
            async with self._sessions.begin() as session:
                await take_turn(session, Turn.NODE)
                await self._take(session)
        except BaseException:
            self._lock.release()
            raise
        self._task = asyncio.create_task(self._keep(), name="calls:node")

    async def _take(self, session: AsyncSession) -> None:
        settings, now, home = self._settings, self._clock.now(), home_of(self._settings)
        rows = {row.name: row for row in await session.scalars(select(Node))}
        ours = rows.pop(settings.node, None)
        if ours is not None and ours.home != home and ours.stopped_at is None:
            silent = now - ours.heartbeat_at
            # One process has a file of SQLite: whatever name it had before, it was this one.
            if silent < LOST_AFTER and not _alone(session):
                raise UserError(
                    f"another node is called {settings.node}: {ours.home.rpartition('#')[0]}, heard of"
                    f" {silent.total_seconds():.0f} s ago",
                    "give this one a name of its own (hotline node --name NAME, or HOTLINE_NODE); if the other has"
                    f" just died for good, wait {LOST_AFTER.total_seconds():.0f} s and start again",
                )
        former = {row.name for row in rows.values() if row.home == home or _alone(session)}
        for name in former:
            await session.delete(rows.pop(name))
        if ours is None and not rows:
            former.add("")
        for table in OF_A_NODE if former else ():
            await session.execute(update(table).where(table.node.in_(former)).values(node=settings.node))
        await session.merge(
            Node(
                name=settings.node,
                instance=self.instance,
                home=home,
                sip_url=sip_url(settings),
                recordings=str(settings.recordings_dir)[:400],
                started_at=now,
                heartbeat_at=now,
                stopped_at=None,
            )
        )

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self._beat_s)
            try:
                if not await self.beat():
                    log.critical("another process has taken the name %s: stop one of the two", self._settings.node)
            except AWAY as error:
                log.warning("the node's sign of life waits for the database: %s", type(error).__name__)
            except Exception:
                log.exception("the node's sign of life could not be written")

    async def beat(self) -> bool:
        """Say that this node runs; False when another process holds its name."""
        return await self._say(heartbeat_at=self._clock.now())

    async def _say(self, **values: object) -> bool:
        async with self._sessions.begin() as session:
            held = Node.name == self._settings.node, Node.instance == self.instance
            row = await session.scalar(select(Node).where(*held).with_for_update())
            if row is None:
                return False
            for name, value in values.items():
                setattr(row, name, value)
        return True

    async def close(self) -> None:
        """Say that the node was stopped, so that nobody looks for it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            try:
                await self._say(stopped_at=self._clock.now())
            except Exception as error:  # whoever looks will find it lost instead
                log.warning("the node's end could not be written: %s", type(error).__name__)
        self._lock.release()


def _alone(session: AsyncSession) -> bool:
    return session.get_bind().dialect.name == "sqlite"
