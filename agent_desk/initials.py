"""Pinyin initials and full pinyin of a name, so that pickers find 供水公司 by "gsgs"."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin


@lru_cache(maxsize=4096)
def search_keys(text: str) -> str:
    """Initials and full pinyin in lower case, e.g. "gsgs gongshuigongsi"."""
    initials = "".join(lazy_pinyin(text, style=Style.FIRST_LETTER))
    return f"{initials} {''.join(lazy_pinyin(text))}".lower()
