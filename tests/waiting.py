"""Waiting in tests: for a condition and with a bound, never for a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], seconds: float = 30.0, what: str = "") -> None:
    """Return once `condition()` is true; raise AssertionError naming `what` after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 (conditions live in other processes and threads)
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited {seconds} s in vain for {what or condition}") from None
