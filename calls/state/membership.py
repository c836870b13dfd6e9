"""Keeps the members of Asterisk's queues as the roster wants them: declared, compared, put right.

There is no list of commands to lose or repeat: after a restart of Asterisk or of ours the same comparison
puts every agent back.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from calls.asterisk.ami import AmiDown, AmiLink, AmiRefused, Message
from calls.asterisk.ami_action import header
from calls.asterisk.seats import Seats
from calls.state.agent_states import AgentState
from calls.state.roster import Roster

log = logging.getLogger(__name__)

RETRY_S = 5.0
"""A refusal is a fault of configuration: tried again, but not in a hurry."""

Key = tuple[str, str]
"""Queue and seat."""


@dataclass(frozen=True, slots=True)
class Member:
    """How a seat stands in a queue; the reason is shown by `queue show` and kept in queue_log."""

    paused: bool
    reason: str = ""


class Membership:
    """Compares what the roster wants with what Asterisk has, and acts on the difference."""

    def __init__(self, link: AmiLink, roster: Roster, seats: Seats) -> None:
        self._link = link
        self._roster = roster
        self._seats = seats
        self.actual: dict[Key, Member] = {}
        self._refused: dict[Key, float] = {}
        """What Asterisk refused, until when it is left alone (the loop's clock)."""
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="calls:membership")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def wanted(self) -> dict[Key, Member]:
        """Everybody logged in is a member; only who is ready or ringing is not paused."""
        wanted: dict[Key, Member] = {}
        for agent in self._roster.agents.values():
            if agent.state is AgentState.OFFLINE:
                continue
            # Paused from the answer on, not from the hang-up: the queue must find no gap before wrap-up.
            open_ = agent.state in (AgentState.READY, AgentState.RINGING)
            reason = "" if open_ else (agent.reason or str(agent.state))
            for queue in agent.queues:
                wanted[queue, agent.agent] = Member(not open_, reason)
        return wanted

    def settled(self) -> bool:
        """Whether Asterisk's queues are as wanted (reasons aside)."""
        wanted = self.wanted()
        return {k: m.paused for k, m in self.actual.items()} == {k: m.paused for k, m in wanted.items()}

    def poke(self) -> None:
        """Compare again soon."""
        self._wake.set()

    def learn(self, event: Message) -> None:
        """Take in QueueMember* events, whoever caused them."""
        agent = self._seats.extension_of_interface(header(event, "Interface") or header(event, "Location"))
        if not agent:
            return
        key = header(event, "Queue"), agent
        if event.get("Event") == "QueueMemberRemoved":
            self.actual.pop(key, None)
        else:
            self.actual[key] = Member(header(event, "Paused") == "1", header(event, "PausedReason"))
        self.poke()

    def reset(self, members: list[Message]) -> None:
        """Start from what QueueStatus says."""
        self.actual.clear()
        for member in members:
            self.learn(member)
        self.poke()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._settle()
            except AmiDown:
                continue  # the next connection reads the queues again and pokes us
            except Exception:
                log.exception("bringing the queues in line failed")
                await asyncio.sleep(1.0)

    async def _settle(self) -> None:
        """One comparison. What is refused holds up nobody else, and is tried again later."""
        wanted = self.wanted()
        loop = asyncio.get_running_loop()
        self._refused = {key: until for key, until in self._refused.items() if until > loop.time()}
        for key in [*(key for key in self.actual if key not in wanted), *wanted]:
            if key in self._refused:
                continue
            try:
                await self._put_right(key, wanted.get(key))
            except AmiRefused as refusal:
                log.warning("a queue is not as wanted: %s", refusal)
                self._refused[key] = loop.time() + RETRY_S
                loop.call_later(RETRY_S, self.poke)

    async def _put_right(self, key: Key, member: Member | None) -> None:
        """Make this seat stand in this queue as `member` says; None: not at all."""
        queue, agent = key
        interface = self._seats.dial(agent)
        actual = self.actual.get(key)
        if actual == member:
            return
        if member is None:
            await self._tolerant("QueueRemove", Queue=queue, Interface=interface)
            self.actual.pop(key, None)
            return
        paused = {"Paused": "true" if member.paused else "false", "Reason": member.reason}
        if actual is None:
            state = {"StateInterface": self._seats.state(agent)} if self._seats.state(agent) else {}
            await self._tolerant(
                "QueueAdd",
                Queue=queue,
                Interface=interface,
                MemberName=agent,
                Penalty="0",
                **paused,
                **state,
            )
        else:
            await self._tolerant("QueuePause", Queue=queue, Interface=interface, **paused)
        self.actual[key] = member

    async def _tolerant(self, action: str, **fields: str) -> None:
        try:
            await self._link.do(action, timeout=5.0, **fields)
        except AmiRefused as refusal:
            # "Already there" and "Not there" are what we wanted; anything else is a fault of configuration.
            if "there" not in refusal.message.lower():
                raise
