"""What the system understands of whole talks, by the functions of live calls: draft, alerts, answers, text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from hotline.sample_city import SampleCity
from kb.suggest import LOOKED_AT, Conversation
from language.phone import normalise
from runtime.clock import local
from runtime.events import Answer, Suggestion
from runtime.events import Utterance as Heard
from speech.hotwords import HotWords
from speech.text import ClerkText
from tickets.drafting.drafter import Drafter
from tickets.emergency.listener import Listener

UTTERANCES = 2000
LONGEST = 20_000
"""Characters of one utterance: a letter is one."""

SPEAKING_MS = 250
"""What a character takes to say; a talk given as text has no times of its own."""

PAUSE_MS = 2000
"""Between two utterances: longer than what makes them one breath."""

_SENTENCE = re.compile(r"[^。！？!?\n；;]+[。！？!?\n；;]*")

NAMES = {"category_code": "category"}
"""Fields that are called otherwise in the answer."""


class Said(BaseModel):
    """One utterance of a talk."""

    model_config = ConfigDict(extra="ignore")

    speaker: Literal["citizen", "agent"] = "citizen"
    text: Annotated[str, StringConstraints(max_length=LONGEST)]


class Talk(BaseModel):
    """A talk or a letter, as `hotline understand` reads it.

    `recognised` text is a recogniser's: no punctuation, homophones for words. `typed` text is left as it is.
    """

    model_config = ConfigDict(extra="ignore")

    id: str | int = ""
    source: Literal["recognised", "typed"] = "recognised"
    caller: Annotated[str, StringConstraints(max_length=128)] = ""
    called_at: AwareDatetime | datetime | None = None
    utterances: Annotated[list[Said], Field(max_length=UTTERANCES)]


class Understanding:
    """Holds the city's word lists; one object serves any number of talks."""

    def __init__(self, city: SampleCity) -> None:
        self._index = city.index
        self._drafter = Drafter(city.lexicon)
        self._hot_words = HotWords(sorted({place.name for place in city.lexicon.places if len(place.name) > 1}))

    async def of(self, talk: Talk) -> dict[str, Any]:
        """The whole answer for one talk, ready for JSON."""
        typed = talk.source == "typed"
        heard, whose = self._utterances(talk)
        drafted = self._drafter.update(
            heard,
            caller=normalise(talk.caller).digits,
            now=local(talk.called_at) if talk.called_at is not None and talk.called_at.tzinfo else talk.called_at,
            typed=typed,
        )
        texts: list[str] = ["" for _ in talk.utterances]
        for at, one in zip(whose, heard, strict=True):
            texts[at] += one.text
        return {
            "id": talk.id,
            "draft": {NAMES.get(name, name): _field(options) for name, options in drafted.items()},
            "alerts": self._alerts(heard, whose, typed=typed),
            "answers": [
                {"article": answer.article_id, "title": answer.title, "score": answer.score}
                for answer in await self._answers(heard, typed=typed)
            ],
            "text": texts,
        }

    def _utterances(self, talk: Talk) -> tuple[list[Heard], list[int]]:
        """Utterances as they come on the bus, and the place of each in the talk. Letters are cut to sentences."""
        clerk = ClerkText(self._hot_words)
        heard: list[Heard] = []
        whose: list[int] = []
        now_ms = 0
        for at, said in enumerate(talk.utterances):
            if talk.source == "typed":
                pieces = [piece.strip() for piece in _SENTENCE.findall(said.text) if piece.strip()]
            else:
                pieces = [clerk.corrected(said.text.split())] if said.text.strip() else []
            for piece in pieces:
                end_ms = now_ms + SPEAKING_MS * len(piece)
                heard.append(
                    Heard(
                        call_id="talk",
                        utterance_id=f"{at}-{len(heard)}",
                        speaker=said.speaker,
                        start_ms=now_ms,
                        end_ms=end_ms,
                        text=piece,
                        final=True,
                    )
                )
                whose.append(at)
                now_ms = end_ms + PAUSE_MS
        return heard, whose

    def _alerts(self, heard: Sequence[Heard], whose: Sequence[int], *, typed: bool) -> list[dict[str, Any]]:
        listener = Listener(typed=typed)
        return [
            {
                "code": alert.code,
                "target": alert.target,
                "probability": round(alert.probability, 4),
                "utterance": at,
                "words": list(alert.words),
            }
            for at, one in zip(whose, heard, strict=True)
            for alert in listener.hear(one.speaker, one.text, one.start_ms, one.end_ms)
        ]

    async def _answers(self, heard: Sequence[Heard], *, typed: bool) -> tuple[Answer, ...]:
        """What stands beside the talk at its end: the last offers that were good enough."""
        conversation = Conversation()
        shown: tuple[Answer, ...] = ()
        for one in heard:
            answers = await self._index.search(one.text, limit=LOOKED_AT, spoken=not typed)
            conversation.add(one.speaker, one.text, answers)
            if one.speaker == "citizen":
                shown = conversation.best() or shown
        return shown


def _field(options: Sequence[Suggestion]) -> dict[str, Any]:
    best, *others = options
    return {
        "value": best.value,
        "label": best.label,
        "confidence": best.confidence,
        "words": [best.quote] if best.quote else [],
        "others": [[other.value, other.confidence] for other in others],
    }
