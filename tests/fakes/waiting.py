"""Waiting for a condition instead of sleeping and hoping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], timeout: float = 3.0) -> None:
    """Return as soon as `condition()` is true; TimeoutError after `timeout` seconds."""
    async with asyncio.timeout(timeout):
        while not condition():  # noqa: ASYNC110  # the condition is about another program's state
            await asyncio.sleep(0.005)
