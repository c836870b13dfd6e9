"""Asterisk outlives us: who calls while nothing of ours runs is found again when we are back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from db.base import Base
from db.models import Call, CallbackTask, Recording, Voicemail
from db.session import make_engine
from network.line import CitizenLine
from runtime.events import CallbackChanged, RecordingReady
from tests.integration.calls.kit import Room
from tests.integration.conftest import AsteriskPair
from tests.waiting import until

CITIZEN = "13912345678"
AT_ONCE = timedelta(seconds=1)


async def _back(pair: AsteriskPair, folder: Path) -> Room:
    engine = make_engine(f"sqlite+aiosqlite:///{folder / 'calls.db'}")
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    room = Room(pair.settings, engine)
    await room.start()
    return room


async def _close(room: Room) -> None:
    engine = room.sessions.kw["bind"]
    await room.close()
    await engine.dispose()


@pytest.mark.parametrize("reached", ["nobody", "message"])
async def test_a_call_while_we_were_away(
    asterisk_pair: AsteriskPair,
    tmp_path: Path,
    live_recordings: Path,
    monkeypatch: pytest.MonkeyPatch,
    reached: str,
) -> None:
    monkeypatch.setattr("calls.state.strays.SETTLED", AT_ONCE)
    if reached == "nobody":  # somebody is signed in, but no softphone rings
        assert "Added" in await asterisk_pair.hotline.cli("queue add member PJSIP/8001 to common")
    async with CitizenLine(asterisk_pair.settings, caller=CITIZEN) as citizen:
        assert await citizen.wait_answered()
        beside = live_recordings / f"{citizen.call_id}.caller"
        await until(beside.exists, 30, "the number beside the recording")
        assert beside.read_text() == f"{CITIZEN}\n"
        message = asterisk_pair.settings.recordings_dir / "voicemail" / f"{citizen.call_id}.wav"
        if reached == "message":
            await until(message.exists, 30, "the message to be recorded")
        await citizen.hold(5.5)
    assert (live_recordings / f"{citizen.call_id}.raw").exists()

    room = await _back(asterisk_pair, tmp_path)
    try:
        await room.wait(RecordingReady, call_id=citizen.call_id)
        await room.wait(CallbackChanged, call_id=citizen.call_id)
        async with room.sessions() as session:
            call = await session.get_one(Call, citizen.call_id)
            assert (call.caller, call.state) == (CITIZEN, "ended")
            assert call.outcome == ("voicemail" if reached == "message" else "abandoned")
            assert call.ended_at is not None and 5 < (call.ended_at - call.started_at).total_seconds() < 40
            recording = (await session.scalars(select(Recording))).one()
            assert recording.seconds > 5
            task = (await session.scalars(select(CallbackTask))).one()
            assert (task.phone, task.kind) == (CITIZEN, "voicemail" if reached == "message" else "missed")
            messages = (await session.scalars(select(Voicemail))).all()
            assert [each.path for each in messages] == (
                [f"voicemail/{citizen.call_id}.wav"] if reached == "message" else []
            )
        assert list(live_recordings.iterdir()) == []
    finally:
        await _close(room)
