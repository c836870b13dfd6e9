"""A real Asterisk for the tests: `asterisk_pair` is ours and the telephone network, of the test's own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from asterisk_conf.fetch import fetch_asterisk
from asterisk_conf.find import find_asterisk
from asterisk_conf.launcher import AsteriskInstance
from asterisk_conf.program import AsteriskProgram
from runtime.settings import ROOT, Settings
from tests.shared import give_answers


@dataclass(frozen=True, slots=True)
class AsteriskPair:
    """Both running instances of one installation."""

    settings: Settings
    hotline: AsteriskInstance
    network: AsteriskInstance


@pytest.fixture(scope="session")
def asterisk_program() -> AsteriskProgram:
    """HOTLINE_ASTERISK, else one on PATH, else one fetched once into var/asterisk of the checkout."""
    settings = Settings(var=ROOT / "var", asterisk=os.environ.get("HOTLINE_ASTERISK", ""))
    return find_asterisk(settings) or asyncio.run(fetch_asterisk(settings))


@pytest.fixture
async def asterisk_pair(
    settings: Settings, asterisk_program: AsteriskProgram, answers: Path
) -> AsyncIterator[AsteriskPair]:
    """Ours and the telephone network, started for this test (about 1 s) and stopped after it."""
    give_answers(settings, answers)
    pair = AsteriskPair(
        settings,
        AsteriskInstance(settings, "hotline", program=asterisk_program),
        AsteriskInstance(settings, "network", program=asterisk_program),
    )
    try:
        async with asyncio.TaskGroup() as both:
            both.create_task(pair.hotline.start())
            both.create_task(pair.network.start())
        yield pair
    finally:
        await asyncio.gather(pair.network.stop(), pair.hotline.stop())


@pytest.fixture
async def hotline_alone(settings: Settings, asterisk_program: AsteriskProgram) -> AsyncIterator[AsteriskInstance]:
    """Ours without the telephone network: the test itself plays the trunk."""
    instance = AsteriskInstance(settings, "hotline", program=asterisk_program)
    try:
        await instance.start()
        yield instance
    finally:
        await instance.stop()


@pytest.fixture
def live_recordings(settings: Settings) -> Path:
    """Where recordings of running calls are written."""
    return settings.recordings_dir / "live"
