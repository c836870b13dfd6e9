"""Which words of an article answered a query, as the article writes them: what agents are shown as `why`.

Words are compared by sound, so that those a recogniser wrote with other characters are found as well.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import rjieba

from db.models import Article
from kb import tokens
from language.han import HAN
from language.sounds import fold

DATA = Path(__file__).parent / "data"

WORDS_SHOWN = 4

_SHORTEST = 2
"""Syllables in a row that count as a word; single ones match everywhere."""

_LONGEST = 12

_HAN = re.compile(rf"[{HAN}]")


def _words(name: str) -> frozenset[str]:
    return frozenset((DATA / name).read_text(encoding="utf-8").split())


_EMPTY_WORDS = _words("empty_words.txt")
"""Found in every article: no reason to offer one."""

_COMMON_TOPICS = _words("common_topics.txt") | _EMPTY_WORDS
"""In many titles: they do not tell one article from another."""


@dataclass(frozen=True, slots=True)
class Sounded:
    """A text with the sound of each of its characters, " gon ji jin "; positions of both kept in step."""

    chars: str
    sounds: str
    starts: dict[int, int]
    """Offset of a syllable in `sounds` -> position of its character."""
    topics: tuple[str, ...]
    """Words of title and keywords as they sound, each " gon ji jin "."""

    def find(self, syllables: list[str]) -> str:
        """The first stretch of the text that sounds like this, or ""."""
        at = self.sounds.find(" " + " ".join(syllables) + " ")
        if at < 0:
            return ""
        first = self.starts[at + 1]
        return self.chars[first : first + len(syllables)]


def sounded(article: Article, others: Sequence[str] = ()) -> Sounded:
    """Head first, then the body: a word of the title is shown as the title has it. `others`: its other names."""
    head = [article.title, *article.keywords]
    text = tokens.plain("\n".join([*head, *article.questions, *others, article.short_answer, article.body]))
    pieces = [" "]
    starts = {}
    offset = 1
    for position, char in enumerate(text):
        syllable = tokens.sound(char) if _HAN.match(char) else char
        if syllable.isspace():
            syllable = "/"
        starts[offset] = position
        pieces.append(syllable + " ")
        offset += len(syllable) + 1
    words = {
        word
        for name in head
        for run in tokens.runs(tokens.plain(name))
        for word in (rjieba.cut_for_search(run) if not run.isascii() else [run])
    }
    topics = {_spoken(word) for word in words if len(word) >= _SHORTEST and word not in _COMMON_TOPICS}
    return Sounded(text, "".join(pieces), starts, tuple(sorted(topics)))


def _spoken(run: str) -> str:
    sounds = [run] if run.isascii() else [tokens.sound(char) for char in run]
    return f" {' '.join(sounds)} "


@dataclass(frozen=True, slots=True)
class Asked:
    """A query cut into runs of syllables (or one word of letters and digits), ready for matching."""

    runs: tuple[tuple[str, ...], ...]
    sounds: str

    def on_topic(self, article: Sounded) -> bool:
        """Whether a word of the article's title or keywords was said."""
        return any(topic in self.sounds for topic in article.topics)


def asked(query: str, *, spoken: bool) -> Asked:
    """The query by its sounds; letters that are pinyin count as the syllables they spell, unless spoken."""
    text = tokens.meant(query, spoken=spoken)
    runs: list[tuple[str, ...]] = []
    for run in tokens.runs(text):
        if run.isascii():
            runs.append((run,))
            syllables = None if spoken else tokens.segment_pinyin(run)
            if syllables:
                runs.append(tuple(fold(syllable) for syllable in syllables))
        else:
            runs.append(tuple(tokens.sound(char) for char in run))
    return Asked(tuple(runs), "".join(f" {' '.join(run)} /" for run in runs))


def matched_words(query: Asked, article: Sounded) -> list[str]:
    """The words of the query found in the article, as the article writes them, longest first."""
    found: dict[str, None] = {}
    for run in query.runs:
        if len(run) == 1:
            if run[0].isascii() and len(run[0]) >= _SHORTEST and run[0] in article.chars:
                found[run[0]] = None
        else:
            _stretches(list(run), article, found)
    words = [word for word in found if word not in _EMPTY_WORDS]
    return sorted(words, key=lambda word: -len(word))[:WORDS_SHOWN]


def _stretches(sounds: list[str], article: Sounded, found: dict[str, None]) -> None:
    """Longest stretches first; each is then cut to whole words, so that no halves are shown."""
    free = [(0, len(sounds))]
    while free:
        start, end = free.pop()
        match = _longest(sounds, start, end, article)
        if match is None:
            continue
        at, size, stretch = match
        words = [word for word in rjieba.cut(stretch, False) if len(word) >= _SHORTEST]
        # The dictionary does not know every word (讨薪, 网约车): then the stretch is the word.
        found.update(dict.fromkeys(words or [stretch]))
        free += [(start, at), (at + size, end)]


def _longest(sounds: list[str], start: int, end: int, article: Sounded) -> tuple[int, int, str] | None:
    """The longest stretch the article has. Grown from pairs: what has no pair has no longer one."""
    best: tuple[int, int, str] | None = None
    at = start
    while at <= end - _SHORTEST:
        size = max(_SHORTEST, best[1] + 1 if best else 0)
        while at + size <= end and size <= _LONGEST and (stretch := article.find(sounds[at : at + size])):
            best = (at, size, stretch)
            size += 1
        at += 1
    return best


def matched_initials(letters: str, article: Article) -> str:
    """The words of title and keywords whose first letters were typed, or ""."""
    for text in (*article.keywords, article.title):
        for run in tokens.runs(tokens.plain(text)):
            for first in sorted(tokens.initials_of(run)):
                at = first.find(letters)
                if at >= 0:
                    return run[at : at + len(letters)]
    return ""
