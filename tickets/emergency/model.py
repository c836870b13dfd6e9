"""The trained model: how likely an emergency is in an utterance, and which, with what came before it.

Two opinions: a linear model over pieces of characters and sound (features.py), and, where the optional package is
installed, a small net over a sentence vector (vectors.py). Each gives a number for "danger" and shares of the
codes; two or three more numbers, fitted on what neither had learnt, make a probability of them. One file of
numbers (`model.npz`), no code in it.
"""

from __future__ import annotations

import logging
import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.emergency.examples import FOLDER, Before
from tickets.emergency.features import LONGEST, context_of
from tickets.emergency.vectors import vector
from tickets.learned.pieces import pieces_of, plain
from tickets.learned.vectors import available

log = logging.getLogger(__name__)

FILE = FOLDER / "model.npz"
CONTEXT_SHARE = 0.5
"""What came before against what is said now."""

NET = ("mean", "spread", "first", "first_bias", "second", "second_bias")
"""Parts of the net over the sentence vector; empty where the model was made without vectors."""

DOUBTED = 0.03
"""Probability below which plain words alone do not alert, where the model names none."""
MOST_DOUBTED = 0.2
"""The highest such bound: whoever says 着火了 is believed unless the model is nearly certain of the contrary."""

WORDS_SHOWN = 3
_PIECE = 4
"""Characters of a word that is shown, at most."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the model thinks of an utterance."""

    probabilities: Mapping[str, float]
    """Of each code; what is missing to 1 is "none"."""
    code: str
    """The likeliest code."""
    probability: float
    """That there is an emergency at all."""
    alert: bool
    """Whether that is enough for this code."""
    words: tuple[str, ...]
    """What weighed most, as it stands in the text."""
    doubted: bool = False
    """So unlikely that plain words alone do not alert."""


class Model:
    """Ready to be asked; safe to share between tasks."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values
        self.codes: list[str] = [str(code) for code in values["codes"]]
        self._rows = {str(name): row for row, name in enumerate(values["features"])}
        self._danger: Floats = np.asarray(values["danger"], dtype=np.float32)
        self._danger_bias = float(values["danger_bias"])
        self._kind: Floats = np.asarray(values["kind"], dtype=np.float32)
        self._kind_bias: Floats = np.asarray(values["kind_bias"], dtype=np.float32)
        self._net = [np.asarray(values[f"net_{part}"], dtype=np.float32) for part in NET]
        self._fit = {True: values["fit_vectors"], False: values["fit"]}
        self._thresholds = {True: values["thresholds_vectors"], False: values["thresholds"]}
        # A model that a centre trained before there was a bound has none.
        self._doubted = {
            True: min(MOST_DOUBTED, float(values.get("doubted_vectors", DOUBTED))),
            False: min(MOST_DOUBTED, float(values.get("doubted", DOUBTED))),
        }
        self.card: str = str(values["card"])

    @property
    def has_vectors(self) -> bool:
        """Whether sentence vectors are used here."""
        return available() and self._net[0].size > 0

    def judge(self, text: str, before: Sequence[Before] = (), *, with_vectors: bool | None = None) -> Judgement:
        """Probabilities for the last utterance of these; takes well under a millisecond without vectors."""
        said = plain(text, LONGEST)
        known = ((self._rows.get(name), start, end) for name, start, end in pieces_of(said))
        pieces = [(row, start, end) for row, start, end in known if row is not None]
        danger, kinds = self._of_pieces(pieces, context_of(before))
        use = self.has_vectors if with_vectors is None else with_vectors
        if use:
            more, more_kinds = net_opinion(self._net, vector(text, before))
            probability = _sigmoid(float(self._fit[True] @ np.array([danger, more, 1.0])))
            kinds = np.asarray((kinds + more_kinds) / 2, dtype=np.float32)
        else:
            probability = _sigmoid(float(self._fit[False] @ np.array([danger, 1.0])))
        at = int(np.argmax(kinds))
        alert = probability >= float(self._thresholds[use][at])
        shares = {code: probability * float(kind) for code, kind in zip(self.codes, kinds, strict=True)}
        doubted = probability < self._doubted[use]
        return Judgement(shares, self.codes[at], probability, alert, self._words(said, pieces, at), doubted)

    def _of_pieces(self, pieces: Sequence[tuple[int, int, int]], context: Sequence[str]) -> tuple[float, Floats]:
        """(danger, shares of the codes) of all pieces: sets of pieces of length one, as in the training."""
        mine = np.unique([row for row, _, _ in pieces]).astype(int)
        earlier = np.unique([row for name in context if (row := self._rows.get(name)) is not None]).astype(int)
        danger, kinds = self._danger_bias, self._kind_bias.copy()
        for rows, share in ((mine, 1.0), (earlier, CONTEXT_SHARE)):
            if len(rows):
                danger += share * float(self._danger[rows].sum()) / math.sqrt(len(rows))
                kinds += share * self._kind[rows].sum(axis=0) / math.sqrt(len(rows))
        return danger, softmax(kinds)

    def _words(self, text: str, pieces: Sequence[tuple[int, int, int]], kind: int) -> tuple[str, ...]:
        """Stretches of the text whose pieces speak most for danger and for this code."""
        worth = np.zeros(len(text))
        for row, start, end in pieces:
            worth[start:end] += float(self._danger[row] + 0.5 * self._kind[row, kind]) / (end - start)
        words: list[tuple[int, str]] = []
        strongest = 0.0
        for _ in range(WORDS_SHOWN):
            weight, start, end = _best_stretch(worth)
            if weight <= 0.5 * strongest:
                break
            strongest = strongest or weight
            words.append((start, text[start:end]))
            worth[start:end] = 0
        return tuple(dict.fromkeys(word for _, word in sorted(words)))


def _best_stretch(worth: NDArray[np.float64]) -> tuple[float, int, int]:
    """(weight, start, end) of the two to `_PIECE` characters that weigh most; weight 0 when none does."""
    best = (0.0, 0, 0)
    for size in range(2, _PIECE + 1):
        for start in range(len(worth) - size + 1):
            there = worth[start : start + size]
            if (weight := float(there.sum()) / math.sqrt(size)) > best[0] and (there > 0).all():
                best = (weight, start, start + size)
    return best


def net_opinion(net: Sequence[Floats], vector: Floats) -> tuple[float, Floats]:
    """(danger, shares of the codes) of a sentence vector: the mean of small nets; their last class is "none"."""
    mean, spread, first, first_bias, second, second_bias = net
    scaled = (vector - mean) / spread
    hidden = np.maximum(np.einsum("i,nij->nj", scaled, first) + first_bias, 0)
    raw = np.einsum("nj,njk->nk", hidden, second) + second_bias
    shares = np.mean([softmax(one) for one in raw], axis=0)
    none = float(np.clip(shares[-1], 1e-6, 1 - 1e-6))
    kinds: Floats = shares[:-1] / max(1e-9, float(shares[:-1].sum()))
    return math.log((1 - none) / none), kinds


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))


def softmax(logits: Floats) -> Floats:
    """Numbers to shares of one."""
    raised = np.exp(logits - logits.max())
    shares: Floats = raised / raised.sum()
    return shares


def read_model(path: Path) -> Model:
    """The model in a file. Raises OSError, ValueError, KeyError or zipfile.BadZipFile."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as values:
        return Model(dict(values))


@cache
def shipped_model() -> Model:
    """The model that comes with us."""
    return read_model(FILE)


def own_file(var: Path) -> Path:
    """Where a centre's own model is kept (`hotline models train`)."""
    return var / "understanding" / "emergency.npz"


def model_of(var: Path) -> Model:
    """The centre's own model; the shipped one where there is none, or it cannot be read."""
    file = own_file(var)
    if not file.exists():
        return shipped_model()
    try:
        return read_model(file)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        log.error("%s cannot be read (%s): the shipped model listens", file, type(error).__name__)
        return shipped_model()
