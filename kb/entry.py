"""An article as the index sees it: the words of its head (title, questions, keywords) and of its body."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

from db.models import Article
from kb import tokens
from kb.synonyms import Synonyms

SHOWN = ("published", "expired")
"""States of articles that agents see; drafts and withdrawn ones are not indexed."""


@dataclass(frozen=True)
class Entry:
    """Texts of one article, `plain`. `head` weighs three times the `body`."""

    article_id: str
    head: str
    body: str
    named: tuple[str, ...]
    """Texts found by their initials."""

    @cached_property
    def head_text(self) -> list[str]:
        return tokens.text_tokens(self.head)

    @cached_property
    def body_text(self) -> list[str]:
        return tokens.text_tokens(self.body)

    @cached_property
    def head_sound(self) -> list[str]:
        return tokens.sound_tokens(self.head) + tokens.phrase_sound_tokens(self.head)

    @cached_property
    def body_sound(self) -> list[str]:
        return tokens.sound_tokens(self.body)

    @cached_property
    def initials(self) -> dict[str, int]:
        """{token: points}."""
        return tokens.initials_tokens(self.named)


def entry_of(article: Article, synonyms: Synonyms) -> Entry:
    """The entry of an article. Other names of what its head speaks of are added to the head."""
    head = _head(article)
    others = synonyms.others(head)
    body = tokens.plain("\n".join([article.short_answer, article.body]))
    return Entry(
        article_id=article.id,
        head="\n".join([head, *others]),
        body=body,
        named=(article.title, *article.keywords, *others),
    )


def other_names(article: Article, synonyms: Synonyms) -> list[str]:
    """What callers call the subject of this article besides the words it has."""
    return synonyms.others(_head(article))


def _head(article: Article) -> str:
    return tokens.plain("\n".join([article.title, *article.questions, *article.keywords]))


def fingerprint(article: Article, synonyms: Synonyms) -> str:
    """Changes when the entry of the article, or what an answer shows of it, would change."""
    parts = [
        tokens.VERSION,
        synonyms.sha256,
        article.title,
        article.questions,
        article.keywords,
        article.short_answer,
        article.body,
        article.owner,
        article.valid_until,
    ]
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False, default=str).encode()).hexdigest()
