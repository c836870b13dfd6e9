"""The demo city in a SQLite file, loaded once a session and copied for each test; quick passwords."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from argon2 import PasswordHasher
from sqlalchemy import select, text

from db.models import Base, User
from db.seed import load_demo
from db.session import make_engine, make_sessions
from kb.articles import load_articles
from kb.index import KnowledgeIndex
from tests.fakes.clock import FakeClock

PASSWORD = "correct-horse-9"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Real argon2 is slow on purpose; its cost is not what these tests are about."""
HASH = QUICK.hash(PASSWORD)


async def seed(path: Path, *, articles: bool = False) -> None:
    """Demo accounts (all with PASSWORD), units, categories, divisions; with articles and their index if asked."""
    engine = make_engine(f"sqlite+aiosqlite:///{path}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    sessions, clock = make_sessions(engine), FakeClock()
    async with sessions.begin() as session:
        with patch("db.seed._hasher", QUICK):
            await load_demo(session, clock.now())
        for user in await session.scalars(select(User)):
            user.password_hash = HASH
        if articles:
            await load_articles(session, clock)
    if articles:
        await KnowledgeIndex(sessions, clock=clock).build()
    async with engine.connect() as connection:
        await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
    await engine.dispose()
