"""Publishing with cases, by two people at once, and going back."""

from __future__ import annotations

import asyncio

import pytest

from db.models import ScriptVersion
from db.session import Sessions
from ivr.editing.cases import CaseRefused, Given, keep, of_script, run_cases
from ivr.editing.publishing import InForceChanged, NothingNew, go_back, publish_tested
from ivr.script.document import ScriptRefused, read_text
from ivr.script.versions import current, history, publish
from tests.fakes.clock import FakeClock
from tests.unit.ivr.scripts import SOUND, script

CHANGED = SOUND.replace("您好。", "您好，请讲。")
ELSEWHERE = SOUND.replace('"2": number', '"2": bye')


async def first(sessions: Sessions, clock: FakeClock, text: str = SOUND) -> int:
    async with sessions.begin() as session:
        return (await publish(session, clock, text)).id


async def test_a_case_holds_its_way_through_the_script(sessions: Sessions, clock: FakeClock) -> None:
    seen = await first(sessions, clock)
    async with sessions.begin() as session:
        case = await keep(session, clock, script(), "查号码", Given(inputs="2,123,answered"), user_id=None)
    assert case.expected == ["greet", "main", "number", "queue", "bye"]
    async with sessions() as session:
        cases = await of_script(session, "test")
        assert all(verdict.passed for verdict in await run_cases(script(), cases))
        assert [one.said for one in await run_cases(read_text(ELSEWHERE).script, cases)] == [
            "第 3 步应到 number，实际到 bye。"
        ]
    async with sessions.begin() as session:
        with pytest.raises(ScriptRefused, match="测试“查号码”没有通过"):
            await publish_tested(session, clock, ELSEWHERE, in_force=seen)
    async with sessions.begin() as session:
        made = await publish_tested(session, clock, CHANGED, in_force=seen, user_name="张三", note="改问候")
        assert (made.version, made.note) == (2, "改问候")


async def test_going_back_is_not_held_up_by_a_case(sessions: Sessions, clock: FakeClock) -> None:
    await first(sessions, clock)
    second = await first(sessions, clock, ELSEWHERE)
    async with sessions.begin() as session:
        await keep(session, clock, read_text(ELSEWHERE).script, "按2", Given(inputs="2"), user_id=None)
        old = (await history(session, "test"))[-1]
        made = await go_back(session, clock, old.id, in_force=second, user_id=None, user_name="张三")
        assert (made.version, made.yaml) == (3, SOUND)
    async with sessions.begin() as session:
        with pytest.raises(NothingNew):
            await go_back(session, clock, made.id, in_force=made.id, user_id=None, user_name="张三")


async def test_of_two_who_publish_at_once_one_is_refused(sessions: Sessions, clock: FakeClock) -> None:
    seen = await first(sessions, clock)

    async def act(text: str) -> ScriptVersion | InForceChanged:
        async with sessions.begin() as session:
            try:
                return await publish_tested(session, clock, text, in_force=seen, user_id=None)
            except InForceChanged as refused:
                return refused

    ends = await asyncio.gather(act(CHANGED), act(ELSEWHERE))
    made = [end for end in ends if isinstance(end, ScriptVersion)]
    refused = [end for end in ends if isinstance(end, InForceChanged)]
    assert [version.version for version in made] == [2]
    assert [(end.name, end.version) for end in refused] == [("test", 2)]
    async with sessions() as session:
        now = await current(session)
        assert now is not None and now.id == made[0].id
        assert len(await history(session)) == 2


async def test_the_text_in_force_is_nothing_new(sessions: Sessions, clock: FakeClock) -> None:
    seen = await first(sessions, clock)
    async with sessions.begin() as session:
        with pytest.raises(NothingNew):
            await publish_tested(session, clock, SOUND, in_force=seen)


async def test_walks_that_cannot_be_made(sessions: Sessions, clock: FakeClock) -> None:
    async with sessions.begin() as session:
        for given in (Given(inputs="dance"), Given(at="2026-02-30T10:00"), Given(at="2026-01-01T24:30")):
            with pytest.raises(CaseRefused):
                await keep(session, clock, script(), "x", given, user_id=None)
