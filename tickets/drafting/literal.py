"""What a suggestion would be in the words as they were recognised, where words in it were put right.

An agent who heard it knows better: the desk marks such a value, and one key goes back to what was recognised.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from runtime.events import Suggestion
from tickets.drafting.talk import Line

FIELDS = ("title", "content", "demand", "place_text", "occurred_text", "appellant_name", "subject", "company")
"""Those whose value is made of what was said; the others are codes and numbers."""

Pair = tuple[str, str]
"""Words as they stand in the value, and as they were recognised."""


def with_literals(fields: dict[str, list[Suggestion]], lines: Sequence[Line]) -> dict[str, list[Suggestion]]:
    """The same suggestions; those that hold words put right say what was recognised."""
    pairs = [pair for line in lines for pair in _put_right(line)]
    for place in fields.get("place_text", ())[:1]:
        pairs += _replaced(place.value, place.quote)
    if not pairs:
        return fields
    pairs.sort(key=lambda pair: -len(pair[0]))
    return {
        name: [_with_literal(option, pairs) for option in options] if name in FIELDS else options
        for name, options in fields.items()
    }


def _with_literal(option: Suggestion, pairs: Sequence[Pair]) -> Suggestion:
    text = option.value
    for written, recognised in pairs:
        text = text.replace(written, recognised)
    return option if text == option.value else replace(option, literal=text)


def _put_right(line: Line) -> list[Pair]:
    """The words of a line that were read otherwise than recognised; a lone character with its neighbour."""
    heard, read = line.text[: len(line.read)], line.read
    pairs: list[Pair] = []
    at = 0
    while at < len(read):
        if heard[at] == read[at]:
            at += 1
            continue
        end = at
        while end < len(read) and heard[end] != read[end]:
            end += 1
        start = at
        if end - start == 1:
            start, end = (start - 1, end) if start else (start, min(end + 1, len(read)))
        pairs.append((read[start:end], heard[start:end]))
        at = end
    return pairs


def _replaced(value: str, quote: str) -> list[Pair]:
    """Parts of a place that were taken from the gazetteer for others of the same length."""
    pairs = []
    for what, a, b, c, d in SequenceMatcher(None, value, quote, autojunk=False).get_opcodes():
        if what == "replace" and b - a == d - c:
            lead = 1 if b - a == 1 and a and c else 0
            pairs.append((value[a - lead : b], quote[c - lead : d]))
    return pairs
