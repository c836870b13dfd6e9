"""One talk, sentence by sentence: which emergencies are heard, by plain words and by the trained model together.

Plain words are the floor: they alert also where the model is not sure, unless it has good reason to doubt them (a
fire drill, last year's accident). The model hears what nobody wrote down as a word. One matter alerts once.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from functools import lru_cache

from tickets.emergency.examples import Before
from tickets.emergency.features import REMEMBERED
from tickets.emergency.model import Judgement, Model, shipped_model
from tickets.emergency.wordlist import Hit, is_yes, spot, target_of

SAME_BREATH_MS = 1200
"""A pause shorter than this does not end a sentence: what was said before it still qualifies what follows."""

SAYS_NO_MORE = 2
"""Characters beside plain words that cannot turn their meaning round."""

SURE_OF_LETTERS = 0.9
"""What a sentence of a letter needs besides a plain word."""

SENTENCES = 4096
"""Judgements that are kept: the draft asks for every sentence of a call again whenever one more was said."""


@dataclass(frozen=True, slots=True)
class Alert:
    """An emergency that was heard in an utterance."""

    code: str
    target: str
    words: tuple[str, ...]
    probability: float
    by_word: bool
    """A plain word of the list was said, too."""


_listening: list[Model] = []


def listen_with(model: Model) -> None:
    """Judge with this model from now on, in this process (default: the shipped one)."""
    _listening[:] = [model]
    judge.cache_clear()


@lru_cache(maxsize=SENTENCES)
def judge(text: str, before: tuple[Before, ...] = ()) -> Judgement:
    """What the model in use thinks of an utterance."""
    model = _listening[0] if _listening else shipped_model()
    return model.judge(text, before)


def _only(text: str, hit: Hit) -> bool:
    """Hardly more than the plain words was said (救命啊, 我要跳楼): nothing in it speaks to the contrary."""
    return len(text) - sum(len(word) for word in hit.words) <= SAYS_NO_MORE


@dataclass(slots=True)
class Listener:
    """Remembers what was said on one call and what was alerted."""

    typed: bool = False
    """A letter is read, not a voice heard: who writes is seldom in danger, and tells of much that is past."""
    told: set[str] = field(default_factory=set)
    """Codes."""
    _targets: set[str] = field(default_factory=set)
    _before: deque[Before] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _last: str = ""
    _last_end_ms: int | None = None
    _asked: list[Hit] = field(default_factory=list)

    def hear(self, speaker: str, text: str, start_ms: int | None = None, end_ms: int | None = None) -> list[Alert]:
        """What this utterance adds; the agent's words alone alert nobody, a citizen's yes to them does.

        Without times every utterance is a sentence of its own.
        """
        before = tuple(self._before)
        self._before.append(Before("agent" if speaker == "agent" else "citizen", text))
        if speaker == "agent":
            self._asked = spot(text)
            return []
        ended = self._last_end_ms
        same_breath = start_ms is not None and ended is not None and start_ms - ended <= SAME_BREATH_MS
        begun = self._last if same_breath else ""
        plain = spot(text, begun)
        confirmed = self._asked if not plain and is_yes(text) else []
        self._last, self._last_end_ms, self._asked = text, end_ms, []
        sentence = begun + text
        before = before[:-1] if begun else before
        fresh = [one for one in self._heard(sentence, before, plain, confirmed) if one.code not in self.told]
        for alert in fresh:
            self.told.add(alert.code)
            self._targets.add(alert.target)
        return fresh

    def _heard(self, text: str, before: tuple[Before, ...], plain: list[Hit], confirmed: list[Hit]) -> list[Alert]:
        judged = judge(text, before)
        if self.typed:
            believed = plain if judged.probability >= SURE_OF_LETTERS else []
            return [Alert(hit.code, hit.target, hit.words, judged.probability, by_word=True) for hit in believed]
        found = [
            Alert(hit.code, hit.target, hit.words, max(judged.probability, 0.5), by_word=True)
            for hit in plain
            if not judged.doubted or _only(text, hit)
        ]
        found += [Alert(hit.code, hit.target, hit.words, 0.9, by_word=True) for hit in confirmed]
        target = target_of(judged.code)
        # Of one matter several codes may be likely in turn: who is called already needs no second alert.
        known = self._targets | {alert.target for alert in found}
        if judged.alert and not found and target not in known:
            found.append(Alert(judged.code, target, judged.words, judged.probability, by_word=False))
        return found
