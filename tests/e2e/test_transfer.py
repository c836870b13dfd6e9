"""A call goes from one agent to another: each has the own words and acts, one of them the ticket."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.async_api import expect
from sqlalchemy import select

from db.models import CallLeg, SurveyAnswer
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.desk_page import DeskPage
from tests.e2e.observe import call_row, database, ended_call, eventually
from tests.e2e.talk import answer_survey, talk
from tests.e2e.voices import LIGHTS, say


async def transfer_to(desk: DeskPage, word: str, *, blind: bool = False) -> None:
    """Open the dialog, look for this and take the first that is found."""
    page = desk.page
    await page.click("#k-transfer")
    await page.fill("#dlg-transfer [name=q]", word)
    if blind:
        await page.check("#dlg-transfer [name=blind]")
        await page.focus("#dlg-transfer [name=q]")
    await expect(page.locator("#tr-list [role=option]").first).to_contain_text(word)
    await page.press("#dlg-transfer [name=q]", "Enter")


async def strip(desk: DeskPage, pattern: str) -> None:
    """Wait until the strip about the transfer says this."""
    await expect(desk.page.locator("#alerts .handoff")).to_have_text(re.compile(pattern), timeout=30_000)


async def test_a_warm_transfer_hands_call_and_ticket_on(system: RunningSystem, voices: Path) -> None:
    voice = await say(voices, LIGHTS, "lights")
    async with (
        agent_at_desk(system) as first,
        agent_at_desk(system, "agent2", ready=False) as second,
        talk(system, first, "13600000021") as citizen,
    ):
        call_id = citizen.call_id
        await citizen.play(voice)
        await first.wait_said("citizen", "路灯")
        await first.type("title", "白泉村路灯不亮")
        await first.saved()
        await second.become_ready()
        await transfer_to(first, "8002")
        await strip(first, "正在呼叫 坐席 8002")
        await second.answer()

        # Both are on the line: the first has the ticket, the second sees it, the transcript and the caller.
        await strip(first, "坐席 8002 已接听")
        await strip(second, "坐席 8001 请您加入通话")
        assert await second.page.get_by_role("button", name="取消呼叫").count() == 0
        await second.wait_said("citizen", "路灯")
        assert await second.value("title") == "白泉村路灯不亮"
        assert not await second.page.locator("#d-title").is_enabled()
        await expect(second.page.locator("#d-saved")).to_contain_text("工单由坐席 8001 填写")
        await expect(second.page.locator("#k-transfer")).to_be_disabled()
        refused = await second.page.request.post(
            f"{system.url}/api/desk/draft/{call_id}",
            data={"changes": {"title": "别人的"}},
            headers={"X-CSRF-Token": await second.page.locator("meta[name=csrf]").get_attribute("content") or ""},
        )
        assert refused.status == 403, await refused.text()
        assert "8001" in await refused.text()

        await first.page.get_by_role("button", name=re.compile("^离开")).click()
        await strip(first, "已转给 坐席 8002")
        await first.wait_state("话后")
        await expect(first.page.locator("#line-state")).to_have_text("已离开通话")
        assert not await first.page.locator("#d-title").is_enabled()
        await strip(second, "坐席 8001 已把通话转给您")
        await expect(second.page.locator("#d-title")).to_be_enabled()
        await second.type("title", "白泉村路灯不亮（续）")
        await second.saved()
        assert not citizen.ended

        await second.hang_up()
        await expect(second.page.locator("#line-state")).to_have_text("满意度调查中", timeout=20_000)
        await second.wait_state("话后")
        await answer_survey(system, citizen, "1")
        call = await ended_call(system.settings, call_id)
    assert (call.agent, call.outcome, call.hungup_by) == ("8002", "answered", "agent")
    async with database(system.settings) as session:
        answers = await session.scalars(select(SurveyAnswer.answer).where(SurveyAnswer.call_id == call_id))
        assert list(answers) == [1]
    async with database(system.settings) as session:
        legs = {
            leg.name: leg
            for leg in await session.scalars(
                select(CallLeg).where(CallLeg.call_id == call_id, CallLeg.role == "agent")
            )
        }
    assert set(legs) == {"8001", "8002"}
    assert legs["8001"].left_at is not None and legs["8002"].left_at is not None
    assert legs["8001"].joined_at < legs["8002"].joined_at < legs["8001"].left_at < legs["8002"].left_at


async def test_a_blind_transfer_that_nobody_takes_brings_the_citizen_back_in_front(system: RunningSystem) -> None:
    async with (
        agent_at_desk(system) as first,
        agent_at_desk(system, "agent2", ready=False) as second,
        talk(system, first, "13600000022") as citizen,
    ):
        await second.become_ready()
        await transfer_to(first, "8002", blind=True)
        await expect(second.page.locator("#k-answer")).to_be_enabled(timeout=30_000)
        await first.wait_state("话后")
        # Nobody picks up: the citizen waits again, the first agent (free again) is rung.
        await second.page.click("#k-hangup")
        await first.page.click("#seat-ready")
        await expect(first.page.locator("#dlg-ask, #seat-word").first).to_be_visible()
        if await first.page.locator("#dlg-ask[open]").count():
            await first.page.press("#dlg-ask", "Enter")
        await first.answer()
        assert not citizen.ended
        await first.hang_up()


async def test_a_transfer_to_a_queue_frees_the_agent(system: RunningSystem) -> None:
    async with agent_at_desk(system) as first, talk(system, first, "13600000023") as citizen:
        call_id = citizen.call_id
        await transfer_to(first, "综合")
        await first.wait_state("话后")

        async def queued() -> bool:
            row = await call_row(system.settings, call_id)
            return row is not None and row.state in ("queued", "ringing")

        await eventually(queued, "the citizen in the queue")
        assert not citizen.ended
