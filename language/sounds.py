"""How text sounds: toneless pinyin with accents folded, so that a recogniser's homophones still match.

Folding joins what speakers and recognisers of the region confuse: zh/z, ch/c, sh/s, n/l at the beginning and
ng/n at the end. Every character gives exactly one unit, so positions in sound are positions in text.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from pypinyin import Style, lazy_pinyin, pinyin_dict

_DIGITS = dict(zip("0123456789", "零一二三四五六七八九", strict=True))
# Characters whose first reading in the dictionary is not the one people mean here.
_READINGS = {"地": "di", "的": "de", "得": "de", "了": "le", "着": "zhao", "行": "hang", "车": "che", "厦": "sha"}


@lru_cache(maxsize=30000)
def syllable(char: str) -> str:
    """The folded toneless syllable of a character; other characters stand for themselves, lower case."""
    char = _DIGITS.get(char, char)
    if ord(char) not in pinyin_dict.pinyin_dict:
        return char.lower()
    plain = _READINGS.get(char) or lazy_pinyin(char, style=Style.NORMAL)[0]
    return fold(plain)


def fold(plain: str) -> str:
    """One toneless syllable without the accents that telephone speech loses: `zhong` -> `zon`, `nue` -> `lve`."""
    plain = plain.replace("ü", "v")
    for long, short in (("zh", "z"), ("ch", "c"), ("sh", "s")):
        if plain.startswith(long):
            plain = short + plain[2:]
            break
    if plain.startswith("n") and len(plain) > 1:
        plain = "l" + plain[1:]
    if plain == "lue":  # typed without the dots
        return "lve"
    return plain.removesuffix("g") if plain.endswith("ng") else plain


@lru_cache(maxsize=4096)
def sound(text: str) -> tuple[str, ...]:
    """The folded syllables of a text, one for each character."""
    return tuple(syllable(char) for char in text)


def find_sound(pattern: Sequence[str], heard: Sequence[str], start: int = 0) -> int:
    """Where this run of syllables begins, -1 when it does not occur."""
    size = len(pattern)
    for i in range(start, len(heard) - size + 1):
        if heard[i] == pattern[0] and tuple(heard[i : i + size]) == tuple(pattern):
            return i
    return -1


def near(a: str, b: str) -> bool:
    """Whether two syllables are easily taken for each other: same initial or same final."""
    if a == b:
        return True
    (initial_a, final_a), (initial_b, final_b) = _parts(a), _parts(b)
    return final_a == final_b or (initial_a == initial_b and initial_a != "" and final_a[:1] == final_b[:1])


@lru_cache(maxsize=4096)
def _parts(plain: str) -> tuple[str, str]:
    for i, letter in enumerate(plain):
        if letter in "aeiouv":
            return plain[:i], plain[i:]
    return plain, ""
