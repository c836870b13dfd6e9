"""A talk from the moment an agent is on the line until the after-call work is done."""

from __future__ import annotations

from calls.state.live import LiveCall, LiveHandoff
from db.models import Handoff
from hotline.demo.agenda import Process
from hotline.demo.people import Agent
from hotline.demo.plans import Plan, Plans
from hotline.demo.world import World

HELD = 0.12
AGENT_ENDS = 0.35
SURVEY_ANSWERED = 0.6
RATINGS = ((1, 62), (2, 27), (3, 7), (4, 3), (5, 1))
"""Answers after the call and how often each is given, in a hundred."""


class Talks:
    def __init__(self, world: World, plans: Plans) -> None:
        self._world = world
        self._plans = plans

    async def talk(self, call: LiveCall, agent: Agent, leg: str, plan: Plan) -> Process:
        """The agent and the citizen are connected."""
        world, rng = self._world, self._world.rng
        if plan.emergency is not None:
            async for later in self._hand_over(call, agent, leg, plan):
                yield later
            return
        begins, seconds = world.now, plan.seconds
        if rng.random() < HELD and seconds > 90:
            yield world.after(seconds * 0.4)
            world.exchange.holds(leg, True)
            yield world.after(rng.uniform(12, 50))
            world.exchange.holds(leg, False)
            seconds *= 0.6
        yield world.after(seconds)
        await world.say(
            call.id, begins, call.origin or call.started_at, plan.said, (world.now - begins).total_seconds()
        )
        if call.direction == "in" and rng.random() < AGENT_ENDS:
            world.exchange.agent_hangs_up(leg)
            world.agenda.add(self._survey(call, agent.seat))
        else:
            world.exchange.ends(call)
            world.exchange.hang_up(leg)
        async for later in self._wrap_up(call.id, agent, plan):
            yield later

    async def _wrap_up(self, call_id: str, agent: Agent, plan: Plan) -> Process:
        yield self._world.after(plan.wrap_up_s * 0.7)
        if plan.act is not None:
            await plan.act(agent.actor, call_id)
        yield self._world.after(plan.wrap_up_s * 0.3)
        self.free(agent)

    def free(self, agent: Agent) -> None:
        """The after-call work is done."""
        roster, now = self._world.exchange.roster, self._world.now
        seat = roster.seat(agent.seat, now)
        roster.heartbeat(seat, True, True, now)
        roster.wrap_up_done(seat, now)

    async def _survey(self, call: LiveCall, seat: str) -> Process:
        """The script asks how it was; not everybody answers."""
        world, rng = self._world, self._world.rng
        world.note_step(call.id, "survey", "survey")
        yield world.after(rng.uniform(4, 14))
        if rng.random() < SURVEY_ANSWERED:
            answer = rng.choices([answer for answer, _ in RATINGS], [share for _, share in RATINGS])[0]
            world.journal.survey(call.id, "survey", answer, seat)
            world.noted = True
            yield world.after(2)
        world.exchange.ends(call)

    async def _hand_over(self, call: LiveCall, agent: Agent, leg: str, plan: Plan) -> Process:
        """An emergency: the other side comes on the line, our agent leaves, the talk goes on without us."""
        world, rng, matter, slots = self._world, self._world.rng, plan.emergency, plan.slots
        assert matter is not None and slots is not None
        begins = world.now
        yield world.after(plan.seconds)
        await world.say(call.id, begins, call.origin or call.started_at, plan.said, plan.seconds)
        row = Handoff(
            call_id=call.id,
            target=matter.target,
            target_kind="emergency",
            reason_code=matter.code,
            summary=matter.summary,
            place=slots.place.full,
            mode="conference",
            started_by=agent.seat,
            detected_at=world.now,
            started_at=world.now,
        )
        async with world.batches.sessions.begin() as session:
            session.add(row)
        handoff = LiveHandoff(
            id=row.id,
            target=matter.target,
            kind="emergency",
            role="emergency",
            by=agent.seat,
            place=slots.place.full,
            summary=matter.summary,
        )
        world.exchange.gathers(call, leg)
        third = world.exchange.rings_third(call, handoff)
        yield world.after(rng.uniform(2, 6))
        world.exchange.third_answers(call, third)
        yield world.after(rng.uniform(15, 40))
        world.exchange.agent_hangs_up(leg)
        world.agenda.add(self._without_us(call))
        yield world.after(plan.wrap_up_s * 0.7)
        await world.desk.hand_over(agent.actor, self._plans.emergency_fields(plan), call.id, row.id)
        yield world.after(plan.wrap_up_s * 0.3)
        self.free(agent)

    async def _without_us(self, call: LiveCall) -> Process:
        yield self._world.after(self._world.rng.uniform(40, 120))
        self._world.exchange.ends(call)
