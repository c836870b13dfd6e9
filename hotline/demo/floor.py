"""The floor: agents come, have a break and go; citizens call, wait, are answered or give up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from calls.state.agent_states import AgentState
from calls.state.live import LiveCall
from hotline.demo.agenda import Process
from hotline.demo.answering import Answering
from hotline.demo.people import Agent, Citizen
from hotline.demo.plans import Plans
from hotline.demo.shape import arrivals, lognormal
from hotline.demo.shifts import Roster, Shift
from hotline.demo.talks import Talks
from hotline.demo.world import World
from runtime.clock import SHANGHAI

MIS_DIALLED, ASKS_PROGRESS, HASTY, MISSED = 0.012, 0.02, 0.008, 0.012
"""Shares: hang up in the greeting, ask the script for progress, hang up at once in the queue; rings not taken."""

GREETING_S = (6.2, 7.4)
OFFER_S = 60.0
"""After so long in the queue the script offers to call back (ivr/scripts/direct.yaml)."""
ACCEPTS_OFFER = 0.4

AT_WORK = frozenset(AgentState) - {AgentState.OFFLINE, AgentState.NOT_READY}


@dataclass(eq=False, slots=True)
class Caller:
    """Somebody in the queue."""

    call: LiveCall
    citizen: Citizen
    rung: bool = False
    answered: bool = False
    gone: bool = False


class Floor:
    """`after_step` must be awaited after each step of the agenda: it connects who waits with who is free."""

    def __init__(
        self, world: World, plans: Plans, talks: Talks, answering: Answering, calls_per_day: float
    ) -> None:
        self._world = world
        self._plans = plans
        self._talks = talks
        self._answering = answering
        self._calls_per_day = calls_per_day
        self._agents = {agent.seat: agent for agent in world.people.agents}
        self._waiting: list[Caller] = []

    async def after_step(self) -> None:
        if self._waiting:
            free = iter(self._world.ready())
            for caller in self._waiting:
                if not caller.rung and (seat := next(free, None)) is not None:
                    caller.rung = True
                    leg = self._world.exchange.rings(caller.call, seat)
                    self._world.agenda.add(self._ring(caller, seat, leg))
        await self._world.step()

    @property
    def quiet(self) -> bool:
        """Nobody waits, and somebody is free for other work."""
        return not self._waiting and len(self._world.ready()) > 0

    # -- days ----------------------------------------------------------------------------------
    async def days(self, first: date) -> Process:
        """Each day's shifts and calls, planned at its beginning."""
        world, roster = self._world, Roster(len(self._world.people.agents))
        day = first
        while True:
            for shift in roster.of(day, self._calls_per_day, world.calendar):
                world.agenda.add(self._shift(shift), max(world.now, shift.begins))
            for moment in self._calls(day):
                world.agenda.add(self._call(), moment)
            day += timedelta(days=1)
            yield datetime.combine(day, datetime.min.time(), SHANGHAI)

    def _calls(self, day: date) -> Iterator[datetime]:
        world = self._world
        moments = arrivals(day, self._calls_per_day, world.calendar, world.rng)
        return (moment for moment in moments if moment < world.last_call)

    # -- agents --------------------------------------------------------------------------------
    async def _shift(self, shift: Shift) -> Process:
        world, roster = self._world, self._world.exchange.roster
        agent = self._world.people.agents[shift.person]
        seat = roster.login(agent.seat, agent.actor.user_id, ("common",), world.now)
        yield world.after(world.rng.uniform(10, 60))
        self._ready(agent)
        pauses = (
            (shift.begins + timedelta(minutes=world.rng.uniform(75, 130)), "break", 11.0),
            (shift.meal, "meal", 30.0),
            (shift.meal + timedelta(minutes=world.rng.uniform(110, 150)), "break", 11.0),
        )
        for due, reason, minutes in pauses:
            yield max(due, world.now)
            tries = 0
            while not shift.alone and len(world.ready()) < 2 and tries < 8:  # somebody must stay
                tries += 1
                yield world.after(240)
            roster.not_ready(seat, reason, world.now)
            yield world.after(minutes * 60 * world.rng.uniform(0.8, 1.2))
            self._ready(agent)
        yield max(shift.ends, world.now)
        roster.logout(seat, world.now)

    def _ready(self, agent: Agent) -> None:
        roster, now = self._world.exchange.roster, self._world.now
        seat = roster.seat(agent.seat, now)
        roster.heartbeat(seat, True, True, now)
        roster.ready(seat, now)

    async def _comes_back(self, seat: str) -> Process:
        """Who has missed a ring was away from the desk."""
        yield self._world.after(self._world.rng.uniform(20, 150))
        if self._world.exchange.roster.seat(seat, self._world.now).reason == "missed":
            self._ready(self._agents[seat])

    # -- calls ---------------------------------------------------------------------------------
    async def _call(self) -> Process:
        world, rng = self._world, self._world.rng
        citizen = world.people.caller()
        call = world.exchange.citizen_calls(world.new_call_id(), citizen.phone)
        world.note_step(call.id, "queue", "queue")
        drawn = rng.random()
        if drawn < MIS_DIALLED:
            yield world.after(rng.uniform(1.5, 6))
            world.exchange.ends(call)
            return
        yield world.after(rng.uniform(*GREETING_S))
        if drawn < MIS_DIALLED + ASKS_PROGRESS:
            world.note_step(call.id, "progress", "progress", "2")
            yield world.after(rng.uniform(18, 50))
            world.exchange.ends(call)
            return
        if not any(agent.state in AT_WORK for agent in world.exchange.roster.agents.values()):
            async for later in self._answering.closed(call, citizen):
                yield later
            return
        async for later in self._queue(call, citizen):
            yield later

    async def _queue(self, call: LiveCall, citizen: Citizen) -> Process:
        world, rng = self._world, self._world.rng
        world.note_step(call.id, "queue", "queue")
        caller = Caller(call, citizen)
        self._waiting.append(caller)
        world.exchange.queues(call, len(self._waiting))
        patience = rng.uniform(1, 4.5) if rng.random() < HASTY else lognormal(rng, 95, 0.8, 6, 420)
        yield world.after(min(patience, OFFER_S))
        if patience > OFFER_S and not caller.answered:
            if not caller.rung and citizen.phone and rng.random() < ACCEPTS_OFFER:
                self._leaves(caller)
                async for later in self._answering.wants_call_back(call, citizen):
                    yield later
                return
            yield world.after(patience - OFFER_S)
        if not caller.answered:
            self._leaves(caller)
            world.exchange.gives_up(call)

    def _leaves(self, caller: Caller) -> None:
        caller.gone = True
        self._waiting.remove(caller)

    async def _ring(self, caller: Caller, seat: str, leg: str) -> Process:
        world, rng = self._world, self._world.rng
        missed = rng.random() < MISSED
        yield world.after(20.0 if missed else 1.5 + rng.expovariate(1 / 1.7))
        if caller.gone:
            return
        if missed:
            world.exchange.misses(caller.call, seat, leg)
            caller.rung = False
            world.agenda.add(self._comes_back(seat))
            return
        caller.answered = True
        self._waiting.remove(caller)
        world.exchange.connects(caller.call, seat, leg)
        async for later in self._talks.talk(caller.call, self._agents[seat], leg, self._plans.of(caller.citizen)):
            yield later

    async def go_home(self) -> None:
        """The end has come: everybody signs out, and nobody is left on the line."""
        world = self._world
        assert not world.exchange.line.calls, "a talk has outlasted the end"
        for seat in world.exchange.roster.agents.values():
            if seat.state is not AgentState.OFFLINE:
                world.exchange.roster.logout(seat, world.now)
        await world.settle()
