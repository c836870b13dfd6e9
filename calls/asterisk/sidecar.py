"""The small file that the dialplan writes beside a recording: who called, and how the call went.

It is for calls that nobody watched. As soon as the call has its row it is deleted: the number then stands in
one place only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

LONGEST = 512
"""Bytes that are read of it; what a caller's network sends as number may be of any length."""
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
"""The dialplan writes none of these, but a machine that lost its power leaves NULs, which PostgreSQL refuses."""
_END = re.compile(r"end (?P<interface>[^|]*)\|(?P<done>.*)")


@dataclass(frozen=True, slots=True)
class Sidecar:
    """`ended`: the dialplan was there when the call ended, so that `seat` and `done` are the whole truth."""

    caller_raw: str = ""
    ended: bool = False
    interface: str = ""
    """Asterisk's name of the softphone that answered, "" for none."""
    done: bool = False
    """The script had served the caller."""


def path_of(live: Path, call_id: str) -> Path:
    """Where it lies; `live` is the folder of running recordings."""
    return live / f"{call_id}.caller"


def read(live: Path, call_id: str) -> Sidecar:
    """What it says; an empty one when it is not there."""
    try:
        with path_of(live, call_id).open("rb") as file:
            text = file.read(LONGEST).decode("utf-8", "replace")
    except OSError:
        return Sidecar()
    first, *rest = text.splitlines() or [""]
    first = _UNPRINTABLE.sub("", first)
    end = next((found for line in reversed(rest) if (found := _END.fullmatch(line))), None)
    if end is None:
        return Sidecar(first[:128])
    return Sidecar(first[:128], True, end["interface"], end["done"] == "1")


def forget(live: Path, call_id: str) -> None:
    path_of(live, call_id).unlink(missing_ok=True)
