"""Which category a matter belongs to: BM25 over people's phrasings, by character and by sound.

A recogniser's homophones keep their sound, so folded pinyin n-grams stand beside character n-grams (kb.md:
pinyin keeps 91-96 % of its recall under recognition errors, characters 73 %). Keywords of a category add to it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from language.sounds import syllable
from tickets.drafting.lexicon import CategoryEntry

K1, B = 1.2, 0.4
SOUND = 1.0
"""Weight of a sound n-gram against a character n-gram."""
SECOND, THIRD = 0.45, 0.25
"""What a category's second and third best phrasing add to its best."""
MOST = 1.5
"""Times a gram counts at most, however often it is said."""
WORD = 1.1
"""Weight of a keyword of the category, times its rarity."""
SHARP = 0.55
"""Scale of the soft maximum that turns scores into confidence; fitted on bench/data/draft/dev.yaml."""

HEIGHT = 26.0
"""Score at which something was said that is worth two thirds of full confidence."""

_IDLE = frozenset("的了吗呢吧啊呀哦嗯我你他她它们是在有就都也还和跟把被给这那个一不没要会能可以到去来说人上下里很")


def grams(text: str) -> Counter[str]:
    """Weighted n-grams of a text: characters, pairs of characters, syllables and pairs of syllables."""
    out: Counter[str] = Counter()
    for run in _runs(text):
        sounds = [syllable(char) for char in run]
        for i, char in enumerate(run):
            if char not in _IDLE:
                out[char] += 1
                out["." + sounds[i]] += 1
            if i + 1 < len(run) and not (char in _IDLE and run[i + 1] in _IDLE):
                out[run[i : i + 2]] += 1
                out["." + sounds[i] + "." + sounds[i + 1]] += 1
    return out


def _runs(text: str) -> Iterable[str]:
    run = ""
    for char in text:
        if "\u4e00" <= char <= "\u9fff":
            run += char
        elif run:
            yield run
            run = ""
    if run:
        yield run


@dataclass(frozen=True, slots=True)
class Guess:
    """A category and how sure it is (0..1)."""

    code: str
    confidence: float
    score: float


class CategoryModel:
    """Built once from the lexicon; `guess` takes about a millisecond."""

    def __init__(self, categories: Iterable[CategoryEntry]) -> None:
        self._codes: list[str] = []
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self._idf: dict[str, float] = {}
        self._words: dict[str, list[str]] = defaultdict(list)
        self._add(list(categories))

    def _add(self, categories: list[CategoryEntry]) -> None:
        docs: list[tuple[str, Counter[str]]] = []
        spread: dict[str, set[str]] = defaultdict(set)
        for category in categories:
            for phrase in (*category.says, category.name):
                counted = grams(phrase)
                docs.append((category.code, counted))
                for gram in counted:
                    spread[gram].add(category.code)
            for word in category.words:
                self._words[word].append(category.code)
        total = max(len(categories), 1)
        self._idf = {gram: math.log(1 + (total - len(c) + 0.5) / (len(c) + 0.5)) for gram, c in spread.items()}
        mean = sum(sum(d.values()) for _, d in docs) / max(len(docs), 1) or 1.0
        for i, (code, counted) in enumerate(docs):
            self._codes.append(code)
            size = sum(counted.values())
            for gram, count in counted.items():
                weight = count * (K1 + 1) / (count + K1 * (1 - B + B * size / mean))
                share = SOUND if gram.startswith(".") else 1.0
                self._postings[gram].append((i, weight * self._idf[gram] * share))
        self._total = total

    def scores(self, lines: Sequence[tuple[str, float]]) -> dict[str, float]:
        """Score of every category that has something in common with these (text, weight) lines."""
        per_phrase: dict[int, float] = defaultdict(float)
        asked: defaultdict[str, float] = defaultdict(float)
        for text, weight in lines:
            for gram, count in grams(text).items():
                asked[gram] += weight * min(count, 2)
        for gram, times in asked.items():
            for i, weight in self._postings.get(gram, ()):
                per_phrase[i] += weight * min(times, MOST)
        by_code: dict[str, list[float]] = defaultdict(list)
        for i, score in per_phrase.items():
            by_code[self._codes[i]].append(score)
        out: dict[str, float] = {}
        for code, found in by_code.items():
            found.sort(reverse=True)
            best = [*found[:3], 0.0, 0.0]
            out[code] = best[0] + SECOND * best[1] + THIRD * best[2]
        for text, weight in lines:
            for word, codes in self._words.items():
                if word in text:
                    gain = WORD * weight * math.log(1 + self._total / len(codes)) * min(len(word), 4) / 2
                    for code in codes:
                        out[code] = out.get(code, 0.0) + gain
        return out

    def guess(self, lines: Sequence[tuple[str, float]]) -> list[Guess]:
        """The five likeliest categories for these (text, weight) lines."""
        scores = self.scores(lines)
        ranked = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:5]
        if not ranked:
            return []
        top = ranked[0][1]
        # The share of the soft maximum says how clear the winner is, the height whether anything was said at all.
        shares = [math.exp((score - top) / max(top, 1.0) / 0.12 * SHARP) for _, score in ranked]
        height = 1 - math.exp(-top / HEIGHT)
        total = sum(shares)
        return [
            Guess(code, round(height * share / total, 3), round(score, 2))
            for (code, score), share in zip(ranked, shares, strict=True)
        ]
