"""Help beside the call: the draft, emergencies, answers; and the tickets that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from runtime.events.event import Event
from runtime.events.speech import Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A draft field's suggested value, how sure (0..1), and the words it came from.

    `literal` is the value in the words as recognised, where some were put right in it; else "".
    """

    value: str
    label: str
    confidence: float
    utterance_id: str
    quote: str
    start: int
    end: int
    literal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftUpdated(Event):
    """Suggestions for the draft ticket by field name (domain.md 2.9), best first. Whole state, not a delta."""

    revision: int
    fields: dict[str, list[Suggestion]]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyHeard(Event):
    """The spotter heard an emergency (domain.md 3.3); a human decides what to do."""

    code: str
    target: str
    words: tuple[str, ...]
    utterance_id: str
    speaker: Speaker
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A knowledge article offered: the short answer is what the agent can read aloud.

    `why` names the words that matched; `expired` articles may mislead and are shown as such.
    """

    article_id: str
    title: str
    short_answer: str
    owner: str
    score: float
    why: str = ""
    expired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswersSuggested(Event):
    utterance_id: str
    query: str
    answers: tuple[Answer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChanged(Event):
    ticket_id: int
    ticket_no: str
    state: str
    unit_id: int | None
    at: datetime
