"""Trains the filing models from the shipped examples.

    python -m tickets.drafting.filing_training     makes tickets/data/filing/model.npz anew, and prints its figures

Examples: `data/filing/*.tsv` (code, type, register, text), the sentences of `data/phrases.yaml`, and the questions
of the knowledge articles. Figures come from folds: what is judged was not learnt from. Every text is learnt as
written and as a recogniser might mishear it.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from runtime.yaml_text import read_strings
from tickets.drafting.filing import FILE, FOLDER, LONGEST, Filing, together
from tickets.drafting.lexicon import phrases
from tickets.fields import APPEAL_TYPES
from tickets.learned.fitting import fit
from tickets.learned.noise import misheard
from tickets.learned.pieces import pieces_of, plain
from tickets.learned.vectors import Vector, available, mean_vector

ARTICLES = Path(__file__).parents[2] / "kb" / "articles"
FEWEST = 2
MOST_FEATURES = 16_000
STRENGTH = 30.0
VECTOR_STRENGTH = 0.02
MISHEARD = 0.1
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Filed:
    """A text with where it belongs; of phrases and questions `kind` is only the usual one."""

    code: str
    kind: str
    text: str
    written: bool
    """By a person for this; the others are phrases and questions."""


def examples() -> list[Filed]:
    """All there is to learn from."""
    found = []
    for path in sorted(FOLDER.glob("*.tsv")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            cells = line.split("\t")
            if len(cells) != 4 or cells[1] not in APPEAL_TYPES:
                raise ValueError(f"{path.name}:{number}: four columns are needed (code, type, register, text)")
            found.append(Filed(cells[0], cells[1], cells[3], written=True))
    for code, told in phrases().items():
        found += [Filed(code, told["type"], text, written=False) for text in told.get("say", ())]
    for path in sorted(ARTICLES.glob("*.md")):
        front = read_strings(path.read_text(encoding="utf-8").split("---")[1])
        found += [Filed(front["category"][:4], "CONSULT", text, written=False) for text in front["questions"]]
    return found


def _features(text: str) -> set[str]:
    return {name for name, _, _ in pieces_of(plain(text, LONGEST))}


def _matrix(texts: Sequence[set[str]], rows: dict[str, int]) -> Any:
    from scipy.sparse import csr_matrix

    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for text in texts:
        known = [rows[name] for name in text if name in rows]
        columns += known
        values += [1 / math.sqrt(max(1, len(known)))] * len(known)
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(texts), len(rows)), dtype=np.float32)


def _chosen(texts: Sequence[set[str]], labels: Sequence[str]) -> dict[str, int]:
    """The features that tell most of the categories apart."""
    from sklearn.feature_selection import chi2

    count = Counter(name for text in texts for name in text)
    often = {name: row for row, name in enumerate(sorted(n for n, times in count.items() if times >= FEWEST))}
    scores, _ = chi2(_matrix(texts, often), labels)
    best = np.argsort(-scores)[:MOST_FEATURES]
    names = sorted(list(often)[at] for at in best)
    return {name: row for row, name in enumerate(names)}


def _learn(filed: Sequence[Filed], labels: Sequence[str], rows: dict[str, int]) -> tuple[Any, list[str]]:
    """Weights and bias for these labels, from texts as written and as misheard."""
    from scipy.sparse import vstack

    classes = sorted(set(labels))
    clean = _matrix([_features(one.text) for one in filed], rows)
    noisy = _matrix([_features(misheard(one.text, MISHEARD)) for one in filed], rows)
    weights = [1.0 if one.written else 0.6 for one in filed]
    both = vstack([clean, noisy])
    return fit(both, [*labels, *labels], [*weights, *(w * 0.5 for w in weights)], STRENGTH, classes), classes


def _packed(name: str, fitted: Any, classes: list[str], temperature: float) -> dict[str, Any]:
    weights, bias = fitted
    scale = np.abs(weights).max(axis=0) / 127 + 1e-9
    return {
        f"{name}_classes": np.array(classes),
        f"{name}_weights": np.round(weights / scale).astype(np.int8),
        f"{name}_scale": scale.astype(np.float32),
        f"{name}_bias": bias,
        f"{name}_temperature": temperature,
    }


def train(filed: Sequence[Filed], temperature: float = 1.0) -> dict[str, Any]:
    """The numbers of both models."""
    texts = [_features(one.text) for one in filed]
    rows = _chosen(texts, [one.code for one in filed])
    category, codes = _learn(filed, [one.code for one in filed], rows)
    kind, types = _learn(filed, [one.kind for one in filed], rows)
    values: dict[str, Any] = {"features": np.array(list(rows))}
    values |= _packed("category", category, codes, temperature)
    values |= _packed("kind", kind, types, temperature)
    return values | _of_vectors(filed, codes, types)


def _of_vectors(filed: Sequence[Filed], codes: list[str], types: list[str]) -> dict[str, Any]:
    """The part over sentence vectors; empty where there are none."""
    names = ("category_vector_weights", "category_vector_bias", "kind_vector_weights", "kind_vector_bias")
    if not available():
        return {name: np.zeros(0, np.float32) for name in (*names, "vector_mean")} | {"vector_spread": 1.0}
    raw = np.array([_vector(one.text) for one in filed])
    mean, spread = raw.mean(axis=0), float(raw.std())
    scaled = (raw - mean) / spread
    parts: list[Any] = []
    for labels, classes in (([one.code for one in filed], codes), ([one.kind for one in filed], types)):
        weights, bias = fit(scaled, labels, [1.0] * len(filed), VECTOR_STRENGTH, classes)
        parts += [weights.astype(np.float16), bias]
    return dict(zip(names, parts, strict=True)) | {"vector_mean": mean, "vector_spread": spread}


@cache
def _vector(text: str) -> Vector:
    """Kept for all folds: making the vectors takes longer than learning from them."""
    return mean_vector(text, LONGEST)


def figures(filed: Sequence[Filed]) -> str:
    """Accuracy on folds of the written texts."""
    fold = np.array([random.Random(f"{one.code}{one.text}").randrange(FOLDS) for one in filed])  # noqa: S311
    first = third = kind = kinds = total = 0
    for turn in range(FOLDS):
        model = Filing(train([one for at, one in enumerate(filed) if fold[at] != turn or not one.written]))
        for at in np.flatnonzero(fold == turn):
            one = filed[int(at)]
            if not one.written:
                continue
            ranked = _ranked(together(model.opinions("category", [(one.text, 1.0)])))
            total += 1
            first += ranked[0] == one.code
            third += one.code in ranked[:3]
            kind += _ranked(together(model.opinions("kind", [(one.text, 1.0)])))[0] == one.kind
            kinds += 1
    return (
        f"{total} written texts: category {first / total:.1%}, one of three {third / total:.1%}, "
        f"type {kind / max(1, kinds):.1%}"
    )


def _ranked(shares: dict[str, float]) -> list[str]:
    return sorted(shares, key=lambda name: -shares[name])


def main() -> None:
    """Make the shipped models anew."""
    filed = examples()
    print(len(filed), "texts;", figures(filed))
    FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(FILE, **train(filed))
    print(FILE, FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
