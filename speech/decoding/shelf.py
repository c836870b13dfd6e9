"""Recognisers between two utterances: whoever begins to speak gets the one used last.

After `finish` a recogniser knows nothing of its speaker any more, but the parts of the look-ahead graph that it
has composed stay with it: one that has heard a minute decodes a third cheaper than a fresh one. So there are as
many as people speak at once, not as many as listen, and all are warm (docs/decisions/0007).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from speech.decoding.recogniser import Engine, Recogniser

RENEW_S = 300.0
"""A recogniser is not used again after so much audio: Vosk's grow, 10 MB after 10 s, 48 MB after 10 min."""

IDLE_S = 60.0
"""One that nobody has needed for so long is given up: the crowd that needed it has gone."""


@dataclass(slots=True)
class Lent:
    """A recogniser on loan; its borrower counts what it hears."""

    recogniser: Recogniser
    heard_s: float = 0.0
    since: float = 0.0


class Shelf:
    """One a process and engine. For any thread."""

    def __init__(
        self, engine: Engine, *, monotonic: Callable[[], float] = time.monotonic, renew_s: float = RENEW_S
    ) -> None:
        self._engine = engine
        self._monotonic = monotonic
        self._renew_s = renew_s
        self._lock = threading.Lock()
        self._free: deque[Lent] = deque()

    @property
    def free(self) -> int:
        """Recognisers that wait for a speaker."""
        return len(self._free)

    def take(self) -> Lent:
        """A recogniser at the beginning of an utterance; making one takes some milliseconds."""
        with self._lock:
            if self._free:
                return self._free.pop()
        return Lent(self._engine.recogniser())

    def put_back(self, lent: Lent) -> None:
        """Only after `finish`; one that failed is thrown away instead."""
        lent.since = self._monotonic()
        given_up: list[Lent] = []  # taken apart outside the lock: that takes milliseconds too
        with self._lock:
            while self._free and lent.since - self._free[0].since > IDLE_S:
                given_up.append(self._free.popleft())
            if lent.heard_s < self._renew_s:
                self._free.append(lent)
