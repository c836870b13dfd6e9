"""Which words of an article answered a query, in the article's own characters: what the agent is shown as `why`."""

from __future__ import annotations

import re
from dataclasses import dataclass

import rjieba

from db.models import Article
from kb import tokens

_HAN = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff]")

_SHORTEST = 2
"""Syllables in a row that count as a word; single ones match everywhere."""

_LONGEST = 12

WORDS_SHOWN = 4

_EMPTY_WORDS = frozenset(
    [
        "怎么",
        "什么",
        "可以",
        "是不是",
        "多少",
        "哪里",
        "哪个",
        "怎样",
        "如何",
        "需要",
        "怎么办",
        "办理",
        "一个",
        "没有",
        "不能",
        "可不可以",
        "能不能",
        "我们",
        "他们",
        "现在",
        "时候",
        "要什么",
        "怎么样",
        "有没有",
        "么办",
        "么样",
        "的时候",
        "多久",
        "为什么",
        "不是",
        "还是",
        "就是",
        "如果",
        "知道",
        "应该",
        "这样",
        "那样",
        "自己",
        "我的",
        "的人",
        "了我",
    ]
)


@dataclass(frozen=True, slots=True)
class Sounded:
    """A text with the sound of each of its characters, " gon ji jin "; positions of both kept in step."""

    chars: str
    sounds: str
    starts: dict[int, int]
    """Offset of a syllable in `sounds` -> position of its character."""

    def find(self, syllables: list[str]) -> str:
        """The first stretch of the text that sounds like this, or ""."""
        at = self.sounds.find(" " + " ".join(syllables) + " ")
        if at < 0:
            return ""
        first = self.starts[at + 1]
        return self.chars[first : first + len(syllables)]


def sounded(article: Article) -> Sounded:
    """Head first, then the body: a word of the title is shown as the title has it."""
    text = tokens.plain(
        "\n".join([article.title, *article.keywords, *article.questions, article.short_answer, article.body])
    )
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
    return Sounded(text, "".join(pieces), starts)


def matched_words(query: str, article: Sounded, *, spoken: bool = False) -> list[str]:
    """The words of the query found in the article, as the article writes them, longest first."""
    text = tokens.strip_fillers(tokens.plain(query[: tokens.QUERY_LIMIT]))
    found: dict[str, None] = {}
    for run in tokens.runs(text):
        if run[0].isascii():
            syllables = None if spoken else tokens.segment_pinyin(run)
            if run in article.chars:
                found[run] = None
                continue
            if syllables is None:
                continue
            sounds = [tokens.fold(s) for s in syllables]
        else:
            sounds = [tokens.sound(char) for char in run]
        _stretches(sounds, article, found)
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
        for word in rjieba.cut(stretch, False):
            if len(word) >= _SHORTEST:
                found[word] = None
        free += [(start, at), (at + size, end)]


def _longest(sounds: list[str], start: int, end: int, article: Sounded) -> tuple[int, int, str] | None:
    for size in range(min(end - start, _LONGEST), _SHORTEST - 1, -1):
        for at in range(start, end - size + 1):
            stretch = article.find(sounds[at : at + size])
            if stretch:
                return at, size, stretch
    return None


def matched_initials(letters: str, article: Article) -> str:
    """The words of title and keywords whose first letters were typed, or ""."""
    for text in (*article.keywords, article.title):
        for run in tokens.runs(tokens.plain(text)):
            for first in sorted(tokens.initials_of(run)):
                at = first.find(letters)
                if at >= 0:
                    return run[at : at + len(letters)]
    return ""
