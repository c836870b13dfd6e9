"""(h) Nobody can take the call: the citizen leaves a message."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from db.models import CallbackTask, Voicemail
from network.line import CitizenLine
from tests.audio import loud_seconds, wav_tracks
from tests.e2e.conftest import RunningSystem
from tests.e2e.observe import call_row, database, ended_call, eventually
from tests.e2e.test_progress import step
from tests.e2e.voices import LIGHTS, say


async def test_a_message_is_kept_and_somebody_is_told_to_call_back(system: RunningSystem, voices: Path) -> None:
    voice = await say(voices, LIGHTS, "lights")
    async with CitizenLine(system.settings, caller="13300000001") as citizen:
        assert await citizen.wait_answered(45)
        call_id = citizen.call_id
        await step(system, call_id, "voicemail", seconds=60)
        await citizen.wait_prompt(20)
        await citizen.play(voice)
        await citizen.press("#")
        assert await citizen.wait_ended(30)
    await ended_call(system.settings, call_id)

    async def counted() -> bool:
        row = await call_row(system.settings, call_id)  # put right once the message itself is written
        return row is not None and row.outcome == "voicemail"

    await eventually(counted, "the outcome voicemail")

    async def kept() -> Voicemail | None:
        async with database(system.settings) as session:
            return await session.scalar(select(Voicemail).where(Voicemail.call_id == call_id))

    message = await eventually(kept, "the message")
    assert message.seconds > 5
    (track,) = wav_tracks(system.settings.recordings_dir / message.path)
    assert loud_seconds(track) > 5

    async def task() -> CallbackTask | None:
        async with database(system.settings) as session:
            return await session.scalar(select(CallbackTask).where(CallbackTask.call_id == call_id))

    assert (await eventually(task, "the call-back task")).kind == "voicemail"
