"""Two versions of a script side by side: lines that changed, and within them the words."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

AROUND = 3
"""Unchanged lines shown around a change."""
MARKED = 400
"""Characters of a line up to which the words within are compared: longer ones are marked as a whole."""
ROWS = 4000

Segment = tuple[str, bool]
"""Some words, and whether they differ."""


@dataclass(frozen=True, slots=True)
class Side:
    """A line of one version: its number (0: there is none) and its words."""

    line: int = 0
    words: tuple[Segment, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the comparison. `left_out` counts unchanged lines that are not shown."""

    kind: Literal["same", "changed", "added", "removed", "left_out"]
    old: Side = Side()
    new: Side = Side()
    left_out: int = 0


def side_by_side(old: str, new: str) -> list[Row]:
    """The comparison's rows, at most ROWS. Slow for long texts: call it in a thread."""
    before, after = old.splitlines(), new.splitlines()
    rows: list[Row] = []
    groups = list(difflib.SequenceMatcher(None, before, after).get_grouped_opcodes(AROUND))
    shown = 0
    for group in groups:
        if group[0][1] > shown:
            rows.append(Row("left_out", left_out=group[0][1] - shown))
        for what, a, b, c, d in group:
            rows += _rows(what, before[a:b], after[c:d], a + 1, c + 1)
        shown = group[-1][2]
        if len(rows) > ROWS:
            break
    if groups and len(before) > shown:
        rows.append(Row("left_out", left_out=len(before) - shown))
    return rows[:ROWS]


def _rows(what: str, old: list[str], new: list[str], old_line: int, new_line: int) -> Iterator[Row]:
    for at in range(max(len(old), len(new))):
        has_old, has_new = at < len(old), at < len(new)
        if what == "equal":
            plain = ((old[at], False),)
            yield Row("same", Side(old_line + at, plain), Side(new_line + at, plain))
        elif has_old and has_new:
            left, right = _marked(old[at], new[at])
            yield Row("changed", Side(old_line + at, left), Side(new_line + at, right))
        elif has_old:
            yield Row("removed", old=Side(old_line + at, ((old[at], True),)))
        else:
            yield Row("added", new=Side(new_line + at, ((new[at], True),)))


def _marked(old: str, new: str) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    if max(len(old), len(new)) > MARKED:
        return ((old, True),), ((new, True),)
    left: list[Segment] = []
    right: list[Segment] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if a < b:
            left.append((old[a:b], what != "equal"))
        if c < d:
            right.append((new[c:d], what != "equal"))
    return tuple(left), tuple(right)
