"""Tells everybody who waits in a queue the position and the expected wait, without making anybody wait longer.

app_queue's own announcements hold the caller: while a sentence plays, no telephone rings for the first in line.
Ours is whispered into the music from a channel of its own (ChanSpy); the queue does not know of it, and it is
hung up the moment an agent answers. Why so, and what it costs: docs/decisions/0012.
"""

from __future__ import annotations

import asyncio
import logging
import math
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from calls.asterisk.ami import AmiError, AmiLink, Message
from calls.asterisk.ami_action import header
from calls.state.agent_states import AgentState
from calls.state.call_states import CallState
from calls.state.tracker import Tracker
from runtime.background import Background

log = logging.getLogger(__name__)

FIRST_S = 6.0
"""A new caller hears the music for so long first: most are answered within it."""
EVERY_S = 25.0
TICK_S = 0.5
AT_ONCE = 16
"""Sentences spoken at the same time; with more callers waiting, whoever has heard nothing longest is next."""
HANDLING_S = 180.0
"""Length of a talk and its after-call work while none has been measured."""
LONGEST_MIN = 60
AT_WORK = frozenset(
    {AgentState.READY, AgentState.RINGING, AgentState.TALKING, AgentState.HELD, AgentState.WRAP_UP}
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where Asterisk has a caller in the queue now, and how long its talks take, seconds (0: unknown)."""

    position: int
    talk_s: float


def expected_minutes(position: int, agents: int, handling_s: float) -> int:
    """Whole minutes until this position's turn: everybody before and oneself, shared by who is at work."""
    minutes = math.ceil(position * handling_s / max(1, agents) / 60)
    return max(1, min(LONGEST_MIN, minutes))


def places(listing: Iterable[Message]) -> dict[str, Place]:
    """Channel -> place, from the answer to QueueStatus (the queue's own line comes before its callers')."""
    found: dict[str, Place] = {}
    talk_s = 0.0
    for message in listing:
        match message.get("Event"):
            case "QueueParams":
                text = header(message, "TalkTime")
                talk_s = float(text) if text.isdigit() else 0.0
            case "QueueEntry":
                position = header(message, "Position")
                if position.isdigit():
                    found[header(message, "Channel")] = Place(int(position), talk_s)
            case _:
                pass
    return found


class Announcer:
    """`wrap_up_s` is added to each talk when the wait is estimated. Start it after the tracker."""

    def __init__(self, link: AmiLink, tracker: Tracker, *, wrap_up_s: float = 30.0) -> None:
        self._link = link
        self._tracker = tracker
        self._wrap_up_s = wrap_up_s
        self._told: dict[str, datetime] = {}
        """When each waiting call's last sentence began."""
        self._speaking: dict[str, str] = {}
        """Citizen's channel -> id of the channel that speaks to it."""
        self._background = Background()
        self._task: asyncio.Task[None] | None = None
        self._unhook: Callable[[], None] | None = None

    async def start(self) -> None:
        self._unhook = self._link.on_event(self._event)
        self._task = asyncio.create_task(self._run(), name="calls:announcer")

    async def close(self) -> None:
        if self._unhook is not None:
            self._unhook()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._background.close()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                if self._link.ready:
                    await self.tick(self._tracker.clock.now())
                else:
                    self._speaking.clear()  # their ends will not be told
            except AmiError as error:
                log.info("nobody is told the wait now: %s", error)
            except Exception:
                log.exception("telling the wait failed")

    async def tick(self, now: datetime) -> None:
        """Begin the sentences that are due. Raises AmiError."""
        waiting = [
            (call, call.entry)
            for call in self._tracker.line.calls.values()
            if call.entry and not call.joined("agent")
        ]
        self._told = {call.id: self._told[call.id] for call, _ in waiting if call.id in self._told}
        due: list[tuple[datetime, str, str]] = []
        for call, entry in waiting:
            last = self._told.get(call.id)
            since, pause = (entry.entered_at, FIRST_S) if last is None else (last, EVERY_S)
            free = call.state is not CallState.ENDED and call.channel not in self._speaking
            if free and (now - since).total_seconds() >= pause:
                due.append((since, call.channel, entry.queue))
        due.sort()
        del due[max(0, AT_ONCE - len(self._speaking)) :]
        if not due:
            return
        listings = [await self._link.listing("QueueStatus", Queue=queue) for queue in {queue for *_, queue in due}]
        found = {channel: place for listing in listings for channel, place in places(listing).items()}
        for _, channel, queue in due:
            still = self._tracker.line.of_channel(channel)
            place = found.get(channel)
            if still is None or still.entry is None or place is None:
                continue
            self._told[still.id] = now
            self._speak(channel, place.position, self._minutes(queue, place))

    def _minutes(self, queue: str, place: Place) -> int:
        agents = sum(
            queue in agent.queues and agent.state in AT_WORK for agent in self._tracker.roster.agents.values()
        )
        handling_s = place.talk_s + self._wrap_up_s if place.talk_s else HANDLING_S
        return expected_minutes(place.position, agents, handling_s)

    def _speak(self, channel: str, position: int, minutes: int) -> None:
        speaker = f"wait-{uuid.uuid4()}"
        self._speaking[channel] = speaker
        self._background.start(self._say(channel, speaker, position, minutes), "calls:announce")

    async def _say(self, channel: str, speaker: str, position: int, minutes: int) -> None:
        spoken = False
        try:
            outcome = await self._link.originate(
                timeout=5.0,
                Channel="Local/s@announce/n",
                ChannelId=speaker,
                OtherChannelId=f"{speaker}-2",
                Application="ChanSpy",
                Data=f"{channel},qwoES",
                Variable=[f"__ANNOUNCE_POSITION={position}", f"__ANNOUNCE_MINUTES={minutes}"],
            )
            spoken = outcome.answered
        except AmiError as error:
            log.info("a caller was not told the wait: %s", error)
        # A channel that never came about has no end that would be told.
        if not spoken and self._speaking.get(channel) == speaker:
            del self._speaking[channel]

    def _event(self, message: Message) -> None:
        """The channel that speaks is gone; or the caller has left the queue and somebody else speaks now."""
        match message.get("Event"):
            case "Hangup":
                gone = header(message, "Uniqueid")
                if gone.startswith("wait-"):
                    for channel in [key for key, speaker in self._speaking.items() if speaker == gone]:
                        del self._speaking[channel]
            case "QueueCallerLeave" | "AgentConnect":
                if (speaker := self._speaking.pop(header(message, "Channel"), "")) != "":
                    self._background.start(self._stop(speaker), "calls:announce")
            case _:
                pass

    async def _stop(self, speaker: str) -> None:
        try:
            await self._link.do("Hangup", timeout=5.0, Channel=speaker)
        except AmiError as error:
            log.debug("a sentence had ended by itself: %s", error)
