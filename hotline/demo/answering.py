"""Calls that nobody answers: messages, wishes to be called back, and the calls that agents make in return."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from calls.callbacks.tasks import DAY, take
from calls.state.live import LiveCall
from db.models import Call, CallbackTask, Ticket, Voicemail
from hotline.demo.agenda import Process
from hotline.demo.marks import NODE
from hotline.demo.matters import short_talk
from hotline.demo.people import Agent, Citizen
from hotline.demo.plans import Plan, Plans
from hotline.demo.talks import Talks
from hotline.demo.world import World
from runtime.clock import local
from runtime.events import MessageTranscribed

LEAVES_MESSAGE = 0.7
REACHED = 0.7
ROUND = timedelta(minutes=7)
AGAIN = timedelta(minutes=70)
"""Who was not reached is tried again after so long."""


class Answering:
    def __init__(self, world: World, plans: Plans, talks: Talks) -> None:
        self._world = world
        self._plans = plans
        self._talks = talks
        self._categories: dict[str, str] = {}
        """Call -> the category of what was said in its message."""
        self._tried: dict[int, datetime] = {}

    # -- what citizens leave -------------------------------------------------------------------
    async def closed(self, call: LiveCall, citizen: Citizen) -> Process:
        """Nobody is at work: the script offers to take a message."""
        world, rng = self._world, self._world.rng
        world.note_step(call.id, "closed", "say")
        yield world.after(rng.uniform(7, 10))
        if rng.random() > LEAVES_MESSAGE:
            world.exchange.ends(call)
            return
        world.note_step(call.id, "voicemail", "voicemail")
        message, text = self._plans.message(citizen)
        begins, seconds = world.now, 2.0 + len(text) * 0.24
        yield world.after(seconds)
        world.exchange.leaves_a_wish(call, "voicemail")
        world.journal.voicemail(call.id, f"voicemail/{local(begins):%Y/%m/%d}/{call.id}.wav", seconds)
        world.noted = True
        world.exchange.ends(call)
        self._categories[call.id] = message.category
        await world.say(call.id, begins, call.origin or call.started_at, [("citizen", text)], seconds)
        await world.outcomes.correct(call.id)
        yield world.after(rng.uniform(2, 6))
        await self._transcribed(call.id, text)
        if not citizen.phone:  # nobody can be called: an agent hears it and checks the ticket
            yield world.after(rng.uniform(600, 5400))
            await self._check(call.id, citizen, message.category)

    async def _transcribed(self, call_id: str, text: str) -> None:
        """The recogniser has heard the message: its ticket is made, if it says anything."""
        async with self._world.batches.sessions.begin() as session:
            message_id = await session.scalar(select(Voicemail.id).where(Voicemail.call_id == call_id))
            assert message_id is not None
            await session.execute(
                update(Voicemail).where(Voicemail.id == message_id).values(text=text, state="transcribed")
            )
        await self._world.wire.publish(MessageTranscribed(call_id=call_id, message_id=message_id))

    async def _check(self, call_id: str, citizen: Citizen, category: str) -> None:
        if not category or not (seats := self._world.ready()):
            return
        plan = self._plans.ticket(citizen, category=category, message_call=call_id)
        agent = next(agent for agent in self._world.people.agents if agent.seat == seats[0])
        assert plan.act is not None
        await plan.act(agent.actor, call_id)

    async def wants_call_back(self, call: LiveCall, citizen: Citizen) -> Process:
        """The caller has waited for a minute and would rather be called."""
        world = self._world
        world.exchange.leaves_queue(call)
        world.note_step(call.id, "callback", "callback", "1")
        world.exchange.leaves_a_wish(call, "callback")
        world.journal.callback(call.id, citizen.phone, citizen.phone)
        world.noted = True
        yield world.after(5)
        world.exchange.ends(call)
        await world.settle()
        await world.outcomes.correct(call.id)

    # -- what agents do about it ---------------------------------------------------------------
    async def rounds(self) -> Process:
        """Every few minutes by day, whoever is free calls somebody back."""
        world = self._world
        while world.now + ROUND < world.last_call:
            yield world.now + ROUND
            # One stays free for whoever calls meanwhile.
            if DAY.open(world.now) and len(seats := world.ready()) > 1:
                agent = next(agent for agent in world.people.agents if agent.seat == seats[0])
                if (task := await self._next_task(agent)) is not None:
                    world.agenda.add(self._call_back(task, agent))

    async def _next_task(self, agent: Agent) -> CallbackTask | None:
        """The most urgent invented task that may be tried now, taken by this agent."""
        world = self._world
        async with world.batches.sessions.begin() as session:
            for task in await _open(session):
                if self._tried.get(task.id, world.now - AGAIN) <= world.now - AGAIN and agent.actor.user_id:
                    self._tried[task.id] = world.now
                    return await take(session, world.clock, task.id, agent.actor.user_id, hours=DAY)
        return None

    async def _call_back(self, task: CallbackTask, agent: Agent) -> Process:
        world, rng = self._world, self._world.rng
        call, leg = world.exchange.calls_out(world.new_call_id(), task.phone, agent.seat)
        yield world.after(rng.uniform(1, 3))
        world.exchange.picks_up(leg)
        world.exchange.rings_citizen(call)
        if rng.random() > REACHED:
            yield world.after(rng.uniform(20, 40))
            world.exchange.ends(call, rng.choice(("19", "19", "17", "21")))
            world.exchange.hang_up(leg)
            yield world.after(rng.uniform(3, 12))
            self._talks.free(agent)
            return
        yield world.after(rng.uniform(4, 14))
        world.exchange.citizen_picks_up(call)
        plan = await self._plan(task)
        async for later in self._talks.talk(call, agent, leg, plan):
            yield later

    async def _plan(self, task: CallbackTask) -> Plan:
        """What the call-back is about: what the message said, or what the caller had wanted to say."""
        citizen = self._world.people.of_number(task.phone)
        if task.kind == "voicemail":
            category = self._categories.get(task.call_id, "")
            async with self._world.batches.sessions() as session:
                open_ticket = select(Ticket.id).where(
                    Ticket.call_id == task.call_id, Ticket.channel == "VOICEMAIL", Ticket.created_by.is_(None)
                )
                if category and await session.scalar(open_ticket) is not None:
                    return self._plans.ticket(citizen, category=category, message_call=task.call_id)
        elif self._world.rng.random() < 0.6:
            return self._plans.ticket(citizen)
        said = short_talk("喂，你好", "刚才是想问点事，现在已经解决了", "好的，如有需要请随时拨打12345")
        return Plan(said, self._world.rng.uniform(25, 70), 6.0)


async def _open(session: AsyncSession) -> list[CallbackTask]:
    tasks = await session.scalars(
        select(CallbackTask)
        .join(Call, Call.id == CallbackTask.call_id)
        .where(CallbackTask.state == "open", Call.node == NODE)
        .order_by(CallbackTask.due_at)
    )
    return list(tasks)
