"""Fills an installation with weeks that never were, up to this moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from sqlalchemy.ext.asyncio import AsyncEngine

from db.session import make_sessions
from hotline.demo.agenda import MovableClock
from hotline.demo.answering import Answering
from hotline.demo.batches import Batches, batches
from hotline.demo.clear import clear
from hotline.demo.floor import Floor
from hotline.demo.marks import BEGUN, FILLED, note, real_calls, state_of
from hotline.demo.matters import load_matters, load_questions
from hotline.demo.paperwork import Paperwork
from hotline.demo.people import People, find_agents, find_dispatcher, hire, liaisons, load_places
from hotline.demo.plans import Plans
from hotline.demo.shifts import staff_needed
from hotline.demo.talks import Talks
from hotline.demo.world import World
from runtime.clock import SHANGHAI, local
from runtime.errors import UserError
from tickets.clocks.calendar import load_calendar
from tickets.drafting.lexicon import Lexicon

Progress = Callable[[float], None]
"""Told which share of the time has been filled, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is invented; the same seed and the same end give the same centre."""

    weeks: float = 4
    calls_per_day: float = 80
    seed: int = 1


async def fill(
    engine: AsyncEngine, size: Size, now: datetime, who: str, progress: Progress, *, beside_real: bool = False
) -> bool:
    """Invent weeks that end now; False when they are there already. What an interrupted fill left goes first.

    Raises UserError where that would stand beside real calls, unless `beside_real`.
    """
    sessions = make_sessions(engine)
    async with sessions.begin() as session:
        state, real = await state_of(session), await real_calls(session)
        if state == FILLED:
            return False
        if real and not beside_real:
            raise UserError(
                f"this installation has {real} real calls or tickets",
                "fill another one (HOTLINE_VAR), or give --beside-real-calls: what is invented can be removed",
            )
        if state == BEGUN:
            await clear(session)
        session.add(note(now, BEGUN, who, weeks=size.weeks, calls_per_day=size.calls_per_day, seed=size.seed))
    async with batches(engine) as made:
        await _live(made, size, now, progress)
    async with sessions.begin() as session:
        session.add(note(now, FILLED, who))
    return True


async def _live(made: Batches, size: Size, now: datetime, progress: Progress) -> None:
    first = local(now - timedelta(weeks=size.weeks)).date()
    start = datetime.combine(first, datetime.min.time(), SHANGHAI).astimezone(now.tzinfo)
    clock, rng, matters = MovableClock(start), Random(size.seed), load_matters()  # noqa: S311
    async with made.sessions.begin() as session:
        agents = await find_agents(session)
        agents += await hire(session, clock, staff_needed(size.calls_per_day) - len(agents))
        people = People(rng, await load_places(session), agents, await find_dispatcher(session))
        world = World.make(
            made,
            clock,
            rng=rng,
            until=now,
            people=people,
            calendar=await load_calendar(session),
            matters=matters,
            questions=await load_questions(session, matters.consult),
            lexicon=await Lexicon.load(session),
        )
        paperwork = await Paperwork.load(session, world, await liaisons(session, rng))
    plans = Plans(world, paperwork)
    talks = Talks(world, plans)
    answering = Answering(world, plans, talks)
    floor = Floor(world, plans, talks, answering, size.calls_per_day)
    world.agenda.add(floor.days(first))
    world.agenda.add(answering.rounds())

    async def after_step() -> None:
        await floor.after_step()
        progress((world.now - start) / (now - start))

    await world.start()
    try:
        await world.agenda.run(now, after_step)
        await floor.go_home()
    finally:
        await world.close()
