"""What the rest of the room knows of a speech recogniser: a small protocol, and Vosk behind it.

An engine is made once a process and shared; a recogniser serves one speaker, one thread at a time.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from speech.audiosocket import SAMPLE_RATE

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Word:
    """A recognised word; times in ms from the start of the utterance's audio, confidence 0..1."""

    text: str
    start_ms: int
    end_ms: int
    confidence: float


class Recogniser(Protocol):
    """Decodes one utterance after another of one speaker. Not for two threads at once."""

    def accept(self, pcm: bytes) -> None:
        """Take audio: 16-bit little-endian mono at 8 kHz, any length."""
        ...

    def partial(self) -> str:
        """What has been understood so far of this utterance, words separated by spaces."""
        ...

    def finish(self) -> list[Word]:
        """End this utterance and give its words; the next `accept` begins another."""
        ...


class Engine(Protocol):
    """Makes recognisers."""

    @property
    def name(self) -> str:
        """Model name, as written beside each utterance and shown to people."""
        ...

    def recogniser(self) -> Recogniser:
        """A fresh recogniser; may take some milliseconds."""
        ...


class ModelBroken(Exception):
    """The folder is not a model that the engine can load; the message is for the person at the console."""


class VoskEngine:
    """One shared `vosk.Model`; loading blocks for up to some seconds, so call it in a thread."""

    def __init__(self, folder: Path) -> None:
        import vosk  # a process without a model never pays for loading the library

        self._check(folder)
        vosk.SetLogLevel(-2)
        self._vosk = vosk
        self._name = folder.name
        try:
            self._model = vosk.Model(str(folder))
            trial = self.recogniser()  # what is damaged inside shows now, not in a call
            trial.accept(bytes(SAMPLE_RATE))
            trial.finish()
        except Exception as error:
            raise ModelBroken(f"Vosk cannot use {folder}: {error}") from error

    @staticmethod
    def _check(folder: Path) -> None:
        """Vosk loads a model without its graph and dies of it later."""
        missing = [part for part in ("am/final.mdl", "conf", "graph") if not (folder / part).exists()]
        whole = (folder / "graph" / "HCLG.fst").is_file()
        pieces = all((folder / "graph" / part).is_file() for part in ("HCLr.fst", "Gr.fst"))
        if not missing and not whole and not pieces:
            missing = ["graph/HCLG.fst (or HCLr.fst and Gr.fst)"]
        if missing:
            raise ModelBroken(f"{folder} is not a Vosk model: {missing[0]} is missing")

    @property
    def name(self) -> str:
        return self._name

    def recogniser(self) -> VoskRecogniser:
        return VoskRecogniser(self._vosk, self._model)


class VoskRecogniser:
    """A KaldiRecognizer, its word times counted from each utterance's start."""

    def __init__(self, vosk: Any, model: Any) -> None:
        self._kaldi = vosk.KaldiRecognizer(model, SAMPLE_RATE)
        self._kaldi.SetWords(True)
        self._bytes = 0
        self._before: list[Word] = []
        self._base_ms = 0

    def accept(self, pcm: bytes) -> None:
        self._bytes += len(pcm)
        if self._kaldi.AcceptWaveform(pcm):
            # Kaldi's own endpoint fired inside our utterance: its text is cleared by the next call, so keep it.
            self._before += self._words(self._kaldi.Result())

    def partial(self) -> str:
        said = [word.text for word in self._before]
        heard = str(json.loads(self._kaldi.PartialResult()).get("partial", ""))
        return " ".join([*said, heard]).strip()

    def finish(self) -> list[Word]:
        words = self._before + self._words(self._kaldi.FinalResult())
        self._before = []
        self._base_ms += self._bytes * 1000 // (2 * SAMPLE_RATE)
        self._bytes = 0
        return words

    def _words(self, result: str) -> list[Word]:
        return [
            Word(
                text=str(item["word"]),
                start_ms=round(item["start"] * 1000) - self._base_ms,
                end_ms=round(item["end"] * 1000) - self._base_ms,
                confidence=min(1.0, float(item.get("conf", 0.0))),
            )
            for item in json.loads(result).get("result", [])
        ]
