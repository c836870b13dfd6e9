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


async def end(process: Endable | None, within_s: float) -> None:
    """Returns when it has ended, or after twice `within_s`: once for the request, once for the kill."""
    if process is None or process.returncode is not None:
        return
    for ask in (process.terminate, process.kill):
        with contextlib.suppress(ProcessLookupError):
            ask()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await process.wait()
            return
