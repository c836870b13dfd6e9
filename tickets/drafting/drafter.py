"""The drafter: every field's suggestions from a call's final utterances."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hotline.events import Suggestion, Utterance
from tickets.drafting.lexicon import Lexicon


class Drafter:
    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon

    def update(
        self, utterances: Sequence[Utterance], *, caller: str = "", now: datetime | None = None
    ) -> dict[str, list[Suggestion]]:
        """Suggestions by field name (domain.md 2.9), best first. `caller` is the normalised caller id."""
        suggestions: dict[str, list[Suggestion]] = {}
        if caller:
            suggestions["phone"] = [
                Suggestion(
                    value=caller, label="来电号码", confidence=0.6, utterance_id="", quote="", start=0, end=0
                )
            ]
        return suggestions
