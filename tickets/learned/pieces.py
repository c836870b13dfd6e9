"""What a model sees of a text: pieces of its characters and of its sound.

Sound (toneless, accents folded) keeps what a recogniser wrote with other characters; characters keep apart what
sounds alike. Nothing here depends on a dictionary of words: broken and dialect speech has none.
"""

from __future__ import annotations

import re

from language.han import HAN
from language.sounds import syllable

_SAID = re.compile(rf"[{HAN}a-z0-9]+")

Piece = tuple[str, int, int]
"""(feature, start, end) in the plain text."""


def plain(text: str, longest: int) -> str:
    """Only what is spoken, lower case; the last `longest` characters."""
    return "".join(_SAID.findall(text.lower()))[-longest:]


def pieces_of(text: str) -> list[Piece]:
    """Each piece of `plain` text: characters 1 to 4 long, sound 2 and 3 long, its beginning and its end."""
    sounds = [syllable(char) for char in text]
    found = []
    for size in (1, 2, 3, 4):
        found += [("c" + text[i : i + size], i, i + size) for i in range(len(text) - size + 1)]
    for size in (2, 3):
        found += [("s" + " ".join(sounds[i : i + size]), i, i + size) for i in range(len(sounds) - size + 1)]
    if text:
        found.append(("c^" + text[:2], 0, min(2, len(text))))
        found.append(("c" + text[-2:] + "$", max(0, len(text) - 2), len(text)))
    return found
