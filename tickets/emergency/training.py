"""Trains the emergency model from labelled utterances, and measures it on others.

    python -m tickets.emergency.training        makes tickets/data/emergency/model.npz anew from what is shipped

Thresholds and temperatures are chosen on folds of the training data that keep each situation whole; the held-out
situations are only looked at afterwards. Every utterance is learnt twice: as written, and as a recogniser might
mishear it.
"""

from __future__ import annotations

import math
import random
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tickets.emergency.examples import NONE, Example, held_out_examples, training_examples
from tickets.emergency.features import LONGEST, context_of
from tickets.emergency.model import CONTEXT_SHARE, FILE, MOST_DOUBTED, NET, Model, net_opinion
from tickets.emergency.vectors import vector
from tickets.emergency.wordlist import spot
from tickets.learned.fitting import fit
from tickets.learned.noise import misheard
from tickets.learned.pieces import pieces_of, plain
from tickets.learned.vectors import available

FEWEST = 3
"""Utterances in which a piece must stand to count."""

STRENGTH = 30.0
"""How closely the linear models follow their examples (scikit-learn's C)."""

HIDDEN, NETS, ROUNDS, DECAY = 48, 3, 30, 3.0
"""The net over sentence vectors: cells, how many of them are averaged, passes over the data, and its damping."""

MISHEARD = 0.12
"""Share of characters that are exchanged for others of the same sound in the second copy."""

FALSE_ALARMS = 0.02
"""Share of the ordinary utterances of the folds that may raise an alert. Two fifths of them were written to sound
dangerous: of what is said on ordinary calls it is far less."""

WORTH = 4
"""Emergencies that plain words must find where the model does not, for each alarm they raise in vain."""

FOLDS = 5
LOWEST, HIGHEST = 0.1, 0.97
"""Bounds of a threshold."""

Floats = NDArray[np.float32]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Figures:
    """How a model does on labelled utterances."""

    emergencies: int
    ordinary: int
    found: int
    kind_right: int
    false: int

    @property
    def recall(self) -> float:
        return self.found / max(1, self.emergencies)

    @property
    def false_share(self) -> float:
        return self.false / max(1, self.ordinary)

    def __str__(self) -> str:
        kind = self.kind_right / max(1, self.found)
        found = f"recall {self.recall:.1%} of {self.emergencies}, right kind {kind:.1%}"
        return f"{found}; false {self.false_share:.2%} of {self.ordinary}"


def evaluate(model: Model, examples: Sequence[Example], *, with_vectors: bool | None = None) -> Figures:
    """Recall and false alarms of a model on these."""
    emergencies = found = right = ordinary = false = 0
    for one in examples:
        judged = model.judge(one.text, one.before, with_vectors=with_vectors)
        if one.code == NONE:
            ordinary += 1
            false += judged.alert
        else:
            emergencies += 1
            found += judged.alert
            right += judged.alert and judged.code == one.code
    return Figures(emergencies, ordinary, found, right, false)


# -- learning --------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Seen:
    """One example as the model sees it: rows of features with their values."""

    mine: tuple[str, ...]
    earlier: tuple[str, ...]


def _seen(one: Example, noise: float = 0.0) -> _Seen:
    text = plain(misheard(one.text, noise) if noise else one.text, LONGEST)
    return _Seen(tuple({name for name, _, _ in pieces_of(text)}), tuple(set(context_of(one.before))))


def _matrix(seen: Sequence[_Seen], rows: dict[str, int]) -> Any:
    from scipy.sparse import csr_matrix

    values: list[float] = []
    columns: list[int] = []
    ends = [0]
    for one in seen:
        mine = [rows[name] for name in one.mine if name in rows]
        earlier = [rows[name] for name in one.earlier if name in rows]
        columns += mine + earlier
        values += [1 / math.sqrt(max(1, len(mine)))] * len(mine)
        values += [CONTEXT_SHARE / math.sqrt(max(1, len(earlier)))] * len(earlier)
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(seen), len(rows)), dtype=np.float32)


def train(examples: Sequence[Example], *, say: Progress = lambda _: None, card: str = "") -> Model:
    """A model that has learnt from these: a minute for ten thousand utterances, with sentence vectors four."""
    codes = sorted({one.code for one in examples} - {NONE})
    clean = [_seen(one) for one in examples]
    noisy = [_seen(one, MISHEARD) for one in examples]
    count = Counter(name for one in [*clean, *noisy] for name in (*one.mine, *one.earlier))
    rows = {name: row for row, name in enumerate(sorted(n for n, times in count.items() if times >= FEWEST))}
    say(f"{len(examples)} utterances, {len(codes)} codes, {len(rows)} features")
    data = _Data(
        [one.code for one in examples],
        codes,
        _matrix(clean, rows),
        _matrix(noisy, rows),
        _vectors(examples, say),
        np.array([bool(spot(one.text)) for one in examples]),
    )
    folds = _folds(examples)
    scores = np.zeros((len(examples), 2))
    kinds = np.zeros((len(examples), 2, len(codes)))
    for fold in range(FOLDS):
        say(f"fold {fold + 1} of {FOLDS}")
        learnt = _Learnt.of(data, np.flatnonzero(folds != fold))
        rest = np.flatnonzero(folds == fold)
        scores[rest], kinds[rest] = learnt.judge(data, rest)
    say("all of it")
    learnt = _Learnt.of(data, np.arange(len(examples)))
    alone = _Choice.of(scores[:, :1], kinds[:, 0], data)
    together = _Choice.of(scores, kinds.mean(axis=1), data) if data.vectors is not None else alone
    say(f"on the folds, without vectors: {alone.told}")
    if data.vectors is not None:
        say(f"on the folds, with vectors: {together.told}")
    return Model(
        {
            "codes": np.array(codes),
            "features": np.array(list(rows)),
            "danger": learnt.danger[0][:, 0].astype(np.float16),
            "danger_bias": learnt.danger[1][0],
            "kind": learnt.kind[0].astype(np.float16),
            "kind_bias": learnt.kind[1],
            **{f"net_{part}": value for part, value in zip(NET, learnt.net, strict=True)},
            "fit": alone.fit,
            "fit_vectors": together.fit,
            "thresholds": alone.thresholds,
            "thresholds_vectors": together.thresholds,
            "doubted": alone.doubted,
            "doubted_vectors": together.doubted,
            "card": card,
        }
    )


@dataclass(frozen=True)
class _Data:
    """All examples as numbers."""

    labels: list[str]
    codes: list[str]
    clean: Any
    noisy: Any
    vectors: Floats | None
    worded: NDArray[np.bool_]
    """A plain word of the list is said."""

    @property
    def danger(self) -> NDArray[np.bool_]:
        return np.array([label != NONE for label in self.labels])


@dataclass(frozen=True)
class _Learnt:
    """What was learnt from some of the examples."""

    danger: Any
    kind: Any
    net: list[Floats]

    @classmethod
    def of(cls, data: _Data, at: NDArray[np.intp]) -> _Learnt:
        labels = ["danger" if data.labels[i] != NONE else NONE for i in at]
        danger = _fit_pieces(data, at, labels, [NONE, "danger"])
        emergencies = np.array([i for i in at if data.labels[i] != NONE])
        kind = _fit_pieces(data, emergencies, [data.labels[i] for i in emergencies], data.codes)
        return cls(danger, kind, _fit_net(data, at))

    def judge(self, data: _Data, at: NDArray[np.intp]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(danger by pieces and by net, shares of the codes by pieces and by net) of these examples."""
        danger = np.zeros((len(at), 2))
        kinds = np.zeros((len(at), 2, len(data.codes)))
        danger[:, 0] = np.asarray(data.clean[at] @ self.danger[0]).ravel() + self.danger[1][0]
        kinds[:, 0] = _shares(np.asarray(data.clean[at] @ self.kind[0] + self.kind[1]))
        if data.vectors is not None:
            for place, i in enumerate(at):
                danger[place, 1], kinds[place, 1] = net_opinion(self.net, data.vectors[i])
        else:
            kinds[:, 1] = kinds[:, 0]
        return danger, kinds


def _fit_pieces(data: _Data, at: NDArray[np.intp], labels: list[str], classes: list[str]) -> Any:
    from scipy.sparse import vstack

    rows = vstack([data.clean[at], data.noisy[at]])
    return fit(rows, labels * 2, [0.6] * len(at) + [0.4] * len(at), STRENGTH, classes)


def _fit_net(data: _Data, at: NDArray[np.intp]) -> list[Floats]:
    """The parts of `NET`; empty ones where there are no vectors."""
    if data.vectors is None:
        return [np.zeros(0, np.float32) for _ in NET]
    from sklearn.neural_network import MLPClassifier

    mine = data.vectors[at]
    mean, spread = mine.mean(axis=0), mine.std(axis=0) + 1e-6
    # Named so that "none" sorts behind the codes.
    labels = [data.labels[i] if data.labels[i] != NONE else "~" for i in at]
    nets = []
    for seed in range(NETS):
        net = MLPClassifier((HIDDEN,), alpha=DECAY, max_iter=ROUNDS, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is stopped on purpose before it has converged
            net.fit((mine - mean) / spread, labels)
        nets.append(net)
    parts = [
        mean,
        spread,
        np.array([net.coefs_[0] for net in nets]),
        np.array([net.intercepts_[0] for net in nets]),
        np.array([net.coefs_[1] for net in nets]),
        np.array([net.intercepts_[1] for net in nets]),
    ]
    return [np.asarray(part, dtype=np.float32) for part in parts]


def _vectors(examples: Sequence[Example], say: Progress) -> Floats | None:
    if not available():
        say("no sentence vectors here: the model is made without them")
        return None
    say("sentence vectors")
    return np.array([vector(one.text, one.before) for one in examples], dtype=np.float32)


def _folds(examples: Sequence[Example]) -> NDArray[np.intp]:
    """Fold of each example; a situation is never cut in two."""
    names = sorted({one.group for one in examples})
    random.Random(12345).shuffle(names)  # noqa: S311 (the same folds each time)
    fold = {name: at % FOLDS for at, name in enumerate(names)}
    return np.array([fold[one.group] for one in examples])


@dataclass(frozen=True, slots=True)
class _Choice:
    """How scores become a probability, from which one each code alerts, and below which plain words do not."""

    fit: NDArray[np.float64]
    thresholds: Floats
    doubted: float
    told: str

    @classmethod
    def of(cls, scores: NDArray[np.float64], kinds: NDArray[np.float64], data: _Data) -> _Choice:
        from sklearn.linear_model import LogisticRegression

        danger = data.danger
        learner = LogisticRegression(C=1e3).fit(scores, danger)
        fitted = np.array([*learner.coef_[0], learner.intercept_[0]])
        probability = 1 / (1 + np.exp(-(scores @ fitted[:-1] + fitted[-1])))
        kind = kinds.argmax(axis=1)
        common = np.sort(probability[~danger])[::-1][int(FALSE_ALARMS * (~danger).sum())]
        thresholds = np.full(len(data.codes), float(common), dtype=np.float32)
        for code in range(len(data.codes)):
            # A code that raises far more than its part of the false alarms must be surer.
            alarms = np.sort(probability[~danger & (kind == code)])[::-1]
            allowed = round(2 * FALSE_ALARMS * (~danger).sum() / len(data.codes))
            if len(alarms) > allowed:
                thresholds[code] = max(float(alarms[allowed]), float(common))
        thresholds = np.clip(thresholds, LOWEST, HIGHEST)
        alert = probability >= thresholds[kind]
        doubted = _doubted(probability, data.worded & ~alert, danger)
        alert |= data.worded & (probability >= doubted)
        right = np.array([data.codes.index(label) if label != NONE else -1 for label in data.labels])
        told = Figures(
            emergencies=int(danger.sum()),
            ordinary=int((~danger).sum()),
            found=int((alert & danger).sum()),
            kind_right=int((alert & danger & (kind == right)).sum()),
            false=int((alert & ~danger).sum()),
        )
        return cls(fitted, thresholds, doubted, f"{told}; plain words count from {doubted:.2f}")


def _doubted(probability: NDArray[np.float64], worded: NDArray[np.bool_], danger: NDArray[np.bool_]) -> float:
    """The probability from which plain words alert though the model alone would not (`WORTH`)."""
    at = np.flatnonzero(worded)
    at = at[np.argsort(-probability[at])]
    gained = np.cumsum(np.where(danger[at], 1, -WORTH))
    best = int(np.argmax(gained)) if len(at) else -1
    return min(MOST_DOUBTED, float(probability[at[best]])) if best >= 0 and gained[best] > 0 else MOST_DOUBTED


def _shares(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return shares


def write_model(model: Model, path: Path) -> None:
    """Keep a model in a file of numbers; an older one stays until the new one is whole."""
    fresh = path.with_suffix(".new.npz")
    np.savez_compressed(fresh, **model.values)
    fresh.replace(path)


def main() -> None:
    """Make the shipped model anew."""
    examples = training_examples()
    model = train(examples, say=print, card=f"{len(examples)} utterances of tickets/data/emergency/train")
    write_model(model, FILE)
    held_out = held_out_examples()
    for use in (False, True) if model.has_vectors else (False,):
        figures = evaluate(model, held_out, with_vectors=use)
        print("held-out situations,", "with" if use else "without", "vectors:", figures)
    print(FILE, FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
