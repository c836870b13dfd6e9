"""What is heard on the line: taps, words and how far behind they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from runtime.events.event import Event

Speaker = Literal["citizen", "agent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TapOpened(Event):
    """An AudioSocket leg with this UUID is about to connect and carries one speaker of the call."""

    tap_id: str
    speaker: Speaker
    origin: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TapSilent(Event):
    """No audio frames for `silent_s` on a tap (alarm), or audio is back (`silent_s` = 0)."""

    tap_id: str
    speaker: Speaker
    silent_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TapClosed(Event):
    tap_id: str
    speaker: Speaker


@dataclass(frozen=True, slots=True, kw_only=True)
class TapsEnded(Event):
    """Our agent has left a call that goes on without us: nobody listens for its transcript any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance(Event):
    """Something was said: partial while `final` is false, then once final with the same `utterance_id`.

    `start_ms`/`end_ms` count from the call's origin. `text` is clerk's Chinese (no spaces, digits);
    `raw` is what the recogniser said. `latency_ms` runs from the end of the sound to publishing.
    `words` (finals only) are (word, start_ms, end_ms, confidence).
    """

    utterance_id: str
    speaker: Speaker
    start_ms: int
    end_ms: int
    text: str
    final: bool
    raw: str = ""
    confidence: float = 0.0
    latency_ms: int = 0
    words: tuple[tuple[str, int, int, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptGap(Event):
    """Speech was not transcribed between these moments of the call (recogniser restarted, overload)."""

    speaker: Speaker
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLeft(Event):
    """A citizen left a message (`voicemail` row `message_id`). Told again until it is transcribed."""

    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageTranscribed(Event):
    """A message's text is in the database. Told again until its ticket is made, or found not worth one."""

    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStateChanged(Event):
    """The recogniser as a whole: `available` with model name, or not, with the reason to show people.

    An available one may have a `reason` too: what people must know of it (it is the demonstration model).

    Repeated every 10 s; `instance` changes when the speech process was restarted.
    """

    available: bool
    model: str
    reason: str = ""
    instance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechDelayed(Event):
    """Decoding runs behind by `delay_s` seconds on this call; 0 = caught up."""

    delay_s: float
