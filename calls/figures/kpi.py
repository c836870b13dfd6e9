"""What a figure is: how much each stored row adds to its numerator and its denominator, and what it means.

A figure without denominator has no value: of nothing, nothing can be said, least of all 100 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

R = TypeVar("R")

Share = tuple[float, float]
"""What one row adds to numerator and denominator."""


class Kind(StrEnum):
    COUNT = "count"
    """The numerator itself; there is no denominator."""
    RATE = "rate"
    """A share, 0 to 1."""
    MEAN = "mean"
    """Seconds."""
    MOST = "most"
    """Seconds, of one row; the denominator is how many rows were looked at."""


@dataclass(frozen=True, slots=True)
class Kpi(Generic[R]):
    """A figure over rows of one kind (domain.md 4.1). `definition` is Chinese and names both parts.

    `target`: a rate must not be below it. `of_seats`: it can be told of the seats of one unit; the others ask
    how callers fared before anybody took them, which is the whole centre's doing.
    """

    code: str
    name: str
    kind: Kind
    definition: str
    adds: Callable[[R], Share]
    target: float | None = None
    of_seats: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a period. Rates are shares (0.95), durations seconds; `met` is None without target or value."""

    code: str
    name: str
    kind: Kind
    definition: str
    numerator: float
    denominator: float | None
    value: float | None
    target: float | None = None

    @property
    def met(self) -> bool | None:
        return None if self.target is None or self.value is None else self.value >= self.target


def figure(kpi: Kpi[R], numerator: float, denominator: float) -> Figure:
    """The figure of what was added up."""
    # Sums of durations are kept to the millisecond, so that the order of rows changes nothing.
    numerator, denominator = _plain(numerator), _plain(denominator)
    if kpi.kind is Kind.COUNT:
        value: float | None = numerator
    else:
        value = numerator / denominator if denominator else None
    return Figure(
        code=kpi.code,
        name=kpi.name,
        kind=kpi.kind,
        definition=kpi.definition,
        numerator=numerator,
        denominator=None if kpi.kind is Kind.COUNT else denominator,
        value=value,
        target=kpi.target,
    )


def _plain(number: float) -> float:
    rounded = round(number, 3)
    return int(rounded) if rounded == int(rounded) else rounded


class Tally(Generic[R]):
    """Adds rows up, one by one, for several figures at once; takes no more memory for more rows."""

    def __init__(self, kpis: Sequence[Kpi[R]]) -> None:
        self.kpis = kpis
        self._numerators = [0.0] * len(kpis)
        self._denominators = [0.0] * len(kpis)

    def add(self, row: R) -> None:
        for at, kpi in enumerate(self.kpis):
            numerator, denominator = kpi.adds(row)
            self._numerators[at] += numerator
            self._denominators[at] += denominator

    def figures(self) -> list[Figure]:
        return [
            figure(kpi, numerator, denominator)
            for kpi, numerator, denominator in zip(self.kpis, self._numerators, self._denominators, strict=True)
        ]


def over(kpi: Kpi[R], rows: Iterable[R]) -> Figure:
    """One figure over these rows."""
    tally = Tally([kpi])
    for row in rows:
        tally.add(row)
    return tally.figures()[0]
