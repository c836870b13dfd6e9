"""One article as an agent reads it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import Article, Category, Unit
from kb.entry import SHOWN
from kb.sections import Section, split_sections

_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class UnknownArticle(LookupError):
    """There is no article with this id, or agents may not see it."""


@dataclass(frozen=True, slots=True)
class ArticleView:
    """An article as the agent reads it."""

    id: str
    title: str
    short_answer: str
    sections: tuple[Section, ...]
    """All sections in the article's order, the short answer left out."""
    questions: tuple[str, ...]
    keywords: tuple[str, ...]
    category_code: str
    category_name: str
    owner: str
    unit_id: int | None
    unit_name: str
    unit_phone: str
    basis: tuple[str, ...]
    valid_from: date | None
    valid_until: date | None
    state: str
    expired: bool
    version: int


def is_expired(article: Article, today: date) -> bool:
    """Whether its last day of validity has passed; agents still see it, marked and last."""
    return article.valid_until is not None and article.valid_until < today


async def read_article(session: AsyncSession, article_id: str, today: date) -> ArticleView:
    """The whole article. Raises `UnknownArticle`."""
    if not _ID.fullmatch(article_id):
        raise UnknownArticle(article_id[:64])
    article = await session.get(Article, article_id)
    if article is None or article.state not in SHOWN:
        raise UnknownArticle(article_id)
    unit = await session.get(Unit, article.unit_id) if article.unit_id is not None else None
    category = await session.get(Category, article.category_code)
    return ArticleView(
        id=article.id,
        title=article.title,
        short_answer=article.short_answer,
        sections=split_sections(article.body),
        questions=tuple(article.questions),
        keywords=tuple(article.keywords),
        category_code=article.category_code,
        category_name=category.name if category else "",
        owner=article.owner,
        unit_id=article.unit_id,
        unit_name=unit.name if unit else "",
        unit_phone=unit.phone if unit else "",
        basis=tuple(article.basis),
        valid_from=article.valid_from,
        valid_until=article.valid_until,
        state=article.state,
        expired=is_expired(article, today),
        version=article.version,
    )
