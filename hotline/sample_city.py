"""The shipped city without a database of anybody's own: its word lists and its articles, in memory.

For commands that show what the system understands, on a machine where nothing is installed or running.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from db.models import Base
from db.seed import load_categories, load_regions, load_units
from db.session import Sessions, make_engine, make_sessions
from kb.articles import load_articles
from kb.index import KnowledgeIndex
from runtime.clock import SystemClock
from runtime.errors import UserError
from tickets.drafting.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class SampleCity:
    """What is asked of a city."""

    lexicon: Lexicon
    index: KnowledgeIndex
    sessions: Sessions


@asynccontextmanager
async def sample_city() -> AsyncIterator[SampleCity]:
    """The city in memory; gone at the end. Raises UserError when an article of ours cannot be read."""
    engine = make_engine("sqlite+aiosqlite:///:memory:")
    sessions, clock = make_sessions(engine), SystemClock()
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with sessions.begin() as session:
            await load_categories(session)
            await load_regions(session)
            await load_units(session)
            lexicon = await Lexicon.load(session)
            report = await load_articles(session, clock)
        if report.problems:
            raise UserError("\n".join(report.problems), "mend these articles")
        index = KnowledgeIndex(sessions, clock=clock)
        await index.build()
        yield SampleCity(lexicon, index, sessions)
    finally:
        await engine.dispose()
