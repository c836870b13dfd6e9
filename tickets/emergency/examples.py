"""Utterances of emergencies and of ordinary calls, from which the model learns (`tickets/data/emergency/`).

A file has four columns: code (domain.md 3.3, NONE for no emergency), situation, who speaks, and what is said. What
was said before stands in front of the last `|`, each part beginning with 民: (citizen) or 客: (agent).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from language.han import HAN

FOLDER = Path(__file__).parent.parent / "data" / "emergency"
NONE = "NONE"
NEAR = 0.6
"""Two utterances that share more of their 4-grams than this say the same."""

_SPEAKERS = {"民": "citizen", "客": "agent"}
_SAID = re.compile(rf"[{HAN}a-z0-9]+", re.IGNORECASE)


class DataError(ValueError):
    """A line is no example; names the file and the line."""


@dataclass(frozen=True, slots=True)
class Before:
    """An earlier utterance of the same talk; `speaker` is "citizen" or "agent"."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance with what was said before it."""

    code: str
    situation: str
    text: str
    before: tuple[Before, ...] = ()

    @property
    def group(self) -> str:
        """What must not stand in training and test at once."""
        return f"{self.code} {self.situation}"


def read_examples(path: Path) -> list[Example]:
    """All of one file. Raises DataError."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != 4 or not all(cell.strip() for cell in cells):
            raise DataError(f"{path.name}:{number}: four columns are needed (code, situation, speaker, text)")
        code, situation, _, said = cells
        *before, text = said.split("|")
        found.append(Example(code, situation, text.strip(), tuple(_before(part, path, number) for part in before)))
    return found


def _before(part: str, path: Path, number: int) -> Before:
    mark, colon, text = part.strip().partition(":")
    if not colon or mark not in _SPEAKERS:
        raise DataError(f"{path.name}:{number}: what was said before begins with 民: or 客:, not {part[:12]!r}")
    return Before(_SPEAKERS[mark], text.strip())


def training_examples(folder: Path = FOLDER) -> list[Example]:
    """What is shipped to learn from."""
    return [one for path in sorted((folder / "train").glob("*.tsv")) for one in read_examples(path)]


def held_out_examples(folder: Path = FOLDER) -> list[Example]:
    """What is shipped to measure with: situations that were never learnt from."""
    return [one for found in held_out_sets(folder).values() for one in found]


def held_out_sets(folder: Path = FOLDER) -> dict[str, list[Example]]:
    """The same by the file's name: each has its emergencies first, then look-alikes, then ordinary speech."""
    return {path.stem: read_examples(path) for path in sorted((folder / "test").glob("*.tsv"))}


def near_copies(examples: Iterable[Example], others: Iterable[Example] = ()) -> Iterator[tuple[Example, Example]]:
    """Pairs that share more than `NEAR` of the shorter one's 4-grams: within `examples`, and with `others`."""
    by_gram: dict[str, list[int]] = {}
    kept: list[tuple[Example, frozenset[str]]] = []

    def take(one: Example, look: bool) -> Iterator[tuple[Example, Example]]:
        grams = four_grams(one.text)
        shared: dict[int, int] = {}
        for gram in grams:
            for place in by_gram.get(gram, ()):
                shared[place] = shared.get(place, 0) + 1
        if look:
            for place, count in shared.items():
                if count > NEAR * min(len(grams), len(kept[place][1])):
                    yield one, kept[place][0]
                    break
        for gram in grams:
            by_gram.setdefault(gram, []).append(len(kept))
        kept.append((one, grams))

    for other in others:
        yield from take(other, look=False)
    for one in examples:
        yield from take(one, look=True)


def four_grams(text: str) -> frozenset[str]:
    """Pieces of four characters; a shorter text is one piece."""
    plain = "".join(_SAID.findall(text))
    return frozenset(plain[i : i + 4] for i in range(max(1, len(plain) - 3)))
