"""Where most tests begin: a citizen has called and the agent has answered."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from network.line import CitizenLine
from tests.e2e.conftest import RunningSystem
from tests.e2e.desk_page import DeskPage


@asynccontextmanager
async def talk(
    system: RunningSystem, desk: DeskPage, caller: str, *, heard: Path | None = None
) -> AsyncIterator[CitizenLine]:
    """The citizen's end of a call that the agent at this desk has taken; the citizen hangs up at the end."""
    async with CitizenLine(system.settings, caller=caller, heard=heard) as citizen:
        await desk.answer()
        assert await citizen.wait_agent(45)
        yield citizen
