"""The index on SQLite: one FTS5 table, a column for each kind of token and each part of the article."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import Date, bindparam, func, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.ext.asyncio import AsyncSession

from kb.entry import Entry
from kb.store import HEAD_WEIGHT, SPOKEN_TEXT_WEIGHT, Hit, common, entries, metadata, state
from kb.tokens import Query, quote

_TABLE = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS kb_index_fts USING fts5("
    "article_id UNINDEXED, head_text, body_text, head_sound, body_sound, tokenize='unicode61 remove_diacritics 0')"
)
_VOCABULARY = "CREATE VIRTUAL TABLE IF NOT EXISTS kb_index_vocabulary USING fts5vocab(kb_index_fts, row)"

_PIECE = 500
"""Tokens asked for at once: SQLite allows 999 parameters in older builds."""


class SqliteStore:
    """See `kb.store.Store`."""

    async def create(self, session: AsyncSession) -> None:
        connection = await session.connection()
        await connection.run_sync(metadata.create_all)
        for statement in (_TABLE, _VOCABULARY):
            await session.execute(text(statement))
        # A write that changes nothing takes the writers' lock now: a transaction that reads first and
        # writes later fails at once when another process wrote in between.
        await session.execute(update(state).values(value=state.c.value))

    async def sound(self, session: AsyncSession) -> bool:
        try:
            await session.execute(text("INSERT INTO kb_index_fts(kb_index_fts) VALUES ('integrity-check')"))
            stored = await session.scalar(text("SELECT count(*) FROM kb_index_fts"))
        except DatabaseError:
            return False
        return bool(stored == await session.scalar(select(func.count()).select_from(entries)))

    async def clear(self, session: AsyncSession) -> None:
        for statement in (
            "DROP TABLE IF EXISTS kb_index_vocabulary",
            "DROP TABLE IF EXISTS kb_index_fts",
            _TABLE,
            _VOCABULARY,
        ):
            await session.execute(text(statement))

    async def put(self, session: AsyncSession, entry: Entry) -> int:
        columns = [entry.head_text, entry.body_text, entry.head_sound, entry.body_sound]
        await session.execute(
            text("INSERT INTO kb_index_fts VALUES (:id, :head_text, :body_text, :head_sound, :body_sound)"),
            {
                "id": entry.article_id,
                "head_text": " ".join(entry.head_text),
                "body_text": " ".join(entry.body_text),
                "head_sound": " ".join(entry.head_sound),
                "body_sound": " ".join(entry.body_sound),
            },
        )
        return sum(map(len, columns))

    async def remove(self, session: AsyncSession, article_id: str) -> None:
        await session.execute(text("DELETE FROM kb_index_fts WHERE article_id = :id"), {"id": article_id})

    async def search(
        self, session: AsyncSession, query: Query, *, spoken: bool, today: date, limit: int
    ) -> list[Hit]:
        total = 0
        found: dict[str, int] = {}
        wanted = [*query.text, *query.sound]
        for start in range(0, len(wanted), _PIECE):
            rows = await session.execute(
                text(
                    "SELECT term, doc, (SELECT count(*) FROM kb_index_entry)"
                    " FROM kb_index_vocabulary WHERE term IN :terms"
                ).bindparams(bindparam("terms", wanted[start : start + _PIECE], expanding=True))
            )
            for term, count, total in rows:  # noqa: B007 (total is used below)
                found[term] = count
        if not found:
            return []
        share = SPOKEN_TEXT_WEIGHT if spoken else 1.0
        rows = await session.execute(
            text(
                "SELECT f.article_id, -bm25(kb_index_fts, 0, :head_text, :body_text, :head_sound, 1.0) AS score"
                " FROM kb_index_fts f JOIN article a ON a.id = f.article_id"
                " WHERE kb_index_fts MATCH :match AND a.state IN ('published', 'expired')"
                " ORDER BY coalesce(a.valid_until < :today, 0), round(score, 6) DESC, f.article_id LIMIT :limit"
            ).bindparams(bindparam("today", today, Date())),
            {
                "match": _match(found, common(found, total)),
                "head_text": HEAD_WEIGHT * share,
                "body_text": share,
                "head_sound": HEAD_WEIGHT,
                "limit": limit,
            },
        )
        return [(article_id, float(score)) for article_id, score in rows]


def _match(found: Iterable[str], in_heads: set[str]) -> str:
    """The FTS5 expression: any of these tokens, some of them only in heads."""
    anywhere = " OR ".join(quote(token) for token in found if token not in in_heads)
    heads = " OR ".join(quote(token) for token in found if token in in_heads)
    if heads:
        heads = f"{{head_text head_sound}} : ({heads})"
    return " OR ".join(part for part in (anywhere, heads) if part)
