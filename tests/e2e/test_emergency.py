"""(c) An emergency: the spotter alerts, a person hands over, and citizen and police or firemen go on alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import expect

from db.models import Handoff
from tests.audio import loud_seconds, wav_tracks
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.observe import ended_call, eventually, handoff_row, newest, ticket_row
from tests.e2e.talk import talk
from tests.e2e.voices import AGENT, BURGLAR, FIRE, microphone, say


@dataclass(frozen=True)
class Emergency:
    """What the citizen says, the words of which one must alert, and what the agent writes."""

    said: str
    words: str
    title: str
    content: str


EMERGENCIES = {
    "110": Emergency(BURGLAR, "抢劫|拿着刀", "人民路23号持刀抢劫警情", "市民称有人持刀抢劫，已转110。"),
    "119": Emergency(FIRE, "着火", "人民路23号住宅火警", "市民家中厨房油锅着火，已转119。"),
}


@pytest.mark.parametrize("target", EMERGENCIES)
async def test_the_citizen_stays_with_them_when_the_agent_leaves(
    target: str, system: RunningSystem, voices: Path, tmp_path: Path
) -> None:
    emergency = EMERGENCIES[target]
    voice = await say(voices, emergency.said, f"emergency-{target}")
    heard = tmp_path / "heard.wav"
    theirs = system.settings.var / "network" / "recordings"
    async with agent_at_desk(system, voice=await microphone(voices, AGENT)) as desk:
        async with talk(system, desk, "13800001111", heard=heard) as citizen:
            call_id = citizen.call_id
            await citizen.play(voice)
            alert = desk.page.locator(".alert.emergency")
            await expect(alert).to_be_visible(timeout=45_000)
            await expect(alert).to_contain_text(re.compile(emergency.words))
            await desk.page.keyboard.press("F9")
            dialog = desk.page.locator("#dlg-handoff")
            await expect(dialog).to_be_visible()
            await expect(dialog.locator("[name=phone]")).to_have_value("138 0000 1111")
            await expect(dialog.locator(f"[name=target][value='{target}']")).to_be_checked()
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
            recorded = newest(theirs, f"{target}-*.wav")
            before = (
                recorded.stat().st_size // 2 if recorded else 0
            )  # samples so far; the header is not written yet
            await citizen.play(voice)  # the agent is gone: only they can hear this
            assert not citizen.ended
            for field, text in (("title", emergency.title), ("content", emergency.content)):
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
    assert row.target == target
    assert row.place == "人民路23号3楼"
    assert row.agent_left_at is not None and row.accepted_at is not None
    assert row.ended_at is not None
    assert row.accepted_at < row.agent_left_at < row.ended_at

    # Measured on both ends: after the agent left, they heard the citizen and the citizen heard them.
    async def recording() -> Path | None:
        return newest(theirs, f"{target}-*.wav")

    (with_them,) = wav_tracks(await eventually(recording, f"the recording at {target}"))
    assert loud_seconds(with_them[before:]) > 3
    (at_citizen,) = wav_tracks(heard)
    after = int(8000 * (row.agent_left_at - call.started_at).total_seconds())
    assert loud_seconds(at_citizen[after:]) > 1
