"""The figures' pages on the scripted hour: who sees them, what they say, and where they lead."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from aiohttp import hdrs
from sqlalchemy import update

from db.models import User
from tests.unit.agent_desk.conftest import Desk, Person
from tests.unit.calls.figures import hour

DAY = "period=custom&since=2025-05-06&until=2025-05-06"


@pytest.fixture
async def centre(desk: Desk) -> Desk:
    """A desk on the evening of the day of the scripted hour."""
    async with desk.sessions.begin() as session:
        await hour.write(session, people=False)
    desk.clock.set(hour.TEN + timedelta(hours=10))
    return desk


async def as_role(desk: Desk, role: str) -> Person:
    async with desk.sessions.begin() as session:
        await session.execute(update(User).where(User.login == "dispatcher").values(roles=[role]))
    return await desk.log_in("dispatcher")


async def shown(person: Person, query: str) -> str:
    response = await person.get(f"/figures{query}")
    assert response.status == 200, await response.text()
    return await response.text()


def words(page: str) -> str:
    """The page's text, white space as one space."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize("role", ["SHIFT_LEAD", "SUPERVISOR_XF", "ANALYST"])
async def test_supervisors_and_analysts_see_them(centre: Desk, role: str) -> None:
    page = await shown(await as_role(centre, role), "")
    assert 'href="/figures" aria-current="page"' in page


@pytest.mark.parametrize("role", ["AGENT", "DISPATCHER", "UNIT_HEAD", "SECURITY", "KB_EDITOR"])
@pytest.mark.parametrize("path", ["/figures", "/figures/calls?start=2025-05-06&end=2025-05-07", "/figures/sheet"])
async def test_others_do_not(centre: Desk, role: str, path: str) -> None:
    assert (await (await as_role(centre, role)).get(path)).status == 403


async def test_today_is_counted_up_to_now(centre: Desk) -> None:
    page = words(await shown(await as_role(centre, "ANALYST"), ""))
    assert "2025年5月6日 00:00至20:00" in page
    assert "来电量 42" in page, "the hour, the call before it and the call after it"


async def test_tiles_tell_value_parts_and_meaning(centre: Desk) -> None:
    page = words(await shown(await as_role(centre, "ANALYST"), f"?{DAY}"))
    assert "接通率 78.05 % 32 / 41 未达95% 接听量÷人工请求量。" in page
    assert "09:00–09:30 20 20 20 100.00%" in page and "2.0 4" in page, "seats staffed and needed"
    assert "10:00–10:30 1 1 0 0.00%" in page


async def test_agents(centre: Desk) -> None:
    page = words(await shown(await as_role(centre, "ANALYST"), f"?part=agents&{DAY}"))
    assert "8001 王丽" in page and "用餐" in page and " 10.0 " in page
    assert "8002 李敏" in page and "漏接来电" in page


async def test_ways_through_the_script(centre: Desk) -> None:
    page = words(await shown(await as_role(centre, "ANALYST"), f"?part=ways&{DAY}"))
    assert "emergency direct 第 1 版 菜单 按键转人工 queue 1" in page
    assert "queue direct 第 1 版 人工队列 8" in page, "hung up before a person came"


async def test_the_worst_window_leads_to_its_calls(centre: Desk) -> None:
    person = await as_role(centre, "ANALYST")
    page = await shown(person, f"?part=rules&{DAY}")
    assert "最低的一段：05月05日 10:01:00 至 05月06日 10:01:00" in words(page)
    links = [html.unescape(link) for link in re.findall(r'href="(/figures/calls\?[^"]+)"', page)]
    late = await (await person.get(links[0])).text()
    assert "未在15秒内接听的来电（15）" in page and "共 15 通" in late
    assert late.count("<tr>") == 16
    every = await (await person.get(links[1])).text()
    assert "共 42 通" in every, "41 that asked for a person and one that did not"
    assert "139****5000" in every and hour.phone(0) not in every


async def test_a_queue_is_kept_in_every_link(centre: Desk) -> None:
    page = await shown(await as_role(centre, "ANALYST"), f"?part=rules&queue=common&{DAY}")
    links = re.findall(r'href="(/figures[?/][^"]+)"', page)
    assert len(links) > 5 and all("queue=common" in link for link in links)
    assert 'value="common" selected' in page


async def test_of_a_unit_s_seats_only_their_own_is_shown(centre: Desk) -> None:
    async with centre.sessions() as session:
        agent = await session.get_one(User, 1)
    page = words(await shown(await as_role(centre, "ANALYST"), f"?unit={agent.unit_id}&{DAY}"))
    assert "平均处理时长" in page and "接通率 " not in page and "达标" not in page


async def test_nothing_is_not_everything(centre: Desk) -> None:
    person = await as_role(centre, "ANALYST")
    past = words(await shown(person, "?period=custom&since=2025-01-01&until=2025-01-02"))
    assert "这一时段没有人工请求" in past and "100.00" not in past and "接通率 — 0 / 0" in past
    coming = words(await shown(person, "?period=custom&since=2025-06-01"))
    assert "这一时段还没有开始" in coming and "2025年6月1日" in coming
    for part, said in (("agents", "没有坐席签入"), ("ways", "没有来电走过语音流程"), ("rules", "没有数据")):
        assert said in await shown(person, f"?part={part}&period=custom&since=2025-01-01")


@pytest.mark.parametrize(
    "query",
    [
        "?period=custom&since=2025-05-06&until=2025-05-05",
        "?period=custom&since=2020-01-01&until=2025-05-06",
        "?period=never",
        "?since=x",
        "?queue=%27%3B",
        "?part=nothing",
        "?unit=-1",
        "?unit=99999999999",
        "/calls",
        "/calls?start=2025-05-06&end=2025-05-06",
        "/calls?start=2020-05-06&end=2025-05-06",
        "/calls?start=x&end=y",
        "/calls?start=2025-05-06&end=2025-05-07&show=some",
    ],
)
async def test_odd_queries_are_refused_on_a_page(centre: Desk, query: str) -> None:
    response = await (await as_role(centre, "ANALYST")).get(f"/figures{query}")
    assert response.status in {400, 422} and response.content_type == "text/html"


async def test_numbers_are_told_by_pages(centre: Desk) -> None:
    person = await as_role(centre, "ANALYST")
    response = await person.get("/figures/calls?start=2025-05-06&end=2025-05-07&page=2")
    page = await response.text()
    assert response.headers[hdrs.CONTENT_TYPE].startswith("text/html")
    assert "共 42 通，第 2 / 1 页" in page and "这一范围没有来电" in page
