"""How well emergencies are heard: on the held-out situations, as written and as misheard, against the word list.

    python -m bench.emergency [--quick] [--json FILE]

Each utterance alone (with what was said before it): recall, the right code among all emergencies, false alarms per
thousand of the look-alikes and ordinary sentences together, and of the plain ordinary ones. `misheard`: 10 % of
the characters exchanged for homophones. `calls`: ordinary utterances put together to calls of ten, in which the
listener may alert at any time. `letters`: ordinary sentences put together to letters of eight. Time is one
judgement's, ms. Speech through the recogniser is part of the end-to-end tests, not of this table.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

from bench import command_line
from tickets.emergency.examples import NONE, Example, held_out_sets
from tickets.emergency.listener import Listener, judge, listen_with
from tickets.emergency.model import Model, shipped_model
from tickets.emergency.wordlist import spot
from tickets.learned.noise import misheard

CALL, LETTER = 10, 8
CALLS, QUICK_CALLS = 400, 60
NOISE = 0.10

Alerts = Callable[[Example], bool]


class Plain(Model):
    """The shipped model without sentence vectors."""

    @property
    def has_vectors(self) -> bool:
        return False


def by_list(one: Example) -> bool:
    """What the word list alone says."""
    return bool(spot(one.text))


def by_listener(one: Example) -> bool:
    """What a call says at this utterance."""
    listener = Listener()
    for said in one.before:
        listener.hear(said.speaker, said.text)
    return bool(listener.hear("citizen", one.text))


def utterances(examples: Sequence[Example], alerts: Alerts, noise: float = 0.0) -> dict[str, float]:
    """Percent found, and false alarms per thousand."""
    heard = [
        (one, alerts(Example(one.code, one.situation, misheard(one.text, noise), one.before))) for one in examples
    ]
    danger = [alert for one, alert in heard if one.code != NONE]
    none = [alert for one, alert in heard if one.code == NONE]
    return {"recall": 100 * statistics.mean(danger), "false per 1000": 1000 * statistics.mean(none)}


def talks(examples: Sequence[Example], size: int, count: int, *, typed: bool) -> float:
    """Of a hundred ordinary calls (or letters) put together from these, how many alert."""
    dice = random.Random(11)
    alarmed = 0
    for _ in range(count):
        listener = Listener(typed=typed)
        alarmed += any([listener.hear("citizen", one.text) for one in dice.sample(list(examples), size)])
    return 100 * alarmed / count


def measure(quick: bool) -> dict[str, Any]:
    """All systems on all sets."""
    return {name: measured(held_out, quick) for name, held_out in held_out_sets().items()}


def measured(held_out: Sequence[Example], quick: bool) -> dict[str, Any]:
    """All systems on one set. The last third of what is no emergency is plain, the rest looks like danger."""
    none = [one for one in held_out if one.code == NONE]
    plain = none[-(len(none) // 3) :]
    calls = QUICK_CALLS if quick else CALLS
    shipped = shipped_model()
    result: dict[str, Any] = {"word list": {"written": utterances(held_out, by_list)}}
    systems = {"n-grams": Plain(shipped.values)} | (
        {"n-grams and vectors": shipped} if shipped.has_vectors else {}
    )
    for name, model in systems.items():
        listen_with(model)
        began = time.perf_counter()
        written = utterances(held_out, by_listener)
        asked = len(held_out) + sum(len(one.before) for one in held_out)
        row: dict[str, Any] = {"written": written, "ms": 1000 * (time.perf_counter() - began) / asked}
        row["misheard"] = utterances(held_out, by_listener, NOISE)
        row["right code"] = 100 * statistics.mean(
            judge(one.text, one.before).code == one.code for one in held_out if one.code != NONE
        )
        row["plain false per 1000"] = 1000 * statistics.mean(map(by_listener, plain))
        row["calls of 100"] = talks(plain, CALL, calls, typed=False)
        row["letters of 100"] = talks(plain, LETTER, calls, typed=True)
        result[name] = row
    listen_with(shipped)
    return result


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    for name, rows in result.items():
        print(f"\n{name}")
        show_set(rows)


def show_set(result: dict[str, Any]) -> None:
    print(f"{'system':22}{'recall':>8}{'false/1000':>12}{'misheard':>10}{'code':>7}{'plain/1000':>12}", end="")
    print(f"{'calls/100':>11}{'letters/100':>13}{'ms':>7}")
    for name, row in result.items():
        print(f"{name:22}{row['written']['recall']:7.1f}%{row['written']['false per 1000']:12.1f}", end="")
        if "misheard" in row:
            print(f"{row['misheard']['recall']:9.1f}%{row['right code']:6.1f}%", end="")
            print(f"{row['plain false per 1000']:12.1f}{row['calls of 100']:11.1f}", end="")
            print(f"{row['letters of 100']:13.1f}{row['ms']:7.2f}", end="")
        print()


def options_of(given: list[str] | None = None) -> argparse.Namespace:
    return command_line.parser("emergency", __doc__, f"only {QUICK_CALLS} calls put together").parse_args(given)


def main() -> None:
    """Command line."""
    arguments = options_of()
    result = measure(arguments.quick)
    show(result)
    command_line.write(arguments.json, result)


if __name__ == "__main__":
    main()
