"""A scripted recogniser: says what the test told it to, as soon as enough sound has come."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from speech.decoding.recogniser import Word

BYTES_A_MS = 16


class FakeRecogniser:
    """Utterance n of an engine says line n; a word comes out for each `word_ms` of sound heard."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine
        self._heard = 0
        self._busy = threading.Lock()
        self.fed = 0

    def accept(self, pcm: bytes) -> None:
        assert self._busy.acquire(blocking=False), "two threads in one recogniser"
        try:
            if self._engine.failures:
                self._engine.failures -= 1
                raise RuntimeError("scripted failure")
            self._engine.gate.wait(10)
            self._heard += len(pcm)
            self.fed += len(pcm)
            self._engine.pieces.append(len(pcm))
        finally:
            self._busy.release()

    def _words(self) -> list[str]:
        return self._engine.line().split()

    def partial(self) -> str:
        self._engine.partials += 1
        reached = self._heard // BYTES_A_MS // self._engine.word_ms
        return " ".join(self._words()[:reached])

    def finish(self) -> list[Word]:
        words = self._words()
        self._engine.said += 1
        self._heard = 0
        size = self._engine.word_ms
        return [Word(word, i * size, (i + 1) * size, 0.9) for i, word in enumerate(words)]


class FakeEngine:
    """`gate` cleared stops all decoding (a machine that is too slow); `failures` makes the next pieces fail."""

    name = "fake"

    def __init__(self, lines: Sequence[str] = ("你好",), word_ms: int = 200) -> None:
        self.word_ms = word_ms
        self.gate = threading.Event()
        self.gate.set()
        self.failures = 0
        self.said = 0
        self.partials = 0
        self.pieces: list[int] = []
        self.made: list[FakeRecogniser] = []
        self._lines = list(lines)

    def line(self) -> str:
        return self._lines[min(self.said, len(self._lines) - 1)]

    def recogniser(self) -> FakeRecogniser:
        made = FakeRecogniser(self)
        self.made.append(made)
        return made


class LoudIsVoice:
    """A voice detector for tests: any sample that is not zero is voice."""

    def voiced(self, pcm: bytes) -> bool:
        return any(pcm)

    def close(self) -> None:
        """Nothing was borrowed."""


VOICE = b"\x01\x10" * 160
QUIET = bytes(320)
"""One frame of each, for `LoudIsVoice`."""
