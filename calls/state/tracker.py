"""The tracker: one task that takes Asterisk's events, people's commands and the passing of time, in order.

Each step first writes its rows, then publishes its events. Nothing polls per viewer: one picture of
Asterisk is taken at each (re)connect and every half minute to heal what was missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from calls.asterisk.ami import AmiError, AmiLink, AmiLoginRefused, AmiRefused, Message
from calls.asterisk.queues import QUEUES
from calls.asterisk.seats import Seats
from calls.state.agent_states import AgentState
from calls.state.call_states import CallState
from calls.state.changes import Changes
from calls.state.event_reader import EventReader
from calls.state.ledger import Ledger
from calls.state.line import Line
from calls.state.live import LiveAgent, LiveCall
from calls.state.membership import Membership
from calls.state.rebuild import Picture, Reconciler, load, take_picture
from calls.state.roster import Roster
from db.session import Sessions
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.events import QueueChanged, TelephonyStale
from runtime.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(slots=True)
class _Command:
    """Something to do in the tracker's own task; the future gets its result."""

    do: Callable[[datetime], Any]
    done: asyncio.Future[Any]


class Tracker:
    """Live state of calls, queues and agents.

    Args: `link` not yet started (the tracker hooks itself in; whoever made the link starts it after
    `start()`), `wrap_up_s` limit of after-call work in seconds, `seats` naming of softphones,
    `tick_s` how often time is looked at, `heal_s` how often Asterisk is asked for a whole picture.
    """

    def __init__(
        self,
        link: AmiLink,
        sessions: Sessions,
        bus: Bus,
        clock: Clock,
        settings: Settings,
        *,
        seats: Seats | None = None,
        wrap_up_s: float = 30.0,
        tick_s: float = 0.5,
        heal_s: float = 30.0,
    ) -> None:
        self.link = link
        self.clock = clock
        self.settings = settings
        self.seats = seats or Seats()
        self._sessions = sessions
        self._bus = bus
        self._tick_s = tick_s
        self._heal_s = heal_s
        self._changes = Changes(settings.node)
        self._ledger = Ledger(sessions)
        self.roster = Roster(lambda: self._changes, wrap_up_s=wrap_up_s, sign_out_s=settings.sign_out_s)
        self.line = Line(self.roster, lambda: self._changes, self.act)
        self.membership = Membership(link, self.roster, self.seats)
        self._reader = EventReader(self.line, self.membership, self.seats, clock)
        self._reconciler = Reconciler(self.line, self._reader, self.membership)
        self._inbox: asyncio.Queue[tuple[int, Message | _Command]] = asyncio.Queue()
        self._seq = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._effects: set[asyncio.Task[None]] = set()
        self._stopping: list[Callable[[], None]] = []
        self._moved = asyncio.Condition()
        self._queues: dict[str, QueueChanged] = {}
        self.stale_since: datetime | None = clock.now()
        """Since when the numbers are old; None while the link is up."""
        self.stale_reason = "尚未连接话务平台"

    # -- life ----------------------------------------------------------------------------------
    async def start(self) -> None:
        """Remember what the database knows, then follow the link."""
        try:
            await load(self._sessions, self.line, self.clock.now(), self.settings.node)
        except Exception:  # without its memory the tracker still follows the calls
            log.exception("the live state could not be read from the database")
        self._stopping = [
            self.link.on_event(self._take),
            self.link.on_up(self._up),
            self.link.on_down(self._down),
        ]
        self._tasks = [
            asyncio.create_task(self._work(), name="calls:tracker"),
            asyncio.create_task(self._tick(), name="calls:tick"),
            asyncio.create_task(self._heal(), name="calls:heal"),
        ]
        await self.membership.start()

    async def close(self) -> None:
        for stop in self._stopping:
            stop()
        for task in [*self._tasks, *self._effects]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._effects, return_exceptions=True)
        await self.membership.close()
        await self._ledger.close()

    async def _up(self) -> None:
        picture = await take_picture(self.link, lambda: self._seq)
        await self.call(lambda at: self._see(picture, at))

    def _see(self, picture: Picture, at: datetime) -> None:
        self._reconciler.apply(picture, at)
        self.stale_since, self.stale_reason = None, ""
        self._changes.publish(TelephonyStale(stale=False, since=at))

    async def _down(self, _: str) -> None:
        # The link has logged its own reason, in English, for whoever mends it; this one is for agents.
        refused = isinstance(self.link.fault, AmiLoginRefused)
        reason = "话务平台拒绝了登录，请联系管理员" if refused else "与话务平台的连接中断"

        def stale(at: datetime) -> None:
            first = self.stale_since is None
            self.stale_since = self.stale_since or at
            if first or reason != self.stale_reason:
                self.stale_reason = reason
                self._changes.publish(TelephonyStale(stale=True, since=self.stale_since, reason=reason))

        await self.call(stale)

    # -- the one task --------------------------------------------------------------------------
    def _take(self, message: Message) -> None:
        if message.get("Event") in self._reader.kinds:
            self._seq += 1
            self._inbox.put_nowait((self._seq, message))

    async def call(self, do: Callable[[datetime], T]) -> T:
        """Run `do(now)` between two events, so that it sees and leaves a whole state; returns its result."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._inbox.put_nowait((self._seq, _Command(do, done)))
        return await done

    async def _work(self) -> None:
        while True:
            self.line.seq, item = await self._inbox.get()
            result: Any = None
            error: Exception | None = None
            try:
                if isinstance(item, _Command):
                    result = item.do(self.clock.now())
                else:
                    self._reader.read(item)
            except Exception as fault:
                error = fault
                if not isinstance(item, _Command):
                    log.exception("event %s could not be taken in", item.get("Event"))
            await self._settle()
            if isinstance(item, _Command) and not item.done.done():
                if error is not None:
                    item.done.set_exception(error)
                else:
                    item.done.set_result(result)

    async def _settle(self) -> None:
        """Write and publish what the step changed, and wake whoever waits for a state."""
        if self._changes:
            changes, self._changes = self._changes, Changes(self.settings.node)
            self._queue_news(changes)
            try:
                if changes.rows:
                    await self._ledger.write(*changes.rows)
                for event in changes.events:
                    await self._bus.publish(event)
            except Exception:
                log.exception("a step of the tracker could not be written or published")
            self.membership.poke()
        async with self._moved:
            self._moved.notify_all()

    def _queue_news(self, changes: Changes) -> None:
        for queue in QUEUES:
            news = self.queue_state(queue)
            if news != self._queues.get(queue):
                self._queues[queue] = news
                changes.publish(news)

    def queue_state(self, queue: str) -> QueueChanged:
        """How a queue stands now."""
        waiting = [c.entry.entered_at for c in self.line.calls.values() if c.entry and c.entry.queue == queue]
        staff = [a for a in self.roster.agents.values() if queue in a.queues and a.state is not AgentState.OFFLINE]
        return QueueChanged(
            queue=queue,
            waiting=len(waiting),
            oldest_since=min(waiting, default=None),
            ready=sum(a.state is AgentState.READY for a in staff),
            staffed=len(staff),
        )

    @property
    def behind(self) -> int:
        """Changes of rows that the database has not taken yet."""
        return self._ledger.behind

    async def wait_for(self, condition: Callable[[], T], timeout: float) -> T:
        """Wait until `condition()` is true, looked at after each step; TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(timeout), self._moved:
            return await self._moved.wait_for(condition)

    # -- time ----------------------------------------------------------------------------------
    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self._tick_s)
            try:
                await self.call(self.tick)
            except Exception:  # else no wrap-up would ever end again, and nobody would be told why
                log.exception("the passing of time could not be taken in")

    def tick(self, at: datetime) -> None:
        """Let time pass (in the tracker's task): wrap-up ends, silent desks are lost."""
        for agent in self.roster.tick(at):
            call = self.line.of_agent(agent.agent)
            leg = call.leg_of("agent", agent.agent) if call else None
            if leg is not None and leg.joined_at is None:
                self.act("Hangup", Channel=leg.channel)  # the queue rings the next agent at once

    async def _heal(self) -> None:
        while True:
            await asyncio.sleep(self._heal_s)
            if self.link.ready:
                try:
                    await self.heal()
                except AmiError:
                    pass  # the link tells of itself
                except Exception:
                    log.exception("a picture of Asterisk could not be taken in")

    async def heal(self) -> None:
        """Take a picture of Asterisk and put the live state right. Raises AmiError."""
        picture = await take_picture(self.link, lambda: self._seq)
        await self.call(lambda at: self._reconciler.apply(picture, at))

    # -- effects -------------------------------------------------------------------------------
    def act(self, action: str, **fields: str) -> None:
        """Do an action soon; a refusal (the channel is gone already) is only noted."""
        task = asyncio.create_task(self._act(action, fields), name=f"ami:{action}")
        self._effects.add(task)
        task.add_done_callback(self._effects.discard)

    async def _act(self, action: str, fields: dict[str, str]) -> None:
        try:
            await self.link.do(action, timeout=5.0, **fields)
        except AmiRefused as refusal:
            log.info("%s", refusal)
        except AmiError as error:
            log.warning("%s was not done: %s", action, error)

    # -- what others may read ------------------------------------------------------------------
    def agents(self) -> list[LiveAgent]:
        return sorted(self.roster.agents.values(), key=lambda agent: agent.agent)

    def live_calls(self) -> list[LiveCall]:
        return [call for call in self.line.calls.values() if call.state is not CallState.ENDED]
