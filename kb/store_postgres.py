"""The index on PostgreSQL: an ordinary inverted table and BM25 in SQL, with the formula of FTS5.

PostgreSQL's own ranking knows nothing of how rare a word is and finds far less (kb.md section 1).
"""

from __future__ import annotations

import math
from collections import Counter
from datetime import date

from sqlalchemy import (
    Column,
    Date,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from db.turns import Turn, take_turn
from kb.entry import Entry
from kb.store import HEAD_WEIGHT, K1, SPOKEN_TEXT_WEIGHT, B, Hit, common, entries, metadata
from kb.tokens import Query

_own = MetaData()

post = Table(
    "kb_index_post",
    _own,
    Column("term", String(80), nullable=False),
    Column("article_id", String(64), nullable=False),
    Column("head", Integer, nullable=False),
    Column("body", Integer, nullable=False),
    Column("length", Integer, nullable=False),
    Index("ix_kb_index_post_article_id", "article_id"),
)
Index(
    "ix_kb_index_post_term",
    post.c.term,
    postgresql_include=["article_id", "head", "body", "length"],
)


_SEARCH = text(
    f"""
    SELECT s.article_id, s.score FROM (
        SELECT f.article_id, sum(
            f.idf * {K1 + 1} * f.weight / (f.weight + {K1} * ({1 - B} + {B} * f.length / :average))
        ) AS score
        FROM (
            SELECT p.article_id, p.length, q.idf, (p.head * {HEAD_WEIGHT} + p.body * q.body) * q.share AS weight
            FROM unnest(:terms, :idf, :share, :body) AS q(term, idf, share, body)
            JOIN kb_index_post p USING (term)
        ) f
        WHERE f.weight > 0
        GROUP BY f.article_id
    ) s
    JOIN article a ON a.id = s.article_id
    WHERE a.state IN ('published', 'expired')
    ORDER BY coalesce(a.valid_until < :today, false), round(s.score::numeric, 6) DESC, s.article_id
    LIMIT :limit
    """  # noqa: S608 (constants of this program only)
).bindparams(
    bindparam("terms", type_=ARRAY(String)),
    bindparam("idf", type_=ARRAY(Float)),
    bindparam("share", type_=ARRAY(Float)),
    bindparam("body", type_=ARRAY(Float)),
    bindparam("average", type_=Float),
    bindparam("today", type_=Date),
)


class PostgresStore:
    """See `kb.store.Store`."""

    async def create(self, session: AsyncSession) -> None:
        # Taken before the tables are made: CREATE TABLE IF NOT EXISTS of two processes would collide.
        await take_turn(session, Turn.KNOWLEDGE)
        connection = await session.connection()
        await connection.run_sync(metadata.create_all)
        await connection.run_sync(_own.create_all)

    async def sound(self, session: AsyncSession) -> bool:
        has_tokens = exists().where(post.c.article_id == entries.c.article_id)
        return not await session.scalar(select(exists().where(~has_tokens).select_from(entries)))

    async def clear(self, session: AsyncSession) -> None:
        connection = await session.connection()
        await connection.run_sync(_own.drop_all)
        await connection.run_sync(_own.create_all)

    async def put(self, session: AsyncSession, entry: Entry) -> int:
        head = Counter(entry.head_text) + Counter(entry.head_sound)
        body = Counter(entry.body_text) + Counter(entry.body_sound)
        length = head.total() + body.total()
        rows = [
            {
                "term": term,
                "article_id": entry.article_id,
                "head": head[term],
                "body": body[term],
                "length": length,
            }
            for term in head.keys() | body.keys()
        ]
        if rows:
            await session.execute(insert(post), rows)
        return length

    async def remove(self, session: AsyncSession, article_id: str) -> None:
        await session.execute(delete(post).where(post.c.article_id == article_id))

    async def search(
        self, session: AsyncSession, query: Query, *, spoken: bool, today: date, limit: int
    ) -> list[Hit]:
        size = select(func.count(), func.coalesce(func.avg(entries.c.length), 0.0))
        total, average = (await session.execute(size)).one()
        wanted = [*query.text, *query.sound]
        in_head = func.count().filter(post.c.head > 0)
        rows = await session.execute(
            select(post.c.term, func.count(), in_head).where(post.c.term.in_(wanted)).group_by(post.c.term)
        )
        anywhere: dict[str, int] = {}
        heads: dict[str, int] = {}
        for term, count, head_count in rows:
            anywhere[term], heads[term] = count, head_count
        if not anywhere:
            return []
        terms = list(anywhere)
        in_heads = common(anywhere, total)
        texts = set(query.text)
        share = SPOKEN_TEXT_WEIGHT if spoken else 1.0
        hits = await session.execute(
            _SEARCH,
            {
                "terms": terms,
                "idf": [idf(total, (heads if term in in_heads else anywhere)[term]) for term in terms],
                "share": [share if term in texts else 1.0 for term in terms],
                "body": [0.0 if term in in_heads else 1.0 for term in terms],
                "average": float(average) or 1.0,
                "today": today,
                "limit": limit,
            },
        )
        return [(article_id, float(score)) for article_id, score in hits]


def idf(total: int, count: int) -> float:
    """How much a token tells that stands in `count` of `total` entries; FTS5's formula and its floor."""
    return max(math.log((total - count + 0.5) / (count + 0.5)), 1e-6)
