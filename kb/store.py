"""Where the index keeps its tokens. Two stores, one ranking: FTS5 on SQLite, an inverted table on PostgreSQL.

All tables here are derived from the articles and may be dropped at any time; migrations know nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Protocol

from sqlalchemy import Column, Index, Integer, MetaData, String, Table, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Article
from kb.entry import SHOWN, Entry
from kb.tokens import Query

HEAD_WEIGHT = 3.0
"""Title, questions and keywords against the body (kb.md section 3: recall@5 84.0 -> 87.8)."""

SPOKEN_TEXT_WEIGHT = 0.5
"""Characters of recognised speech against its sound (kb.md section 3)."""

K1, B = 1.2, 0.75
"""BM25 as FTS5 has it."""

COMMON_SHARE, COMMON_FLOOR = 0.10, 3
"""A token in more than this share of the entries, and in more than so many, is looked for in heads only:
a body that mentions an identity card is not about identity cards."""

metadata = MetaData()

state = Table(
    "kb_index_state",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("value", String(200), nullable=False),
)

entries = Table(
    "kb_index_entry",
    metadata,
    Column("article_id", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("length", Integer, nullable=False),
)

initials = Table(
    "kb_index_initials",
    metadata,
    Column("gram", String(8), primary_key=True),
    Column("article_id", String(64), primary_key=True),
    Column("points", Integer, nullable=False),
    Index("ix_kb_index_initials_article_id", "article_id"),
)

Hit = tuple[str, float]
"""Article id and score; more is better."""


class Store(Protocol):
    """What the index needs of a database."""

    async def create(self, session: AsyncSession) -> None:
        """Make the tables that are missing and hold the writers' lock until the transaction ends."""
        ...

    async def sound(self, session: AsyncSession) -> bool:
        """Whether the stored index is whole."""
        ...

    async def clear(self, session: AsyncSession) -> None:
        """Drop all tokens."""
        ...

    async def put(self, session: AsyncSession, entry: Entry) -> int:
        """Store an entry that is not there; returns its length in tokens."""
        ...

    async def remove(self, session: AsyncSession, article_id: str) -> None: ...

    async def search(
        self, session: AsyncSession, query: Query, *, spoken: bool, today: date, limit: int
    ) -> list[Hit]:
        """Best entries by BM25, those of expired articles behind all others."""
        ...


def common(found: dict[str, int], total: int) -> set[str]:
    """Of these tokens {token: entries} those that stand in so many entries that only heads tell them apart."""
    limit = max(COMMON_FLOOR, total * COMMON_SHARE)
    return {token for token, count in found.items() if count > limit}


async def search_initials(session: AsyncSession, grams: Iterable[str], *, today: date, limit: int) -> list[Hit]:
    """Entries by the first letters of their words; longer pieces in one count for more."""
    wanted = list(grams)
    if not wanted:
        return []
    size = func.length(initials.c.gram) - 1
    score = func.sum(size * size * initials.c.points)
    expired = func.coalesce(Article.valid_until < bindparam("today", today), False)
    rows = await session.execute(
        select(initials.c.article_id, score)
        .join(Article, Article.id == initials.c.article_id)
        .where(initials.c.gram.in_(wanted), Article.state.in_(SHOWN))
        .group_by(initials.c.article_id, expired)
        .order_by(expired, score.desc(), initials.c.article_id)
        .limit(limit)
    )
    return [(article_id, float(points)) for article_id, points in rows]
