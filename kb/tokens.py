"""Words by which articles are found: Chinese characters, their sound, and the letters people type.

Measured choice: characters and character bigrams for what is written, toneless syllables with the local
accent folded (zh/z, ch/c, sh/s, n/l, -ng/-n) and their bigrams for what is heard. Speech recognition
confuses characters far more often than sounds, so the second half keeps finding what the first loses.

Every token begins with the mark of its kind, so that kinds never collide and none can be an operator of
a query language: a Han character for text, `0` for letters and digits, `1` for sound, `2` for initials.
"""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import PINYIN_DICT

from language.han import HAN
from language.sounds import fold

VERSION = 2
"""Raise it when tokens of the same text change: the index is then rebuilt."""

QUERY_LIMIT = 400
"""Characters of a query that are looked at; the longest utterance is 15 s, about 80 characters."""

SHORTEST_INITIALS, LONGEST_INITIALS = 2, 6

_RUN = re.compile(rf"[{HAN}]+|[a-z0-9]+")
_HAN_RUN = re.compile(rf"[{HAN}]+")

_ASK = "(?:咨询|打听|了解|请教|请问|反映|问|说|讲|查|看)"
_FILLERS = re.compile(
    "喂+|[您你]们?好|打扰(?:一?下|了)|麻烦(?:[您你]|一?下)*|请问(?:一下)?|不好意思|话务员|接线员|12345|热线"
    f"|(?:我们?|俺)(?:就是|是|就|还)?(?:想要?|要)?(?:跟[你您])?{_ASK}(?:一下子?|下)?|想(?:要)?{_ASK}(?:一下子?|下)?"
    f"|帮(?:我|忙|俺){_ASK}?(?:一下子?|下)?|{_ASK}一下"
    "|就是(?:说|讲)?|那个|这个|然后呢?|是这样(?:子)?的?|怎么说呢|[你您]知道(?:吧|吗|不)|对不对|是不是"
    "|谢谢(?:[你您]|啊)?|再见|[嗯呃啊哦哎唉诶欸哈呀嘛呢吧吗咯啦嘞]"
)

_CALL_TALK = re.compile(
    "(?:[打回留][过了个]*)(?:好)?(?:几|多|\\d)?[次个]*(?:的)?电话|电话(?:号码)?(?:是|给你)?[\\d零〇一二三四五六七八九幺]*|手机号码?"
    "|[哪那]个部门|这个?事情?|什么时候|的时候|今[年天]|明[年天]|昨天|前天|上个?(?:星期|礼拜|月)|(?:星期|礼拜)[一二三四五六天日]"
    "|上午|下午|一下子?|听得?(?:见|清楚?|到)|清楚|我们?(?:这里|这边|那里|那边)|告诉[我你]|工号|一直"
    "|没有?问题|[一二三四五六七八九十]+岁|[零〇一二三四五六七八九幺十]{4,}"
)
"""Talk about the call itself, about time and numbers; typed, the same words are meant."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query as tokens; all empty when nothing in it can be looked for."""

    text: tuple[str, ...] = ()
    sound: tuple[str, ...] = ()
    initials: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text or self.sound or self.initials)


def plain(text: str) -> str:
    """Full-width to half-width, lower case, nothing else lost."""
    return unicodedata.normalize("NFKC", text).lower()


def strip_fillers(text: str) -> str:
    """The text without greetings, hesitation and "I would like to ask"; expects `plain` text."""
    return _FILLERS.sub(" ", text)


def strip_call_talk(text: str) -> str:
    """Spoken text without what is said in every call; expects `plain` text."""
    return _CALL_TALK.sub(" ", text)


def meant(text: str, *, spoken: bool) -> str:
    """The `plain` text that is looked for, cut to `QUERY_LIMIT`."""
    # Cut first: NFKC can make one character into eighteen.
    stripped = strip_fillers(plain(text[:QUERY_LIMIT])[:QUERY_LIMIT])
    return strip_call_talk(stripped) if spoken else stripped


def runs(text: str) -> list[str]:
    """Stretches of Han characters and of letters and digits in `plain` text."""
    found: list[str] = _RUN.findall(text)
    return found


def _toneless(reading: str) -> str:
    # ǖǘǚǜ decompose into u + diaeresis + tone: u + diaeresis is typed v.
    letters = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    return "".join(letter for letter in letters if letter.isascii())


@lru_cache(maxsize=50_000)
def reading(char: str) -> str:
    """The first reading of a character without tone, or "" when it has none."""
    found = PINYIN_DICT.get(ord(char), "")
    return _toneless(found.split(",")[0])


@lru_cache(maxsize=50_000)
def sound(char: str) -> str:
    """The folded first reading of a character; the character itself when it has none."""
    return fold(reading(char)) or char


def text_tokens(text: str) -> list[str]:
    """Characters and bigrams of `plain` text; letters and digits as whole words."""
    tokens: list[str] = []
    for run in _RUN.findall(text):
        if run[0].isascii():
            tokens.append("0" + run[:64])
        else:
            tokens.extend(run)
            tokens.extend(run[i : i + 2] for i in range(len(run) - 1))
    return tokens


def syllable_tokens(syllables: list[str]) -> list[str]:
    """Folded syllables and their bigrams as tokens."""
    tokens = ["1" + syllable for syllable in syllables]
    tokens += [f"1{a}1{b}" for a, b in itertools.pairwise(syllables)]
    return tokens


def sound_tokens(text: str) -> list[str]:
    """Sound of the Chinese characters of `plain` text, by one reading a character."""
    tokens: list[str] = []
    for run in _HAN_RUN.findall(text):
        tokens += syllable_tokens([sound(char) for char in run])
    return tokens


def phrase_sound_tokens(text: str) -> list[str]:
    """Tokens that the reading by phrase (银行 -> yin hang) adds to the reading by character."""
    extra: list[str] = []
    for run in _HAN_RUN.findall(text):
        by_phrase = [fold(s) for s in lazy_pinyin(run, style=Style.NORMAL, v_to_u=False)]
        by_char = [sound(char) for char in run]
        if len(by_phrase) == len(by_char) and by_phrase != by_char:
            extra += sorted(set(syllable_tokens(by_phrase)) - set(syllable_tokens(by_char)))
    return extra


def initials_of(run: str) -> set[str]:
    """First letters of a run of characters, by character and by phrase: 公积金 -> {gjj}."""
    by_char = "".join(reading(char)[:1] or "-" for char in run)
    by_phrase = "".join(s[:1] for s in lazy_pinyin(run, style=Style.NORMAL))
    return {by_char, by_phrase} if len(by_phrase) == len(run) else {by_char}


def grams(letters: str) -> list[str]:
    """All pieces of 2 to 6 letters."""
    return [
        letters[i : i + size]
        for size in range(SHORTEST_INITIALS, LONGEST_INITIALS + 1)
        for i in range(len(letters) - size + 1)
    ]


def initials_tokens(names: Iterable[str]) -> dict[str, int]:
    """{token: points} by which these names are found when only first letters are typed.

    A whole name counts three times, the beginning of one twice: agents abbreviate names, not clauses.
    """
    points: dict[str, int] = {}
    for name in names:
        for run in _HAN_RUN.findall(plain(name)):
            for letters in initials_of(run):
                for gram in grams(letters):
                    place = 3 if gram == letters else 2 if letters.startswith(gram) else 1
                    points["2" + gram] = max(points.get("2" + gram, 0), place)
    return {token: worth for token, worth in points.items() if token[1:].isalpha()}


@cache
def _syllables() -> frozenset[str]:
    """Syllables of Mandarin as typed; rare readings left out, they would spoil the segmentation."""
    count: dict[str, int] = {}
    for code, readings in PINYIN_DICT.items():
        if 0x4E00 <= code <= 0x9FFF:
            syllable = _toneless(readings.split(",")[0])
            count[syllable] = count.get(syllable, 0) + 1
    known = {s for s, n in count.items() if n > 1 and s.isalpha() and any(v in s for v in "aeiouv")}
    return frozenset(known | {"lue", "nue"})


@cache
def _beginnings() -> frozenset[str]:
    return frozenset(s[:n] for s in _syllables() for n in range(1, len(s)))


def segment_pinyin(letters: str) -> list[str] | None:
    """`gongjijin` -> [gong, ji, jin]; an unfinished last syllable is left out; None when it is no pinyin.

    Fewest syllables win, then the longer first one.
    """
    if not letters.isascii() or not letters.isalpha() or len(letters) > 120:
        return None
    known = _syllables()
    best: list[list[str] | None] = [None] * (len(letters) + 1)
    best[len(letters)] = []
    for start in range(len(letters) - 1, -1, -1):
        rest = letters[start:]
        if len(rest) < 6 and rest in _beginnings() and rest not in known and start > 0:
            best[start] = []  # still being typed
            continue
        for size in range(min(6, len(rest)), 0, -1):
            tail = best[start + size]
            if letters[start : start + size] in known and tail is not None:
                current = best[start]
                if current is None or len(tail) + 1 < len(current):
                    best[start] = [letters[start : start + size], *tail]
    return best[0] or None


def _typed_letters(run: str) -> tuple[list[str], set[str]]:
    """What a run of letters may mean: (sound tokens, initials tokens)."""
    syllables = segment_pinyin(run)
    sounds = syllable_tokens([fold(s) for s in syllables]) if syllables else []
    initials: set[str] = set()
    if syllables is None and run.isalpha():
        # All of a short run must fit, most of a long one: two letters alone fit half of all names.
        least = min(len(run) if len(run) <= 3 else math.ceil(len(run) * 0.6), LONGEST_INITIALS)
        initials = {"2" + gram for gram in grams(run[:24]) if len(gram) >= least}
    elif run.isalpha() and 2 <= len(run) <= 3:
        initials = {"2" + run}  # "sb" of 社保 is no syllable, but "hu" or "ai" may be either
    return sounds, initials


def parse_query(text: str, *, spoken: bool = False) -> Query:
    """Tokens of what an agent typed, or of what a citizen said. Never raises, whatever the text."""
    stripped = meant(text, spoken=spoken)
    texts = text_tokens(stripped)
    sounds = sound_tokens(stripped)
    initials: set[str] = set()
    if not spoken:
        letters = [run for run in _RUN.findall(stripped) if run[0].isascii()]
        previous: str | None = None
        for run in letters:
            found, grams_found = _typed_letters(run)
            sounds += found
            initials |= grams_found
            # "gong ji jin" typed with spaces: the bigrams across the spaces count as well.
            first, last = _ends(found)
            if previous and first:
                sounds.append(f"1{previous}1{first}")
            previous = last
    return Query(tuple(dict.fromkeys(texts)), tuple(dict.fromkeys(sounds)), tuple(sorted(initials)))


def _ends(sounds: list[str]) -> tuple[str, str]:
    singles = [token[1:] for token in sounds if token.count("1") == 1]
    return (singles[0], singles[-1]) if singles else ("", "")


def quote(token: str) -> str:
    """A token as an FTS5 string: no operator, column filter or prefix can hide in it."""
    return '"' + token.replace("\0", "").replace('"', '""') + '"'
