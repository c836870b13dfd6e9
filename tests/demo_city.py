"""The demo city's word lists for the drafter, without a database of anybody's own."""

from __future__ import annotations

from sqlalchemy import select

from db.models import Base, Unit
from db.seed import load_categories, load_regions, load_units
from db.session import make_engine, make_sessions
from tickets.drafting.lexicon import Lexicon


async def demo_lexicon() -> tuple[Lexicon, dict[str, str]]:
    """The lexicon, and unit codes by their ids as the drafter gives them."""
    engine = make_engine("sqlite+aiosqlite:///:memory:")
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with make_sessions(engine)() as session:
            await load_categories(session)
            await load_regions(session)
            await load_units(session)
            lexicon = await Lexicon.load(session)
            units = {str(unit.id): unit.code for unit in await session.scalars(select(Unit))}
    finally:
        await engine.dispose()
    return lexicon, units
