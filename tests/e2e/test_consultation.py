"""(a) A citizen asks, the agent answers on the line with an article."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from tests.audio import loud_seconds, wav_tracks
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.observe import ended_call, eventually, newest, ticket_row
from tests.e2e.talk import talk
from tests.e2e.voices import AGENT, CONSULT, microphone, say
from tests.speech_samples import error_rate


async def test_a_question_is_answered_on_the_line_with_an_article(
    system: RunningSystem, voices: Path, tmp_path: Path
) -> None:
    question = await say(voices, CONSULT, "consult")
    heard = tmp_path / "heard.wav"
    async with agent_at_desk(system, voice=await microphone(voices, AGENT)) as desk:
        async with talk(system, desk, "13912345678", heard=heard) as citizen:
            call_id = citizen.call_id
            await expect(desk.page.locator("#line-number")).to_have_text("139 1234 5678")
            await citizen.play(question)
            await desk.wait_said("citizen", "材料")
            await desk.wait_said("agent", "地址")
            spoken = await desk.transcript("citizen")
            assert error_rate([(CONSULT, spoken)]) <= 0.25, spoken

            offered = desk.page.locator(".a-item", has_text="残疾")
            await expect(offered.first).to_be_visible(timeout=45_000)
            await offered.first.get_by_role("button", name="按此答复").click()
            assert "残疾" in await desk.value("answer_text")
            for field, text in (
                ("title", "咨询残疾人证办理材料"),
                ("content", "市民咨询为父亲办理残疾人证所需的材料。"),
            ):
                await desk.type(field, text)
            await desk.choose("appeal_type", "CONSULT")
            await desk.pick("category_code", "残疾")
            await desk.saved()
            number = await desk.submit("answer")
            await desk.hang_up()
            await desk.wait_state("话后|示闲")
        call = await ended_call(system.settings, call_id)

    ticket = await ticket_row(system.settings, number)
    assert (ticket.state, ticket.close_reason) == ("CLOSED", "ANSWERED_ON_LINE")
    assert ticket.article_id == "disability-certificate"
    assert ticket.call_id == call_id
    assert ticket.caller_id == "13912345678"
    assert call.outcome == "answered"
    assert call.agent == "8001"
    assert call.talk_s is not None and call.talk_s > 5
    assert call.wait_s is not None

    # The citizen heard the agent, and the recording keeps the two apart: left citizen, right agent.
    assert loud_seconds(wav_tracks(heard)[0]) > 1.5

    async def recording() -> Path | None:
        return newest(system.settings.recordings_dir, f"20*/*/*/{call_id}.wav")

    left, right = wav_tracks(await eventually(recording, "the recording"))
    assert loud_seconds(left) > 3
    assert loud_seconds(right) > 1.5
