"""A citizen gives up in the queue: an agent calls back from the list, both talk, and the task is closed."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect
from sqlalchemy import select

from db.models import AuditEvent, Call, CallbackTask, Recording
from network.line import CitizenLine
from tests.audio import loud_seconds, wav_tracks
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.desk_page import SHOWN_MS
from tests.e2e.observe import call_in_state, database, ended_call, eventually, newest
from tests.e2e.voices import AGENT, microphone

CALLER = "13700000021"
SHOWN = "137 0000 0021"


async def test_a_missed_caller_is_called_back_from_the_desk(system: RunningSystem, voices: Path) -> None:
    async with agent_at_desk(system, voice=await microphone(voices, AGENT), ready=False) as desk:
        async with CitizenLine(system.settings, caller=CALLER) as citizen:
            assert await citizen.wait_answered(45)
            missed = citizen.call_id
            await call_in_state(system.settings, missed, "queued")
            await citizen.hold(6)  # shorter waits are not called back

        async def task() -> CallbackTask | None:
            async with database(system.settings) as session:
                return await session.scalar(select(CallbackTask).where(CallbackTask.call_id == missed))

        assert (await eventually(task, "the call-back task")).state == "open"
        row = desk.page.locator(".cb").filter(has_text=SHOWN)
        await expect(row).to_contain_text("漏接", timeout=SHOWN_MS)
        await row.get_by_role("button", name="回拨").press("Enter")
        await desk.in_call()

        async def call() -> Call | None:
            async with database(system.settings) as session:
                return await session.scalar(
                    select(Call).where(
                        Call.caller == CALLER, Call.direction == "out", Call.answered_at.is_not(None)
                    )
                )

        call_id = (await eventually(call, "the citizen's answer")).id
        await expect(desk.page.locator("#line-number")).to_have_text(SHOWN)
        await expect(desk.page.locator("#d-origin")).to_contain_text("回拨·漏接", timeout=SHOWN_MS)
        for speaker in ("citizen", "agent"):
            await expect(desk.said(speaker).first).to_be_visible(timeout=SHOWN_MS)
        taken = await task()
        assert taken is not None and taken.state == "taken"
        await desk.hang_up()

        async def closed() -> CallbackTask | None:
            found = await task()
            return found if found is not None and found.state == "done" else None

        done = await eventually(closed, "the end of the task")
        assert done.attempts == 1 and "已接通" in done.result
        await desk.wait_state("示闲|示忙", 60_000)  # wrap-up runs out
        await expect(desk.page.locator(".today")).to_be_visible(timeout=SHOWN_MS)
        await expect(row).to_have_count(0, timeout=SHOWN_MS)

    await ended_call(system.settings, call_id)

    async def recording() -> Recording | None:
        async with database(system.settings) as session:
            return await session.scalar(select(Recording).where(Recording.call_id == call_id))

    kept = await eventually(recording, "the recording of the call-back")
    for track in wav_tracks(system.settings.recordings_dir / kept.path):
        assert loud_seconds(track) > 0.5

    async def theirs() -> bool:
        path = newest(system.settings.var / "network" / "recordings", f"{CALLER}-*.wav")
        return path is not None and loud_seconds(wav_tracks(path)[0]) > 0.5  # its length is written at the end

    await eventually(theirs, "the agent's voice at the citizen's telephone")
    async with database(system.settings) as session:
        trail = await session.scalars(
            select(AuditEvent.action)
            .where(AuditEvent.object_kind == "callback", AuditEvent.object_id == str(done.id))
            .order_by(AuditEvent.id)
        )
        assert list(trail) == ["take", "reach"]
