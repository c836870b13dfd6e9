"""The caller's line as the script runner sees it: speak, hear keys, queue, dial, record.

`ivr.agi.agi_line` is the line over a real Asterisk, `ivr.running.walk` the simulated one. Every method may raise
`CallerHungUp` or `LineTaken`; both are normal ends of a script's run, not faults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

ALL_KEYS = "0123456789*#"
"""Keys of a telephone. Every prompt may be cut short by any of them."""


class CallerHungUp(Exception):
    """The caller is gone. A normal end (asks.md 1): whoever raised it sends nothing more to the line."""


class LineTaken(Exception):
    """The channel was moved elsewhere in mid-script (to a hand-off conference): the script lets go of it."""


class LineFailed(Exception):
    """The line could not do what was asked although the caller is still there."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something to say. `key` names a recording that may replace synthesis; `live` text is made on the spot."""

    text: str
    key: str = ""
    live: bool = False


class QueueEnd(StrEnum):
    """How a stay in a queue ended."""

    ANSWERED = "answered"
    """An agent had the call and hung up first; the caller is still on the line."""
    TIMEOUT = "timeout"
    UNAVAILABLE = "unavailable"
    """Nobody is logged in, the queue is full, or there is no such queue."""
    KEY = "key"


@dataclass(frozen=True, slots=True)
class QueueStay:
    """Result of waiting in a queue. `agent` is the seat extension when answered, `key` what was pressed."""

    end: QueueEnd
    agent: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Dialled:
    """How a call to another number went; `hung_up`: the caller ended it, or gave up while it rang."""

    answered: bool
    hung_up: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """A voice message: length in seconds; `key` ended it ("" = time-out or hang-up); `hung_up` with the caller.

    If silence ended it, the last `quiet` seconds of it are silence, and `cut` seconds more were not kept.
    """

    seconds: float
    key: str = ""
    hung_up: bool = False
    quiet: float = 0.0
    cut: float = 0.0


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. `phone` is normalised digits, "" when unknown; `called` is the number dialled."""

    call_id: str
    phone: str = ""
    called: str = ""


class CallerLine(Protocol):
    """One caller on the telephone."""

    caller: Caller

    async def say(self, prompts: Sequence[Prompt], keys: str = ALL_KEYS) -> str:
        """Say these in order; a key of `keys` cuts them short and is returned, else ""."""
        ...

    async def ask(self, prompts: Sequence[Prompt], seconds: float) -> str:
        """Say these and wait for one key, which may come at any moment; "" after `seconds` of silence."""
        ...

    async def ask_digits(self, prompts: Sequence[Prompt], seconds: float, longest: int) -> str:
        """Say these and take keys until `#` (left out), `longest` keys, or `seconds` without one. May hold `*`."""
        ...

    async def queue(self, name: str, *, priority: int, seconds: float, opening: Sequence[Prompt]) -> QueueStay:
        """Wait for an agent of this queue, at most `seconds`; returns when that or the talk is over.

        `opening` is heard first, while telephones ring where the line can do that; a key ends it and the stay.

        A larger `priority` stands nearer to the front.
        """
        ...

    async def queue_length(self, name: str) -> int:
        """Callers waiting in the queue now."""
        ...

    async def dial(self, number: str, *, seconds: float) -> Dialled:
        """Put the caller through to this number; returns when that talk is over, or nobody answered."""
        ...

    async def record(self, path: Path, *, seconds: float, end_keys: str) -> Recorded:
        """Record a message to `path` (WAV) after a tone, at most `seconds`, until an end key or silence."""
        ...

    async def finish(self) -> None:
        """Say that the script came to its proper end: the call may be hung up."""
        ...
