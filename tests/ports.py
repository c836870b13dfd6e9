"""Port bases for the installations of tests: test processes side by side never take the same."""

from __future__ import annotations

import fcntl
import itertools
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

PORTS = 700
"""Ports an installation uses from its base."""

PLACES = 31
"""Bases there are, from 11000 on (10080 is a port that browsers refuse) to 32768, where Linux begins to take
ports for outgoing connections: those come and go at any moment."""

KEPT = 5
"""Bases a test process keeps at most. Older ones are in use, and seen by that, or no longer needed."""

WAIT_S = 120.0

_turn: Iterator[int] = itertools.count(os.getpid() * 5)
_held: dict[int, IO[str]] = {}


def free_port_base() -> int:
    """A base whose ports nobody holds, ours until `give_back` or until we have taken KEPT more."""
    while len(_held) >= KEPT:
        give_back(next(iter(_held)))
    deadline = time.monotonic() + WAIT_S
    for tried, step in enumerate(_turn, 1):
        base = 11_000 + (step % PLACES) * PORTS
        if base not in _held and (lock := _locked(base)) is not None:
            if _is_free(base):
                _held[base] = lock
                return base
            lock.close()
        if tried % PLACES == 0:
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
    raise AssertionError(f"no free ports within {WAIT_S:.0f} s: {PLACES} places are taken by others")


def give_back(base: int) -> None:
    """The installation on this base has ended; another test process may take it."""
    if (lock := _held.pop(base, None)) is not None:
        lock.close()


def _locked(base: int) -> IO[str] | None:
    """The lock of a base, which all test processes of this machine respect; None while another has it."""
    folder = Path(tempfile.gettempdir()) / f"hotline-test-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    lock = (folder / str(base)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return None
    return lock


def _is_free(base: int) -> bool:
    """Whether nobody outside the tests, and no test that has given its base back too early, uses these ports."""
    try:
        for offset in (38, 39, 60, 61, 73, 80, 88, 99):
            kind = socket.SOCK_DGRAM if offset in (60, 61) else socket.SOCK_STREAM
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind(("127.0.0.1", base + offset))
    except OSError:
        return False
    return True
