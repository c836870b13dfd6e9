"""What the emergency model sees of an utterance, and of what came before it."""

from __future__ import annotations

from collections.abc import Sequence

from tickets.emergency.examples import Before
from tickets.learned.pieces import plain

LONGEST = 120
"""Characters of an utterance that are looked at, the last ones."""

REMEMBERED = 3
"""Earlier utterances that count."""

_EARLIER = 40
"""Characters of each of them."""


def context_of(before: Sequence[Before]) -> list[str]:
    """Features of what was said before: the citizen's earlier words, and the agent's last question."""
    found = []
    for said in before[-REMEMBERED:]:
        mark = "q" if said.speaker == "agent" else "p"
        text = plain(said.text, _EARLIER)
        found += [mark + text[i : i + size] for size in (2, 3) for i in range(len(text) - size + 1)]
    return found
