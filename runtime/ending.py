"""Ends a process: asked first, killed when it does not listen."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Protocol


class Endable(Protocol):
    """What asyncio's processes are, and those that we only know by their number."""

    @property
    def returncode(self) -> int | None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    async def wait(self) -> int: ...


KILLED_S = 10.0
"""A killed process is gone at once, unless the machine is very busy or its disk hangs."""


async def end(process: Endable | None, within_s: float) -> None:
    """Returns when it has ended: by itself within `within_s` of being asked, or killed (some seconds at most)."""
    if process is None or process.returncode is not None:
        return
    for ask, limit in ((process.terminate, within_s), (process.kill, KILLED_S)):
        with contextlib.suppress(ProcessLookupError):
            ask()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit):
                await process.wait()
            return
