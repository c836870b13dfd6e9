"""(f) Parts of ours are killed in mid-call: the citizen stays connected, and nothing said or typed is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.async_api import expect

from tests.audio import loud_seconds, wav_tracks
from tests.e2e.conftest import RunningSystem, agent_at_desk, start_again, start_system, stop_system
from tests.e2e.observe import child, ended_call
from tests.e2e.talk import talk
from tests.e2e.voices import AGENT, CONSULT, LIGHTS, microphone, say
from tests.shared import Spoken


async def test_the_recogniser_dies_and_comes_back_in_the_same_call(system: RunningSystem, voices: Path) -> None:
    first, second = await say(voices, LIGHTS, "lights"), await say(voices, CONSULT, "consult")
    async with agent_at_desk(system) as desk:
        async with talk(system, desk, "13400000001") as citizen:
            call_id = citizen.call_id
            await citizen.play(first)
            await desk.wait_said("citizen", "路灯")
            old = child(system.process.pid, "speech.process")
            old.kill()
            await asyncio.to_thread(psutil.wait_procs, [old], 10)
            await expect(desk.page.locator("#t-list li.gap").first).to_be_visible(timeout=60_000)
            assert not citizen.ended
            await citizen.play(second)
            await desk.wait_said("citizen", "材料")
            await desk.wait_said("citizen", "路灯")  # what was said before is still there
            await desk.hang_up()
        call = await ended_call(system.settings, call_id)
    assert call.outcome == "answered"


@pytest.fixture
def own_system(
    model_folder: Path, spoken: Spoken, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[RunningSystem]]:
    """A second system beside the shared one; the list holds its present incarnation."""
    running = [start_system(tmp_path_factory.mktemp("own") / "var", model_folder, spoken)]
    yield running
    assert stop_system(running[0]) == 0, running[0].console.read_text(errors="replace")


async def test_script_server_desk_and_manager_link_die_at_once(
    own_system: list[RunningSystem], voices: Path, tmp_path: Path
) -> None:
    first, second = await say(voices, LIGHTS, "lights"), await say(voices, CONSULT, "consult")
    heard = tmp_path / "heard.wav"
    ours = own_system[0]
    async with agent_at_desk(ours, voice=await microphone(voices, AGENT)) as desk:
        async with talk(ours, desk, "13400000002", heard=heard) as citizen:
            call_id = citizen.call_id
            await citizen.play(first)
            await desk.wait_said("citizen", "路灯")
            await desk.type("title", "白泉村路灯不亮")
            await desk.saved()

            ours.process.kill()  # FastAGI server, desk, manager link and jobs in one blow
            ours.process.wait()
            await expect(desk.page.locator("#alerts")).to_contain_text("连接中断", timeout=60_000)
            await citizen.play(first)  # nobody writes this down, but the agent hears it and answers
            assert not citizen.ended

            own_system[0] = ours = start_again(ours)
            await expect(desk.page.locator("#alerts")).not_to_contain_text("连接中断", timeout=60_000)
            assert not citizen.ended
            assert await desk.value("title") == "白泉村路灯不亮"
            await desk.in_call()
            await citizen.play(second)
            await desk.wait_said("citizen", "材料", 60_000)
            await desk.hang_up()
            assert await citizen.wait_ended(60)
        call = await ended_call(ours.settings, call_id)
    assert call.outcome == "answered"
    assert call.agent == "8001"
    assert call.talk_s is not None and call.talk_s > 20
    assert loud_seconds(wav_tracks(heard)[0]) > 4
