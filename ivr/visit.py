"""One caller's way through a script: what was pressed ahead, what is remembered, and how things are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ivr.journal import Journal
from ivr.line import CallerLine, Prompt
from ivr.lookups import Lookups
from ivr.script.script import Script
from runtime.clock import Clock

HUMAN = "human"
"""Pseudo exit: the caller pressed the key that leads to a person."""

SPOKEN = dict(zip("0123456789", "零幺二三四五六七八九", strict=True))
"""How digits of telephone numbers are said: 幺 for 1, so that it is not heard as 七."""

IN_THE_MORNING = Prompt("现在是夜间，我们会在早上给您回拨。")
"""What is added to the thanks for a wish to be called back outside the hours."""


@dataclass
class Visit:
    """State of one run. A call keeps the script it began with, whatever is published meanwhile."""

    script: Script
    version: int
    line: CallerLine
    journal: Journal
    lookups: Lookups
    clock: Clock
    recordings: Path
    variables: dict[str, str] = field(default_factory=dict)
    ahead: str = ""
    """A key pressed during a `say`: it counts for the next menu."""
    agent: str = ""
    entered: dict[str, float] = field(default_factory=dict)
    """Queue -> when the caller first came there (monotonic seconds)."""
    talk_exit: str = ""
    """Node at which the script goes on after the talk for which the caller waits now."""
    waited: dict[str, float] = field(default_factory=dict)
    """Queue node -> seconds waited there so far, since the last talk."""

    def prompt(self, node_id: str, field_name: str) -> list[Prompt]:
        made = self.script.prompt(node_id, field_name)
        return [made] if made else []

    def is_human(self, key: str) -> bool:
        return key == self.script.human.key

    async def say(self, prompts: Sequence[Prompt]) -> str:
        """Say this; any key cuts it short and is returned."""
        return await self.line.say(prompts) if prompts else ""

    async def ask(self, prompts: Sequence[Prompt], seconds: float) -> str:
        """Say this and wait for one key; a key pressed ahead spares the saying. "" on silence."""
        if self.ahead:
            key, self.ahead = self.ahead, ""
            return key
        return await self.line.ask(prompts, seconds)

    async def ask_number(self, prompts: Sequence[Prompt], seconds: float, longest: int) -> str:
        """Say this and take digits until `#`, `longest` or a pause. `*` starts again. "" on silence.

        The human key alone (nothing after it) is returned as it is: the caller wants a person.
        """
        first, self.ahead = self.ahead, ""
        if first == "#":
            return ""
        typed = first + await self.line.ask_digits([] if first else prompts, seconds, longest - len(first))
        for _ in range(3):  # a bound on "*": a keypad may be stuck
            if "*" not in typed:
                break
            kept = typed.rpartition("*")[2]
            typed = kept + await self.line.ask_digits([], seconds, longest - len(kept))
        return typed.rpartition("*")[2]


def read_back(digits: str) -> list[Prompt]:
    """A telephone number digit by digit, from prompts made beforehand (no number ever becomes a file)."""
    return [Prompt(SPOKEN[digit]) for digit in digits if digit in SPOKEN]
