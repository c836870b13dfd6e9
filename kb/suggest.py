"""Answers beside a call: what the citizen says is looked up as it is said, good answers are offered.

The last few utterances count together, the newest most; the agent's own words help but never trigger.
One task a call does the looking up, so that a slow index delays that call's suggestions and nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

from runtime.bus import Bus, Unsubscribe
from runtime.events import Answer, AnswersSuggested, CallEnded, Utterance

log = logging.getLogger(__name__)

MEMORY = 4
"""Utterances of a call that count together."""

DECAY = 0.8
"""What an utterance still counts when another has followed it."""

AGENT_SHARE = 0.5
"""The agent's utterance against the citizen's."""

GOOD_SCORE = 24.0
"""Combined score from which the best answer is worth showing (measured by bench/kb.py)."""

SURE_SCORE = 38.0
"""An answer is only offered when one utterance alone names its matter so clearly (measured by bench/kb.py):
weak words of many utterances (希望, 晚上, 门口) add up to nothing."""

LEAST_SCORE = 12.0
"""An utterance that found nothing better says nothing of the topic."""

NEAR_BEST = 0.55
"""Further answers must reach this share of the best one's score."""

MOST_ANSWERS = 3

LOOKED_AT = 20
"""Answers of each utterance that take part in the combination."""

_WAITING = 8
"""Utterances a call's task may lag behind; older ones no longer matter."""

_IDLE_S = 1800.0
"""A call silent for so long has ended without our hearing of it."""


class Searches(Protocol):
    """What the suggester needs of the index."""

    async def search(self, text: str, *, limit: int = 8, spoken: bool = False) -> list[Answer]: ...


@dataclass(frozen=True)
class _Heard:
    text: str
    share: float
    answers: list[Answer]


@dataclass
class _Candidate:
    answer: Answer
    """As the utterance found it that names its matter best: its words are the reason shown."""
    text: str
    """That utterance."""
    score: float = 0.0
    """All utterances together."""


class Conversation:
    """Answers to the last few utterances of one call, put together."""

    def __init__(self) -> None:
        self._heard: deque[_Heard] = deque(maxlen=MEMORY)

    def add(self, speaker: str, text: str, answers: list[Answer]) -> None:
        """Take up what the index answered to one more utterance; idle words ("好的") push out no topic."""
        if answers and max(answer.score for answer in answers) >= LEAST_SCORE:
            self._heard.append(_Heard(text, AGENT_SHARE if speaker == "agent" else 1.0, answers))

    def best(self) -> tuple[Answer, ...]:
        """The answers worth showing now, best first, with their combined scores; expired ones never."""
        return tuple(replace(one.answer, score=round(one.score, 4)) for one in self._offers())

    def need(self) -> str:
        """The utterance for which the best answer is shown, "" when none is."""
        offers = self._offers()
        return offers[0].text if offers else ""

    def _offers(self) -> list[_Candidate]:
        candidates: dict[str, _Candidate] = {}
        for age, heard in enumerate(reversed(self._heard)):
            for answer in heard.answers:
                if answer.expired:
                    continue
                one = candidates.setdefault(answer.article_id, _Candidate(answer, heard.text))
                if answer.score > one.answer.score:
                    one.answer, one.text = answer, heard.text
                one.score += answer.score * heard.share * DECAY**age
        sure = [one for one in candidates.values() if one.answer.score >= SURE_SCORE]
        ranked = sorted(sure, key=lambda one: (-one.score, one.answer.article_id))[:MOST_ANSWERS]
        if not ranked or ranked[0].score < GOOD_SCORE:
            return []
        return [one for one in ranked if one.score >= ranked[0].score * NEAR_BEST]


class Suggester:
    """Publishes `AnswersSuggested` when the best answers to a call are good enough and changed."""

    def __init__(self, index: Searches, bus: Bus) -> None:
        self._index = index
        self._bus = bus
        self._calls: dict[str, _Call] = {}
        self._unsubscribe: list[Unsubscribe] = []

    async def start(self) -> None:
        """Begin to listen; needs a running event loop."""
        self._unsubscribe = [
            self._bus.subscribe(self._on_utterance, Utterance),
            self._bus.subscribe(self._on_ended, CallEnded),
        ]

    async def close(self) -> None:
        """Stop listening and end every call's task."""
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        self._unsubscribe = []
        calls = list(self._calls.values())
        self._calls.clear()
        for call in calls:
            await call.end()

    @property
    def calls(self) -> int:
        """Calls being listened to."""
        return len(self._calls)

    async def _on_utterance(self, event: Utterance) -> None:
        if not event.final or not event.text.strip() or not event.call_id:
            return
        call = self._calls.get(event.call_id)
        if call is None or call.over:
            call = self._calls[event.call_id] = _Call(event.call_id, self._index, self._bus)
        call.hear(event)

    async def _on_ended(self, event: CallEnded) -> None:
        call = self._calls.pop(event.call_id, None)
        if call is not None:
            await call.end()
        for call_id in [c for c, other in self._calls.items() if other.over]:
            del self._calls[call_id]


class _Call:
    def __init__(self, call_id: str, index: Searches, bus: Bus) -> None:
        self._index = index
        self._bus = bus
        self._waiting: asyncio.Queue[Utterance] = asyncio.Queue(_WAITING)
        self._conversation = Conversation()
        self._shown: tuple[str, ...] = ()
        self._task = asyncio.create_task(self._run(), name=f"suggest:{call_id}")

    @property
    def over(self) -> bool:
        return self._task.done()

    def hear(self, utterance: Utterance) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(utterance)

    async def end(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_IDLE_S):
                    utterance = await self._waiting.get()
            except TimeoutError:
                return
            try:
                answers = await self._index.search(utterance.text, limit=LOOKED_AT, spoken=True)
            except Exception:
                log.exception("looking up answers for call %s failed", utterance.call_id)
                continue
            self._conversation.add(utterance.speaker, utterance.text, answers)
            if utterance.speaker == "citizen":
                await self._offer(utterance)

    async def _offer(self, utterance: Utterance) -> None:
        best = self._conversation.best()
        shown = tuple(answer.article_id for answer in best)
        if not best or shown == self._shown:
            return
        self._shown = shown
        await self._bus.publish(
            AnswersSuggested(
                call_id=utterance.call_id,
                utterance_id=utterance.utterance_id,
                query=self._conversation.need(),
                answers=best,
            )
        )
