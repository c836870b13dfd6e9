"""The plain words of emergencies (`data/emergency.yaml`): the floor below the trained model (domain.md 3.3).

Sound counts: a recogniser writes 早火 for 着火.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import rjieba
from pypinyin import Style, lazy_pinyin

from language.sounds import sound
from runtime.yaml_text import read_yaml

FILE = Path(__file__).parent.parent / "data" / "emergency.yaml"

PAIR_GAP = 8
"""Characters between the parts of a pair."""
SENTENCES = 4096
"""Sentences whose finding is kept, in case they are asked for again."""

_OVERRULED_BY_NOW = ("past", "habit", "enquiry", "done")
_FINAL = ("about", "fiction", "feared")


@dataclass(frozen=True, slots=True)
class _Word:
    """A trigger; `syllables` are folded ones, None for words that must be written so."""

    text: str
    syllables: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class _Code:
    code: str
    target: str
    words: tuple[_Word, ...]
    pairs: tuple[re.Pattern[str], ...]
    needs_any: tuple[str, ...]
    not_words: tuple[str, ...]
    never_with: tuple[str, ...]


@dataclass(frozen=True)
class _Rules:
    codes: tuple[_Code, ...]
    negative: dict[str, tuple[str, ...]]
    now: re.Pattern[str]
    yes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Hit:
    """A code and the words of the text that gave it."""

    code: str
    target: str
    words: tuple[str, ...]


def _toned(text: str) -> tuple[str, ...]:
    return tuple(
        re.sub(r"^([zcs])h|ng(?=\d?$)", lambda m: m[1] or "n", one) for one in lazy_pinyin(text, style=Style.TONE3)
    )


def _misheard(there: str, word: str) -> bool:
    """Whether two characters may be a mishearing of two others: same syllables, and at least one tone.

    Two characters have too many homophones for the folded sound alone: 搬家 and 绑架, 又倒 and 有刀.
    """
    pairs = list(zip(_toned(there), _toned(word), strict=True))
    return all(a.rstrip("1234") == b.rstrip("1234") for a, b in pairs) and any(a == b for a, b in pairs)


def _word_edges(text: str) -> set[int]:
    """Where words begin and end: what straddles them is no word that somebody said."""
    edges, at = {0}, 0
    for word in rjieba.cut(text):
        at += len(word)
        edges.add(at)
    return edges


def target_of(code: str) -> str:
    """Who is to be called for this code, "110" where it is unknown."""
    return next((row.target for row in _rules().codes if row.code == code), "110")


@cache
def _rules(path: Path = FILE) -> _Rules:
    data: dict[str, Any] = read_yaml(path.read_text(encoding="utf-8"))
    codes = []
    for code, row in data["codes"].items():
        words = [_Word(text) for text in row.get("exact", ())]
        for text in row.get("sound", ()):
            words.append(_Word(text, sound(text)))
        codes.append(
            _Code(
                code=code,
                target=row["target"],
                words=tuple(words),
                pairs=tuple(_pair(parts) for parts in row.get("pairs", ())),
                needs_any=tuple(row.get("needs_any", ())),
                not_words=tuple(row.get("not_words", ())),
                never_with=tuple(row.get("never_with", ())),
            )
        )
    return _Rules(
        codes=tuple(codes),
        negative={name: tuple(words) for name, words in data["negative"].items()},
        now=re.compile("|".join(data["now"])),
        yes=frozenset(data["affirmations"]),
    )


def _pair(parts: list[str]) -> re.Pattern[str]:
    return re.compile(f".{{0,{PAIR_GAP}}}?".join(re.escape(part) for part in parts))


def _denied(text: str, at: int) -> bool:
    """Whether 没有, 没 or 不是 stands right before this place."""
    return text[max(0, at - 2) : at].endswith(("没有", "没", "不是", "并未"))


def _places(word: _Word, text: str, heard: tuple[str, ...], begins: dict[str, list[int]]) -> list[int]:
    """Where this trigger stands in the text, or sounds as if it did; `begins` has the places of each syllable."""
    found, at = set(), text.find(word.text)
    while at >= 0:
        found.add(at)
        at = text.find(word.text, at + 1)
    if word.syllables:
        size = len(word.text)
        found |= {i for i in begins.get(word.syllables[0], ()) if heard[i : i + size] == word.syllables}
    return sorted(found)


def _found(word: _Word, text: str, places: list[int], not_words: tuple[str, ...]) -> str:
    """The characters at which this trigger was heard, "" when it was not."""
    size = len(word.text)
    for i in places:
        there = text[i : i + size]
        if there != word.text:
            if size == 2 and not _misheard(there, word.text):
                continue
            if not {i, i + size} <= _word_edges(text):
                continue
        around = text[max(0, i - 2) : i + size + 2]
        if not _any(not_words, around) and not _denied(text, i):
            return there
    return ""


def _found_pair(pair: re.Pattern[str], text: str, not_words: tuple[str, ...]) -> str:
    match = pair.search(text)
    if match is None or _denied(text, match.start()) or "没" in match.group():
        return ""
    return "" if _any(not_words, text[max(0, match.start() - 2) : match.end() + 2]) else match.group()


def _any(words: tuple[str, ...], text: str) -> bool:
    return any(word in text for word in words)


def spot(text: str, before: str = "") -> list[Hit]:
    """Emergencies in one sentence; `before` was said in the same breath and only qualifies it."""
    return list(_spot(text, before))


@lru_cache(maxsize=SENTENCES)
def _spot(text: str, before: str) -> tuple[Hit, ...]:
    """Kept for a while: the draft asks for every sentence of a call again whenever one more was said."""
    rules = _rules()
    text = re.sub(r"\s+", "", text)
    for denial in rules.negative["denied"]:
        text = text.replace(denial, "，")
    whole = before + text
    if any(_any(rules.negative[name], whole) for name in _FINAL):
        return ()
    happening = rules.now.search(text) is not None
    if not happening and any(_any(rules.negative[name], whole) for name in _OVERRULED_BY_NOW):
        return ()
    heard = sound(text)
    begins: dict[str, list[int]] = {}
    for i, syllable in enumerate(heard):
        begins.setdefault(syllable, []).append(i)
    hits: list[Hit] = []
    for code in rules.codes:
        places = ((word, _places(word, text, heard, begins)) for word in code.words)
        words = [w for word, at in places if (w := _found(word, text, at, code.not_words))]
        words += [w for pair in code.pairs if (w := _found_pair(pair, text, code.not_words))]
        if not words or (not happening and _any(code.never_with, text)):
            continue
        if not code.needs_any or _any(code.needs_any, text):
            hits.append(Hit(code.code, code.target, tuple(dict.fromkeys(words))))
    return tuple(hits)


def is_yes(text: str) -> bool:
    """Whether a citizen's utterance is a bare yes."""
    return re.sub(r"[\s，。！？、,.!?]", "", text) in _rules().yes
