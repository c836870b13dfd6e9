from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import true

from agent_desk.ticket_lists import PAGE, list_tickets, time_left
from tickets.actor import Actor
from tickets.fields import TicketFields

from .conftest import Desk
from .test_draft_api import FIELDS


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=12, hours=5), "剩 12 天"),
        (timedelta(days=3, hours=4, minutes=9), "剩 3 天 4 小时"),
        (timedelta(days=2), "剩 2 天"),
        (timedelta(hours=7, minutes=50), "剩 7 小时"),
        (timedelta(hours=1, minutes=35), "剩 1 小时 35 分"),
        (timedelta(minutes=25, seconds=40), "剩 25 分钟"),
        (timedelta(seconds=5), "剩 0 分钟"),
        (timedelta(minutes=-95), "超期 1 小时 35 分"),
        (timedelta(days=-2), "超期 2 天"),
    ],
)
def test_time_left_in_words(left: timedelta, words: str) -> None:
    assert time_left(left) == words


async def make(desk: Desk, *titles: str) -> None:
    unit_id = await desk.unit("urban")
    actor = Actor(1, "王丽", frozenset({"AGENT"}))
    for title in titles:
        fields = TicketFields.parse(FIELDS | {"title": title, "phone": "13912345678"})
        await desk.tickets.open_ticket(actor, fields, unit_id=unit_id)
        desk.clock.move(minutes=1)


async def titles(desk: Desk, **how: object) -> tuple[list[str], int]:
    async with desk.sessions() as session:
        rows, total = await list_tickets(session, true(), now=desk.clock.now(), **how)  # type: ignore[arg-type]
    return [row.title for row in rows], total


async def test_the_nearest_due_comes_first_with_its_lamp(desk: Desk) -> None:
    await make(desk, "早的", "晚的")
    desk.clock.move(minutes=100)
    async with desk.sessions() as session:
        rows, _ = await list_tickets(session, true(), now=desk.clock.now())
    assert [row.title for row in rows] == ["早的", "晚的"]
    assert rows[0].clock == "签收" and rows[0].lamp is not None and rows[0].lamp.value == "YELLOW"
    assert rows[0].left(desk.clock.now()).startswith("签收剩 ")


async def test_search_takes_signs_as_they_are(desk: Desk) -> None:
    await make(desk, "占道100%", "占道1000", "路灯_不亮")
    assert await titles(desk, text="100%") == (["占道100%"], 1)
    assert await titles(desk, text="灯_不") == (["路灯_不亮"], 1)
    assert (await titles(desk, text="路灯、井盖"))[1] == 3, "categories are searched too"
    assert await titles(desk, text="' OR 1=1 --") == ([], 0)


async def test_pages(desk: Desk) -> None:
    await make(desk, *(f"第{number}件" for number in range(PAGE + 3)))
    first, total = await titles(desk)
    second, _ = await titles(desk, page=2)
    assert (len(first), len(second), total) == (PAGE, 3, PAGE + 3)
    assert not set(first) & set(second)


async def test_states_filter(desk: Desk) -> None:
    await make(desk, "一件")
    assert (await titles(desk, states=("DISPATCHED",)))[1] == 1
    assert (await titles(desk, states=("CLOSED",)))[1] == 0
