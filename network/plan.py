"""What a citizen does on the line, written as one short line: `wait,2,wait 3,5,agent,speak`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from runtime.errors import UserError

_KEYS = re.compile(r"[0-9*#]{1,32}")
_WAIT = re.compile(r"wait (\d{1,4}(?:\.\d{1,3})?)")


@dataclass(frozen=True, slots=True)
class WaitPrompt:
    """Hear a prompt to its end."""


@dataclass(frozen=True, slots=True)
class WaitSeconds:
    seconds: float


@dataclass(frozen=True, slots=True)
class Press:
    keys: str


@dataclass(frozen=True, slots=True)
class WaitAgent:
    """Wait until a person is on the line."""


@dataclass(frozen=True, slots=True)
class Speak:
    """Play the citizen's voice to its end."""


Step = WaitPrompt | WaitSeconds | Press | WaitAgent | Speak
_WORDS: dict[str, Step] = {"wait": WaitPrompt(), "agent": WaitAgent(), "speak": Speak()}


def parse_plan(text: str) -> list[Step]:
    """Read a plan. Raises UserError naming the word that is not understood."""
    steps: list[Step] = []
    for word in (part.strip().lower() for part in text.split(",")):
        if not word:
            continue
        if word in _WORDS:
            steps.append(_WORDS[word])
        elif found := _WAIT.fullmatch(word):
            steps.append(WaitSeconds(float(found[1])))
        elif _KEYS.fullmatch(word):
            steps.append(Press(word))
        else:
            raise UserError(
                f"'{word[:40]}' is not understood in a plan of keys",
                "use keys (0-9 * #), 'wait' (hear a prompt out), 'wait 3' (seconds), 'agent', 'speak'",
            )
    return steps
