"""Finding a cue word in a line, also where the recogniser wrote another word of the same sound."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from language.sounds import sound


@lru_cache(maxsize=8192)
def _plain(text: str) -> tuple[str, ...]:
    return tuple(lazy_pinyin(text, style=Style.NORMAL))


def find_cue(text: str, word: str, not_words: tuple[str, ...] = ()) -> tuple[int, int] | None:
    """Where the word stands: written so, or (from two characters) sounding so and not one of `not_words`."""
    at = text.find(word)
    if at >= 0:
        return at, at + len(word)
    size = len(word)
    if size < 2:
        return None
    wanted, heard = sound(word), sound(text)
    for i in range(len(text) - size + 1):
        if heard[i : i + size] != wanted:
            continue
        there = text[i : i + size]
        if there in not_words or (size == 2 and _plain(there) != _plain(word)):
            continue
        return i, i + size
    return None
