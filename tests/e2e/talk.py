"""Where most tests begin and end: a citizen has called and the agent has answered; the survey after the talk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import select

from db.models import SurveyAnswer
from network.line import CitizenLine
from tests.e2e.conftest import RunningSystem
from tests.e2e.desk_page import DeskPage
from tests.e2e.observe import database


@asynccontextmanager
async def talk(
    system: RunningSystem, desk: DeskPage, caller: str, *, heard: Path | None = None
) -> AsyncIterator[CitizenLine]:
    """The citizen's end of a call that the agent at this desk has taken; the citizen hangs up at the end."""
    async with CitizenLine(system.settings, caller=caller, heard=heard) as citizen:
        await desk.answer()
        assert await citizen.wait_agent(45)
        yield citizen


async def answer_survey(system: RunningSystem, citizen: CitizenLine, key: str) -> None:
    """Press this key, and again when nothing comes of it: before the question is read out it does not count."""

    async def answered() -> bool:
        async with database(system.settings) as session:
            rows = select(SurveyAnswer.id).where(SurveyAnswer.call_id == citizen.call_id)
            return await session.scalar(rows) is not None

    async with asyncio.timeout(45):
        while not await answered():
            await citizen.press(key)
            await citizen.hold(2)
