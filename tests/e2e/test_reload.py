"""(e) The agent's tab is reloaded, and killed, in mid-call: nothing is lost, the citizen is still there."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect
from sqlalchemy import select

from db.models import QueueEntry, SurveyAnswer
from tests.audio import loud_seconds, wav_tracks
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.observe import database, ended_call
from tests.e2e.talk import answer_survey, talk
from tests.e2e.voices import AGENT, LIGHTS, microphone, say


async def test_a_reload_keeps_the_draft_the_transcript_and_the_citizen(
    system: RunningSystem, voices: Path, tmp_path: Path
) -> None:
    voice = await say(voices, LIGHTS, "lights")
    heard = tmp_path / "heard.wav"
    async with (
        agent_at_desk(system, voice=await microphone(voices, AGENT)) as desk,
        talk(system, desk, "13600000001", heard=heard) as citizen,
    ):
        call_id = citizen.call_id
        await citizen.play(voice)
        await desk.wait_said("citizen", "路灯")
        await desk.type("title", "白泉村路灯不亮")
        await desk.saved()
        said = await desk.transcript("citizen")

        await desk.page.reload()
        await desk.wait_said("citizen", "路灯")
        assert (await desk.transcript("citizen")).startswith(said[:10])
        assert await desk.value("title") == "白泉村路灯不亮"
        await desk.in_call()  # the seat was rung again and answered by the page itself
        assert not citizen.ended

        rows = await desk.said("citizen").count()
        await citizen.play(voice)
        await expect(desk.said("citizen").nth(rows)).to_be_visible(timeout=45_000)
        await desk.hang_up()
        # The talk is over for the citizen as well: asked how it was, and nobody is rung again.
        await expect(desk.page.locator("#line-state")).to_have_text("满意度调查中", timeout=20_000)
        await desk.wait_state("话后")
        assert not citizen.ended
        await answer_survey(system, citizen, "2")
        call = await ended_call(system.settings, call_id)
        assert not await desk.page.locator("#k-answer").is_enabled()
    assert call.outcome == "answered"
    assert call.agent == "8001"
    assert call.hungup_by == "agent"
    async with database(system.settings) as session:
        assert await session.scalar(select(QueueEntry.id).where(QueueEntry.call_id == call_id).offset(1)) is None
        answers = await session.scalars(select(SurveyAnswer.answer).where(SurveyAnswer.call_id == call_id))
        assert list(answers) == [2]
    assert loud_seconds(wav_tracks(heard)[0]) > 2
