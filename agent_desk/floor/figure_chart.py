"""The chart of half hours: stacked bars as an SVG that the template draws, without any script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent_desk.floor.figure_words import half_hour
from calls.figures.report import Slot

WIDTH, HEIGHT = 1200, 170
LEFT, RIGHT, TOP, BOTTOM = 40, 8, 10, 24
STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """A half hour: three parts from the ground up, each with `y` and `height`."""

    x: float
    width: float
    parts: tuple[tuple[str, float, float], ...]
    words: str
    label: str
    """What stands under it, "" under most."""


@dataclass(frozen=True, slots=True)
class Chart:
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, int], ...]
    """Lines across: y and the number of calls."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    ground: float = HEIGHT - BOTTOM


def chart(slots: Sequence[Slot]) -> Chart | None:
    """None where nobody asked for a person: an empty frame says nothing."""
    counts = [_counts(slot) for slot in slots]
    most = max((sum(parts) for parts in counts), default=0)
    if not most:
        return None
    step = _step(most)
    top = -(-most // step) * step
    scale = (HEIGHT - TOP - BOTTOM) / top
    pitch = (WIDTH - LEFT - RIGHT) / len(slots)
    every = 1 if len(slots) <= 16 else 4
    bars = []
    for at, (slot, (soon, later, lost)) in enumerate(zip(slots, counts, strict=True)):
        y, parts = float(HEIGHT - BOTTOM), []
        for name, number in (("soon", soon), ("later", later), ("lost", lost)):
            y -= number * scale
            if number:
                parts.append((name, round(y, 2), round(number * scale, 2)))
        bars.append(
            Bar(
                x=round(LEFT + at * pitch + pitch * 0.12, 2),
                width=round(min(pitch * 0.76, 48), 2),
                parts=tuple(parts),
                words=f"{half_hour(slot.half)}　15秒内接听 {soon}，15秒后接听 {later}，未接听 {lost}",
                label=half_hour(slot.half)[:5] if slot.half % every == 0 or len(slots) <= 16 else "",
            )
        )
    ticks = tuple((round(HEIGHT - BOTTOM - value * scale, 2), value) for value in range(0, top + 1, step))
    return Chart(tuple(bars), ticks)


def _counts(slot: Slot) -> tuple[int, int, int]:
    """Answered within 15 s, answered later, not answered."""
    by_code = {figure.code: figure for figure in slot.figures}
    if "ANS15" not in by_code:
        return int(by_code["CALL_ANSWERED"].numerator), 0, 0
    soon, asked = int(by_code["ANS15"].numerator), int(by_code["CALL_QUEUED"].numerator)
    answered = int(by_code["CALL_ANSWERED"].numerator)
    return soon, answered - soon, asked - answered


def _step(most: int) -> int:
    """Between lines, so that there are about four: 1, 2, 5, 10, 20, …"""
    size = 1
    while True:
        for step in STEPS:
            if step * size * 4 >= most:
                return step * size
        size *= 10
