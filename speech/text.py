"""Recognised words as a clerk would write them: no spaces, digits where a clerk writes digits, the city's names.

`written` is for partials (fast), `corrected` for finals (also mends names towards the city's hot words).
"""

from __future__ import annotations

from collections.abc import Sequence

from language.numerals import clerk_numbers
from speech.hotwords import HotWords


def joined(words: Sequence[str]) -> str:
    """Chinese words without spaces; a space stays between two Latin ones."""
    text = ""
    for word in words:
        if text and word and text[-1].isascii() and word[0].isascii():
            text += " "
        text += word
    return text


class ClerkText:
    """The text step of one call: holds the hot words as they were when the call began."""

    def __init__(self, hot_words: HotWords | None = None) -> None:
        self._hot_words = hot_words or HotWords(())
        self._names = self._hot_words.with_numbers

    def written(self, words: Sequence[str]) -> str:
        return clerk_numbers(joined(words), self._names)

    def corrected(self, words: Sequence[str]) -> str:
        return clerk_numbers(self._hot_words.mend(joined(words)), self._names)
