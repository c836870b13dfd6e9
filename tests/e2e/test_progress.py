"""(g) The citizen asks by key how the matter stands."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from db.models import ScriptStepRow
from network.line import CitizenLine
from tests.audio import loud_seconds, wav_tracks
from tests.e2e.conftest import RunningSystem
from tests.e2e.observe import database, ended_call, eventually


async def test_one_key_leads_to_the_progress_of_the_callers_tickets(system: RunningSystem, tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    async with CitizenLine(system.settings, caller="13500000001", heard=heard) as citizen:
        assert await citizen.wait_answered(20)
        call_id = citizen.call_id
        await citizen.press("2")

        async def asked() -> str | None:
            async with database(system.settings) as session:
                rows = select(ScriptStepRow.node).where(
                    ScriptStepRow.call_id == call_id, ScriptStepRow.kind == "progress"
                )
                return await session.scalar(rows.limit(1))

        await eventually(asked, "the progress node")
        assert await citizen.wait_prompt(20)
    await ended_call(system.settings, call_id)
    assert loud_seconds(wav_tracks(heard)[0]) > 2
