"""Pinyin of a name for the pickers: 供水公司 is found by "gsgs" and by "gongshui"."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin


@lru_cache(maxsize=8192)
def pinyin_keys(text: str) -> tuple[str, str]:
    """Initials without punctuation ("gsgs") and syllables ("gong shui gong si"), lower case."""
    han = "".join(c for c in text if c.isalnum())
    initials = "".join(lazy_pinyin(han, style=Style.FIRST_LETTER)).lower()
    return initials, " ".join(lazy_pinyin(han)).lower()
