"""(d) The caller hangs up in the queue, while it rings and in talk: each ends cleanly and is counted."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from playwright.async_api import expect
from sqlalchemy import select

from db.models import CallbackTask, QueueEntry
from network.line import CitizenLine
from runtime.settings import ROOT
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.observe import call_in_state, database, ended_call, eventually
from tests.e2e.talk import talk


async def test_hanging_up_during_the_greeting(system: RunningSystem) -> None:
    async with CitizenLine(system.settings, caller="13700000001") as citizen:
        assert await citizen.wait_answered(45)
        call_id = citizen.call_id
    call = await ended_call(system.settings, call_id)
    assert call.outcome in {"ivr", "abandoned"}
    assert call.hungup_by == "citizen"


async def test_hanging_up_in_the_queue_makes_a_callback_task(system: RunningSystem) -> None:
    async with (
        agent_at_desk(system, ready=False),  # somebody is there, but on a break
        CitizenLine(system.settings, caller="13700000002") as citizen,
    ):
        assert await citizen.wait_answered(45)
        call_id = citizen.call_id
        await call_in_state(system.settings, call_id, "queued")
        await citizen.hold(6)  # shorter waits are not called back
    call = await ended_call(system.settings, call_id)
    assert call.outcome == "abandoned"

    async def task() -> CallbackTask | None:
        async with database(system.settings) as session:
            return await session.scalar(select(CallbackTask).where(CallbackTask.call_id == call_id))

    found = await eventually(task, "the call-back task")
    assert (found.kind, found.state, found.phone) == ("missed", "open", "13700000002")
    async with database(system.settings) as session:
        entry = await session.scalar(select(QueueEntry).where(QueueEntry.call_id == call_id))
        assert entry is not None
        assert entry.result == "abandoned"
        assert entry.left_at is not None
        assert (entry.left_at - entry.entered_at).total_seconds() >= 5


async def test_hanging_up_while_ringing_and_in_talk_frees_the_agent(system: RunningSystem) -> None:
    async with agent_at_desk(system) as desk:
        async with CitizenLine(system.settings, caller="13700000003"):
            await expect(desk.page.locator("#k-answer")).to_be_enabled(timeout=45_000)
        await desk.wait_state("示闲")

        async with talk(system, desk, "13700000004") as citizen:
            call_id = citizen.call_id
        await desk.wait_state("话后|示闲")
        call = await ended_call(system.settings, call_id)
        assert (call.outcome, call.hungup_by) == ("answered", "citizen")
        await desk.wait_state("示闲", 60_000)  # wrap-up runs out


async def test_a_citizen_s_command_that_is_ended_hangs_up(system: RunningSystem) -> None:
    """A closed terminal or a time limit: else the simulated citizen would hold the line for an hour."""
    words = [sys.executable, "-m", "hotline.cli", "call", "--from", "13700000005"]
    calling = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, env={**os.environ, **system.environment}, stdout=asyncio.subprocess.PIPE
    )
    assert calling.stdout is not None
    async with asyncio.timeout(60):
        while b"answered" not in await calling.stdout.readline():
            assert calling.returncode is None
        calling.send_signal(signal.SIGTERM)
        told = await calling.stdout.read()
        assert await calling.wait() == 128 + signal.SIGTERM
    assert "citizen_hung_up" in told.decode()
