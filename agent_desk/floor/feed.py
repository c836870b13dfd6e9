"""The live board's source: follows the floor once for all boards and tells each what has changed.

Twice a second at most, and only while somebody watches. Opening one more board costs neither the database nor the
telephony anything: it gets the picture that the others have.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any, Protocol

from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from agent_desk.agents.unwatched import lately
from agent_desk.floor.script_words import ScriptWords
from agent_desk.floor.view import View, changes, view, wall
from agent_desk.live.hub import LiveHub
from calls.floor.figures import minute_of
from calls.floor.floor import Floor
from calls.floor.limits import limits
from calls.floor.remembered import remembered
from calls.floor.teams import Member, members, teams
from calls.floor.usual import Usual, usual
from calls.nodes.places import NodeState
from db.session import AWAY, Sessions
from runtime.bus import Bus, Unsubscribe
from runtime.clock import Clock, midnight
from runtime.events import (
    AgentStateChanged,
    CallAnswered,
    CallbackChanged,
    CallEnded,
    CallHeld,
    CallOwnerChanged,
    CallQueued,
    CallRinging,
    CallStarted,
    EmergencyHeard,
    Event,
    HandoffChanged,
    LegJoined,
    LegLeft,
    QueueAbandoned,
    QueueLeft,
    RingMissed,
    ScriptStep,
    TelephonyStale,
)

log = logging.getLogger(__name__)

PUSH_S = 0.5
PEOPLE = timedelta(seconds=60)
"""How soon a new account, a new name or a message of another desk process about teams and limits is shown."""
AGAIN = timedelta(minutes=15)
"""The floor is made anew from the database so often: an event that was lost is not missed for longer."""
DOUBT = timedelta(seconds=5)
"""After reading the database, events may still be under way whose rows were read."""
KINDS: tuple[type[Event], ...] = (
    AgentStateChanged,
    CallAnswered,
    CallbackChanged,
    CallEnded,
    CallHeld,
    CallOwnerChanged,
    CallQueued,
    CallRinging,
    CallStarted,
    EmergencyHeard,
    HandoffChanged,
    LegJoined,
    LegLeft,
    QueueAbandoned,
    QueueLeft,
    RingMissed,
    ScriptStep,
    TelephonyStale,
)


class Watcher(Protocol):
    """Who watches: a page's link, a screen's."""

    def offer(self, message: dict[str, Any]) -> None: ...


class FloorFeed:
    """One a desk process. `ready` is set when the floor is known for the first time."""

    def __init__(self, bus: Bus, sessions: Sessions, clock: Clock, hub: LiveHub) -> None:
        self._bus = bus
        self._sessions = sessions
        self._clock = clock
        self._hub = hub
        self._floor = Floor()
        self._held: list[Event] | None = None
        """What was told while the database is read: it is newer, or the same."""
        self._reading = asyncio.Lock()
        self._read_at: datetime | None = None
        self._people_at: datetime | None = None
        self._people: dict[int, Member] = {}
        self._strangers: set[int] = set()
        self._arranged: View = {}
        """Limits, teams, and how many calls nobody watched: what is no event."""
        self._usual: Usual | None = None
        self._script = ScriptWords()
        self._watchers: dict[Watcher, bool] = {}
        """Watcher -> whether it is a screen on a wall."""
        self._views: dict[bool, View] = {}
        self._viewed_at: datetime | None = None
        self._dirty = True
        self._minute = 0
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Unsubscribe | None = None
        self.ready = asyncio.Event()

    async def start(self) -> None:
        """Listen at once; what was before is read beside it, for as long as it takes the database."""
        self._unsubscribe = self._bus.subscribe(self._on_event, *KINDS)
        self._hub.boards = self
        if self._hub.places is not None:
            self._hub.places.on_change(self._node_changed)
        self._task = asyncio.create_task(self._run(), name="desk:floor")

    async def close(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # -- what happens --------------------------------------------------------------------------
    async def _on_event(self, event: Event) -> None:
        self._dirty = True
        if isinstance(event, TelephonyStale):
            return
        if self._held is not None:
            self._held.append(event)
        doubtful = self._read_at is not None and self._clock.now() - self._read_at < DOUBT
        if doubtful and self._floor.knows(event):
            return
        self._floor.take(event)
        user_id = event.user_id if isinstance(event, AgentStateChanged) else None
        if user_id is not None and user_id not in self._people and user_id not in self._strangers:
            self._strangers.add(user_id)  # asked for once: an account without a seat stays unknown
            self._people_at = None

    async def _node_changed(self, _: NodeState) -> None:
        """What a node told while it was out of reach was not heard here."""
        self._read_at = None

    async def _run(self) -> None:
        while True:
            try:
                await self._keep()
                self.push()
            except (*AWAY, SQLAlchemyError) as error:
                log.warning("the floor could not be read: %s", type(error).__name__)
            except Exception:
                log.exception("the board could not be brought up to date")
            await asyncio.sleep(PUSH_S)

    async def _keep(self) -> None:
        """Read from the database what is due: rarely, and never because somebody looks."""
        now = self._clock.now()
        if self._read_at is None or not timedelta(0) <= now - self._read_at < AGAIN:
            await self.read()
        if self._people_at is None or not timedelta(0) <= now - self._people_at < PEOPLE:
            await self.arrange()
        waiting = [call.steps for call in self._floor.calls.live.values() if call.waits is not None]
        if unknown := set().union(*(self._script.unknown(steps) for steps in waiting)):
            async with self._sessions() as session:
                await self._script.learn(session, unknown)
        self.ready.set()

    async def read(self) -> None:
        """Make the floor anew from the database; what happens meanwhile is not lost."""
        async with self._reading:
            now, self._held = self._clock.now(), []
            try:
                async with self._sessions() as session:
                    floor = await remembered(session, now)
                for event in self._held:
                    if not floor.knows(event):
                        floor.take(event)
            finally:
                self._held = None
            self._floor, self._read_at, self._dirty = floor, now, True

    async def arrange(self) -> None:
        """Read names, teams and limits again; whoever changes them calls it, so that boards show it at once."""
        now = self._clock.now()
        async with self._sessions() as session:
            self._people = {member.user_id: member for member in await members(session)}
            queues = ["", *(queue.queue for queue in self._floor.picture(now).queues)]
            found = await limits(session, queues)
            self._arranged = {
                "limits": {
                    queue: {metric.value: [limit.amber, limit.red] for metric, limit in of_queue.items()}
                    for queue, of_queue in found.items()
                },
                "teams": [{"id": team.id, "name": team.name} for team in await teams(session)],
                "unwatched": await lately(session, now),
            }
            if self._usual is None or self._usual.day != midnight(now):
                self._usual = await usual(session, now)
        self._people_at, self._dirty = now, True

    # -- who watches ---------------------------------------------------------------------------
    def join(self, watcher: Watcher, *, on_wall: bool = False) -> None:
        """The whole picture now, and what changes from now on."""
        if not self._watchers or self._viewed_at is None:
            self._look()
        self._watchers[watcher] = on_wall
        now = self._clock.now().isoformat()
        watcher.offer({"type": "board", "now": now, "whole": True, "sections": self._views[on_wall]})

    def leave(self, watcher: Watcher) -> None:
        self._watchers.pop(watcher, None)

    def now(self) -> View:
        """The whole board as it is."""
        self._look()
        return self._views[False]

    def push(self) -> None:
        """Tell every board what has changed since the last time, if anything has."""
        now = self._clock.now()
        if not self._watchers or not (self._dirty or minute_of(now) != self._minute or self._state_changed()):
            return
        before = self._views
        self._look()
        for on_wall in (False, True):
            told = changes(before.get(on_wall, {}), self._views[on_wall])
            if told:
                message = {"type": "board", "now": now.isoformat()} | told
                for watcher, walled in list(self._watchers.items()):
                    if walled == on_wall:
                        watcher.offer(message)

    def _look(self) -> None:
        now = self._clock.now()
        if minute_of(now) != self._minute:
            self._floor.forget(now)
        self._dirty, self._minute, self._viewed_at = False, minute_of(now), now
        away = self._away()
        whole = view(self._floor.picture(now, away), self._people, away, self._script.of, self._usual)
        whole |= self._arranged | {"state": self._state()}
        self._views = {False: whole, True: wall(whole)}

    def _away(self) -> dict[str, str]:
        nodes = self._hub.places.nodes.values() if self._hub.places is not None else ()
        return {node.name: "节点失联" if node.lost else "节点已停" for node in nodes if not node.runs}

    def _state(self) -> View:
        """How far the numbers can be trusted."""
        nodes = list(self._hub.places.nodes.values()) if self._hub.places is not None else []
        away, telephony = self._away(), self._hub.telephony("")
        old = telephony if telephony is not None and telephony.stale and telephony.node not in away else None
        return {
            "known": self.ready.is_set(),
            "stale_since": old.since.isoformat() if old is not None else None,
            "nodes": [node.name for node in nodes],
            "lost": [node.words for node in nodes if node.lost],
        }

    def _state_changed(self) -> bool:
        return self._views.get(False, {}).get("state") != self._state()


FLOOR = web.AppKey("floor", FloorFeed)
