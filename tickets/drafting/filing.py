"""Where a matter is filed, learnt from examples: its category and the type of appeal.

Linear models over the pieces of all that the citizen said and, where the optional package is installed, over its
sentence vectors (tickets/learned). Rules beside them (category.py, kind.py) know words of the city that no example
holds; drafter.py weighs both.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.learned.pieces import pieces_of, plain
from tickets.learned.vectors import available, mean_vector

FOLDER = Path(__file__).parent.parent / "data" / "filing"
FILE = FOLDER / "model.npz"
LONGEST = 400
"""Characters of one line that are looked at."""

LINES = 2048
"""Lines whose features are kept."""

Floats = NDArray[np.float32]
RowsOf = Callable[[str], frozenset[int]]
"""Rows of the features that a text has."""


class Linear:
    """One model: names of features and of classes, and a small whole number for each pair of them."""

    def __init__(self, values: Mapping[str, Any], name: str, rows_of: RowsOf) -> None:
        self.classes: list[str] = [str(one) for one in values[f"{name}_classes"]]
        self._rows_of = rows_of
        self._weights: NDArray[np.int8] = values[f"{name}_weights"]
        self._scale: Floats = values[f"{name}_scale"]
        self._bias: Floats = values[f"{name}_bias"]
        self._temperature = float(values[f"{name}_temperature"])

    def shares(self, lines: Sequence[tuple[str, float]]) -> dict[str, float]:
        """Probability of each class for these (text, weight) lines together; nothing known: all alike."""
        worth: dict[int, float] = {}
        for text, weight in lines:
            for row in self._rows_of(text):
                worth[row] = max(worth.get(row, 0.0), weight)
        logits = self._bias.copy()
        if worth:
            rows = np.fromiter(worth, dtype=np.int64)
            shares = np.fromiter(worth.values(), dtype=np.float32)
            shares /= math.sqrt(float(shares @ shares))
            logits += (shares @ self._weights[rows].astype(np.float32)) * self._scale
        raised = np.exp((logits - logits.max()) / self._temperature)
        return dict(zip(self.classes, map(float, raised / raised.sum()), strict=True))


class OfVectors:
    """A linear model over the mean sentence vector of the lines."""

    def __init__(self, values: Mapping[str, Any], name: str) -> None:
        self.classes: list[str] = [str(one) for one in values[f"{name}_classes"]]
        self._mean: Floats = values["vector_mean"]
        self._spread = float(values["vector_spread"])
        self._weights: Floats = np.asarray(values[f"{name}_vector_weights"], dtype=np.float32)
        self._bias: Floats = values[f"{name}_vector_bias"]

    def shares(self, lines: Sequence[tuple[str, float]]) -> dict[str, float]:
        """Probability of each class; a longer line counts more."""
        weights = [weight * max(1, len(text)) for text, weight in lines]
        mean = np.average([mean_vector(text, LONGEST) for text, _ in lines], axis=0, weights=weights)
        logits = ((mean - self._mean) / self._spread) @ self._weights + self._bias
        raised = np.exp(logits - logits.max())
        return dict(zip(self.classes, map(float, raised / raised.sum()), strict=True))


class Filing:
    """The models of both, each with what it says and, where there are vectors, what those say."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        rows = {str(feature): row for row, feature in enumerate(values["features"])}

        def rows_of(text: str) -> frozenset[int]:
            found = (rows.get(name) for name, _, _ in pieces_of(plain(text, LONGEST)))
            return frozenset(row for row in found if row is not None)

        # A talk is drafted anew after each sentence: what the others hold is remembered.
        kept: RowsOf = lru_cache(maxsize=LINES)(rows_of)
        self.category = Linear(values, "category", kept)
        self.kind = Linear(values, "kind", kept)
        with_vectors = values["category_vector_weights"].size > 0
        self._category_vectors = OfVectors(values, "category") if with_vectors else None
        self._kind_vectors = OfVectors(values, "kind") if with_vectors else None

    def opinions(self, name: str, lines: Sequence[tuple[str, float]]) -> list[dict[str, float]]:
        """Shares of the classes of "category" or "kind", the surest opinion last."""
        pieces, of_vectors = (
            (self.category, self._category_vectors) if name == "category" else (self.kind, self._kind_vectors)
        )
        found = [pieces.shares(lines)]
        if of_vectors is not None and lines and available():
            found.append(of_vectors.shares(lines))
        return found


_OPINION = (0.6, 1.0)
"""What the pieces count, and what the vectors count (chosen on the folds of the training)."""

_DOUBT = 1e-3
"""No opinion rules anything out."""


def together(
    opinions: Sequence[Mapping[str, float]], others: Mapping[str, float] | None = None
) -> dict[str, float]:
    """One share for each class out of several opinions; `others` (words and rules) count like half an opinion."""
    weighed = list(zip(opinions, _OPINION if len(opinions) > 1 else (1.0,), strict=True))
    if others:
        weighed.append((others, _OTHERS))
    names = {name for opinion, _ in weighed for name in opinion}
    logs = {name: sum(w * math.log(one.get(name, 0.0) + _DOUBT) for one, w in weighed) for name in names}
    top = max(logs.values(), default=0.0)
    raised = {name: math.exp(log - top) for name, log in logs.items()}
    total = sum(raised.values()) or 1.0
    return {name: share / total for name, share in raised.items()}


_OTHERS = 0.5


@cache
def shipped_filing() -> Filing:
    """The models that come with us."""
    with np.load(FILE, allow_pickle=False) as values:
        return Filing(dict(values))
