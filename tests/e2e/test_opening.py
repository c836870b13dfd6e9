"""Seconds to a person: the desk rings at once, and the talk begins when the citizen has heard the notice."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from ivr.prompts import Prompts
from ivr.script.versions import shipped_document
from network.line import CitizenLine
from sound import wav
from sound.likeness import heard_share
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.desk_page import SHOWN_MS


async def test_who_picks_up_at_once_waits_for_the_notice(system: RunningSystem, tmp_path: Path) -> None:
    heard = tmp_path / "heard.wav"
    opening = shipped_document("direct").script.prompt("queue", "prompt")
    assert opening is not None
    async with agent_at_desk(system) as desk:
        async with CitizenLine(system.settings, caller="13800000081", heard=heard) as citizen:
            await expect(desk.page.locator("#k-answer")).to_be_enabled(timeout=SHOWN_MS)
            await expect(desk.page.locator("#line-number")).to_have_text("138 0000 0081")  # while it is heard
            await desk.page.click("#k-answer")
            await expect(desk.page.locator("#line-state")).to_have_text("待告知播完")
            await expect(desk.page.locator("#k-answer")).to_be_disabled()
            await desk.in_call()
            assert await citizen.wait_agent(45)
            await desk.hang_up()
        await desk.wait_state("示闲", 60_000)
    said = wav.read(Prompts(system.settings).path(opening)).samples
    # An answer at once would leave a tenth; lost packets of a busy machine shift what follows them.
    assert heard_share(said, wav.read(heard).samples) > 0.6


async def test_an_agent_may_let_go_before_the_notice_is_over(system: RunningSystem) -> None:
    async with agent_at_desk(system) as desk:
        async with CitizenLine(system.settings, caller="13800000082") as citizen:
            await expect(desk.page.locator("#k-answer")).to_be_enabled(timeout=SHOWN_MS)
            await desk.page.click("#k-answer")
            await desk.page.click("#k-hangup")
            assert not citizen.ended
            await desk.wait_state("示忙")
        await desk.become_ready()
