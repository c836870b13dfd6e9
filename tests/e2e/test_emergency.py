"""(c) An emergency: the spotter alerts, a person hands over, and citizen and fire brigade go on alone."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from db.models import Handoff
from tests.audio import loud_seconds, wav_tracks
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.observe import ended_call, eventually, handoff_row, newest, ticket_row
from tests.e2e.talk import talk
from tests.e2e.voices import AGENT, FIRE, microphone, say


async def test_the_citizen_stays_with_119_when_the_agent_leaves(
    system: RunningSystem, voices: Path, tmp_path: Path
) -> None:
    voice = await say(voices, FIRE, "fire")
    heard = tmp_path / "heard.wav"
    brigade = system.settings.var / "network" / "recordings"
    async with agent_at_desk(system, voice=await microphone(voices, AGENT)) as desk:
        async with talk(system, desk, "13800001111", heard=heard) as citizen:
            call_id = citizen.call_id
            await citizen.play(voice)
            alert = desk.page.locator(".alert.emergency")
            await expect(alert).to_be_visible(timeout=45_000)
            await expect(alert).to_contain_text("着火")
            await desk.page.keyboard.press("F9")
            dialog = desk.page.locator("#dlg-handoff")
            await expect(dialog).to_be_visible()
            await expect(dialog.locator("[name=phone]")).to_have_value("138 0000 1111")
            await expect(dialog.locator("[name=target][value='119']")).to_be_checked()
            await dialog.locator("[name=place]").fill("人民路23号3楼")
            await dialog.locator("button[value=ok]").click()

            strip = desk.page.locator(".alert.handoff")
            await expect(strip).to_contain_text("已接听", timeout=45_000)
            row = await handoff_row(system.settings, call_id)
            assert row is not None
            assert row.accepted_at is not None
            assert row.agent_left_at is None

            await desk.page.keyboard.press("Alt+q")
            await expect(strip).to_contain_text("已移交", timeout=45_000)
            recorded = newest(brigade, "119-*.wav")
            before = (
                recorded.stat().st_size // 2 if recorded else 0
            )  # samples so far; the header is not written yet
            await citizen.play(voice)  # the agent is gone: only 119 can hear this
            assert not citizen.ended
            for field, text in (("title", "人民路23号住宅火警"), ("content", "市民家中厨房油锅着火，已转119。")):
                await desk.type(field, text)
            await desk.type("place_text", "人民路23号3楼")
            await desk.type("occurred_text", "刚才")
            await desk.choose("appeal_type", "HELP")
            await desk.pick("category_code", "紧急")
            number = await desk.submit("hand_over")
        call = await ended_call(system.settings, call_id)

    assert call.outcome == "handed_over"
    assert (await ticket_row(system.settings, number)).state == "HANDED_OVER"

    async def finished() -> Handoff | None:
        row = await handoff_row(system.settings, call_id)
        return row if row is not None and row.ended_at is not None else None

    row = await eventually(finished, "the end of the hand-off")
    assert row.target == "119"
    assert row.place == "人民路23号3楼"
    assert row.agent_left_at is not None and row.accepted_at is not None
    assert row.ended_at is not None
    assert row.accepted_at < row.agent_left_at < row.ended_at

    # Measured on both ends: after the agent left, 119 heard the citizen and the citizen heard 119.
    async def recording() -> Path | None:
        return newest(brigade, "119-*.wav")

    (at_119,) = wav_tracks(await eventually(recording, "the recording at 119"))
    assert loud_seconds(at_119[before:]) > 3
    (at_citizen,) = wav_tracks(heard)
    after = int(8000 * (row.agent_left_at - call.started_at).total_seconds())
    assert loud_seconds(at_citizen[after:]) > 1
