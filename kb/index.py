"""The knowledge index: finds articles by what agents type and by what callers say.

The index is derived from the articles, lives in the same database and is shared by all processes.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Article, Ticket
from db.session import Sessions
from kb import store, tokens
from kb.entry import SHOWN, entry_of, fingerprint, other_names
from kb.matching import Asked, Sounded, asked, matched_initials, matched_words, sounded
from kb.store_postgres import PostgresStore
from kb.store_sqlite import SqliteStore
from kb.synonyms import Synonyms, load_synonyms
from kb.view import ArticleView, is_expired, read_article
from runtime.clock import Clock, SystemClock, local
from runtime.events import Answer

_CATEGORY = re.compile(r"[0-9]{0,6}")

_NO_MATCH = 0.05
"""Scores below come from tokens that stand in half of all articles."""

_REMEMBERED = 500
"""Articles kept in memory with their sound; about 100 kB each."""

_LOOKED_AT = 20
"""Best entries of the index among which the topic decides."""

_NEAR_BEST_LETTERS = 0.5
"""Of first letters typed, only names that fit nearly as well as the best are shown."""

OFF_TOPIC = 0.7
"""What an answer counts when no word of its title or keywords was asked for (measured by bench/kb.py)."""


@dataclass(frozen=True, slots=True)
class _Card:
    article: Article
    sounded: Sounded
    fingerprint: str


class KnowledgeIndex:
    """Search, browse and read articles. `build` once at start; `search` does it when nobody has."""

    def __init__(
        self, sessions: Sessions, *, clock: Clock | None = None, synonyms: Synonyms | None = None
    ) -> None:
        self._sessions = sessions
        self._clock = clock or SystemClock()
        self._synonyms = load_synonyms() if synonyms is None else synonyms
        self._store: store.Store | None = None
        self._building = asyncio.Lock()
        self._known: OrderedDict[str, _Card] = OrderedDict()

    # -- keeping the index ---------------------------------------------------------------------
    async def build(self) -> int:
        """Bring the index to the state of the articles; returns how many entries were written.

        Whole when the tokens' version or the synonyms changed or the stored index is damaged, otherwise
        only what changed. Safe to call at any time and from several processes.
        """
        async with self._building, self._sessions.begin() as session:
            chosen: store.Store = PostgresStore() if _dialect(session) == "postgresql" else SqliteStore()
            await chosen.create(session)
            version = f"{tokens.VERSION}"
            stored = await session.scalar(select(store.state.c.value).where(store.state.c.key == "tokens"))
            if stored != version or not await chosen.sound(session):
                await chosen.clear(session)
                for table in (store.entries, store.initials, store.state):
                    await session.execute(delete(table))
                await session.execute(insert(store.state).values(key="tokens", value=version))
            articles = {a.id: a for a in await session.scalars(select(Article).where(Article.state.in_(SHOWN)))}
            known = {row.article_id: row.fingerprint for row in await session.execute(select(store.entries))}
            for article_id in known.keys() - articles.keys():
                await self._forget(session, chosen, article_id)
            written = 0
            for article in articles.values():
                if known.get(article.id) != fingerprint(article, self._synonyms):
                    if article.id in known:
                        await self._forget(session, chosen, article.id)
                    await self._write(session, chosen, article)
                    written += 1
            self._store = chosen
            return written

    async def refresh(self, article_id: str) -> None:
        """Take up a change of one article (edited, published, withdrawn, deleted)."""
        chosen = await self._ready()
        async with self._building, self._sessions.begin() as session:
            await chosen.create(session)
            article = await session.get(Article, article_id)
            await self._forget(session, chosen, article_id)
            if article is not None and article.state in SHOWN:
                await self._write(session, chosen, article)

    async def _forget(self, session: AsyncSession, chosen: store.Store, article_id: str) -> None:
        await chosen.remove(session, article_id)
        for table in (store.entries, store.initials):
            await session.execute(delete(table).where(table.c.article_id == article_id))

    async def _write(self, session: AsyncSession, chosen: store.Store, article: Article) -> None:
        entry = entry_of(article, self._synonyms)
        length = await chosen.put(session, entry)
        await session.execute(
            insert(store.entries).values(
                article_id=article.id, fingerprint=fingerprint(article, self._synonyms), length=length
            )
        )
        grams = [
            {"gram": gram, "article_id": article.id, "points": points} for gram, points in entry.initials.items()
        ]
        if grams:
            await session.execute(insert(store.initials), grams)

    async def _ready(self) -> store.Store:
        if self._store is None:
            await self.build()
        assert self._store is not None
        return self._store

    # -- asking it -----------------------------------------------------------------------------
    async def search(self, text: str, *, limit: int = 8, spoken: bool = False) -> list[Answer]:
        """Best articles for this text, best first, expired ones last; never raises for the text.

        `spoken`: the text was recognised from speech, its sound counts for more than its characters.
        Nothing typed: the most used articles. Nothing found: an empty list.
        """
        limit = max(1, min(limit, 100))
        if not text.strip():
            return await self._most_used(limit)
        query = tokens.parse_query(text, spoken=spoken)
        if not query:
            return []
        chosen = await self._ready()
        today = self._today()
        looked_at = max(limit, _LOOKED_AT)
        async with self._sessions() as session:
            hits = await chosen.search(session, query, spoken=spoken, today=today, limit=looked_at)
            letters = await store.search_initials(session, query.initials, today=today, limit=looked_at)
            scores = _joined(hits, letters)
            cards = await self._cards(session, list(scores))
        return self._ranked(text[: tokens.QUERY_LIMIT], spoken, scores, cards, limit)

    def _ranked(
        self, text: str, spoken: bool, scores: dict[str, float], cards: dict[str, _Card], limit: int
    ) -> list[Answer]:
        question = asked(text, spoken=spoken)
        has_words = any(len(run) > 1 and not run.isascii() for run in tokens.runs(tokens.plain(text)))
        weighed = {
            article_id: scores[article_id] * (1.0 if question.on_topic(card.sounded) else OFF_TOPIC)
            for article_id, card in cards.items()
        }
        order = sorted(
            weighed, key=lambda one: (self._is_expired(cards[one].article), -round(weighed[one], 4), one)
        )
        answers: list[Answer] = []
        for article_id in order:
            if len(answers) == limit:
                break
            why = self._why(text, question, cards[article_id], spoken)
            # An article that shares only single characters with a sentence answers nothing.
            if weighed[article_id] >= _NO_MATCH and (why or not has_words):
                answers.append(self._answer(cards[article_id].article, weighed[article_id], why))
        return answers

    async def _cards(self, session: AsyncSession, ids: list[str]) -> dict[str, _Card]:
        """The articles in memory; those not there, or there in an older form, are read."""
        prints = await session.execute(
            select(store.entries.c.article_id, store.entries.c.fingerprint).where(
                store.entries.c.article_id.in_(ids)
            )
        )
        current = {article_id: found for article_id, found in prints}
        missing = [i for i in current if i not in self._known or self._known[i].fingerprint != current[i]]
        if missing:
            for article in await session.scalars(select(Article).where(Article.id.in_(missing))):
                self._known[article.id] = _Card(
                    article, sounded(article, other_names(article, self._synonyms)), current[article.id]
                )
        cards = {i: self._known[i] for i in ids if i in current and i in self._known}
        for article_id in cards:
            self._known.move_to_end(article_id)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return cards

    async def browse(self, category: str = "") -> list[Answer]:
        """All articles of a category and those below it ("06", "0601"; "" for all), by title."""
        if not _CATEGORY.fullmatch(category):
            return []
        async with self._sessions() as session:
            rows = await session.scalars(
                select(Article).where(
                    Article.state.in_(SHOWN), Article.category_code.startswith(category, autoescape=True)
                )
            )
            articles = sorted(rows, key=lambda a: (self._is_expired(a), _by_sound(a.title), a.id))
        return [self._answer(article, 0.0) for article in articles]

    async def get(self, article_id: str) -> ArticleView:
        """The whole article. Raises `UnknownArticle`."""
        async with self._sessions() as session:
            return await read_article(session, article_id, self._today())

    async def _most_used(self, limit: int) -> list[Answer]:
        used = select(Ticket.article_id, func.count().label("times")).group_by(Ticket.article_id).subquery()
        async with self._sessions() as session:
            rows = await session.execute(
                select(Article, used.c.times)
                .outerjoin(used, used.c.article_id == Article.id)
                .where(Article.state.in_(SHOWN))
            )
            found = sorted(
                ((article, times or 0) for article, times in rows),
                key=lambda row: (self._is_expired(row[0]), -row[1], _by_sound(row[0].title), row[0].id),
            )
        return [
            self._answer(article, 0.0, f"答复过{times}次" if times else "") for article, times in found[:limit]
        ]

    # -- small parts ---------------------------------------------------------------------------
    def _today(self) -> date:
        return local(self._clock.now()).date()

    def _is_expired(self, article: Article) -> bool:
        return is_expired(article, self._today())

    def _answer(self, article: Article, score: float, why: str = "") -> Answer:
        return Answer(
            article_id=article.id,
            title=article.title,
            short_answer=article.short_answer,
            owner=article.owner,
            score=round(score, 4),
            why=why,
            expired=self._is_expired(article),
        )

    def _why(self, text: str, question: Asked, card: _Card, spoken: bool) -> str:
        words = matched_words(question, card.sounded)
        if not words and not spoken:
            letters = [run for run in tokens.runs(tokens.plain(text[: tokens.QUERY_LIMIT])) if run.isascii()]
            words = [word for run in letters if run.isalpha() and (word := matched_initials(run, card.article))]
        return "、".join(words)


def _joined(hits: list[store.Hit], by_letters: list[store.Hit]) -> dict[str, float]:
    scores = dict(hits)
    least = by_letters[0][1] * _NEAR_BEST_LETTERS if by_letters else 0.0
    for article_id, points in by_letters:
        if points < least:
            continue
        scores[article_id] = scores.get(article_id, 0.0) + points
    return scores


def _by_sound(title: str) -> tuple[str, ...]:
    return tuple(tokens.reading(char) or char for char in title)


def _dialect(session: AsyncSession) -> str:
    return session.get_bind().dialect.name
