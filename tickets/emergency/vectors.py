"""The sentence vector of an utterance with what was said right before it."""

from __future__ import annotations

from collections.abc import Sequence

from tickets.emergency.examples import Before
from tickets.learned import vectors
from tickets.learned.pieces import plain
from tickets.learned.vectors import LONGEST, Vector

_QUESTION = 10
"""Characters of what was said before, at the most."""


def vector(text: str, before: Sequence[Before] = ()) -> Vector:
    """The vector of both together. Needs the optional package."""
    if not before:
        return vectors.vector(plain(text, LONGEST))
    said = plain(text, LONGEST - _QUESTION - 1)
    return vectors.vector(f"{plain(before[-1].text, _QUESTION)}。{said}")
