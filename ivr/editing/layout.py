"""Places nodes for a picture: columns by the steps from the start, rows ordered so that few lines cross."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

COLUMN = 300
"""Pixels from one column to the next; a card is 220 wide."""
HEAD = 62
"""Height of a card without exits."""
ROW = 22
"""Height of an exit in its card."""
GAP = 22
SWEEPS = 4
"""How often rows are put in order; more changes nothing that can be seen."""


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a card lies, pixels."""

    x: int
    y: int
    height: int


def laid_out(exits: Mapping[str, Sequence[str]], starts: Sequence[str]) -> dict[str, Spot]:
    """A spot for each node. `exits` are node -> where it leads; what nothing leads to comes last."""
    layers = _layers(exits, starts)
    before: dict[str, list[str]] = {node: [] for node in exits}
    after = {node: [to for to in targets if to in exits] for node, targets in exits.items()}
    for node, targets in after.items():
        for to in targets:
            before[to].append(node)
    columns: list[list[str]] = [[] for _ in range(max(layers.values(), default=-1) + 1)]
    for node in exits:
        columns[layers[node]].append(node)
    rows = {node: float(at) for column in columns for at, node in enumerate(column)}
    for sweep in range(SWEEPS):
        neighbours = before if sweep % 2 == 0 else after
        for column in columns if sweep % 2 == 0 else reversed(columns):
            column.sort(key=lambda node: (_middle(neighbours[node], rows), rows[node]))
            rows.update({node: float(at) for at, node in enumerate(column)})
    return _spots(columns, {node: HEAD + ROW * len(targets) for node, targets in exits.items()})


def _layers(exits: Mapping[str, Sequence[str]], starts: Sequence[str]) -> dict[str, int]:
    layers: dict[str, int] = {}
    queue: deque[str] = deque()

    def begin(node: str, layer: int) -> None:
        if node in exits and node not in layers:
            layers[node] = layer
            queue.append(node)
        while queue:
            at = queue.popleft()
            for to in exits[at]:
                if to in exits and to not in layers:
                    layers[to] = layers[at] + 1
                    queue.append(to)

    for start in starts:
        begin(start, 0 if not layers else 1)
    last = max(layers.values(), default=-1) + 1
    for node in exits:
        layers.setdefault(node, last)
    return layers


def _middle(neighbours: Sequence[str], rows: Mapping[str, float]) -> float:
    return sum(rows[node] for node in neighbours) / len(neighbours) if neighbours else float(len(rows))


def _spots(columns: Sequence[Sequence[str]], heights: Mapping[str, int]) -> dict[str, Spot]:
    tallest = max((sum(heights[node] + GAP for node in column) for column in columns), default=0)
    spots = {}
    for number, column in enumerate(columns):
        y = (tallest - sum(heights[node] + GAP for node in column)) // 2
        for node in column:
            spots[node] = Spot(number * COLUMN, y, heights[node])
            y += heights[node] + GAP
    return spots
