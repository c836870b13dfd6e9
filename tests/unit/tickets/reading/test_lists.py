from __future__ import annotations

from typing import Any

from sqlalchemy import true

from db.models import Ticket
from tests.unit.tickets.conftest import Centre, lamp_fields
from tickets.clocks.rules import Lamp
from tickets.reading.lists import PAGE, counts, list_tickets


async def make(centre: Centre, *titles: str) -> list[int]:
    """Tickets with the city management, a minute apart."""
    made = []
    for title in titles:
        fields = lamp_fields(title=title)
        made.append((await centre.desk.open_ticket(centre.agent, fields, None, centre.urban)).id)
        centre.clock.move(minutes=1)
    return made


async def titles(centre: Centre, **how: Any) -> tuple[list[str], int]:
    async with centre.sessions() as session:
        rows, total = await list_tickets(session, how.pop("scope", true()), now=centre.clock.now(), **how)
    return [row.title for row in rows], total


async def test_the_nearest_due_comes_first_with_its_lamp(centre: Centre) -> None:
    await make(centre, "早的", "晚的")
    centre.clock.move(minutes=100)
    async with centre.sessions() as session:
        rows, _ = await list_tickets(session, true(), now=centre.clock.now())
    assert [row.title for row in rows] == ["早的", "晚的"]
    assert (rows[0].clock, rows[0].lamp, rows[0].unit) == ("签收", Lamp.YELLOW, "城管局")


async def test_search_takes_signs_as_they_are(centre: Centre) -> None:
    await make(centre, "占道100%", "占道1000", "路灯_不亮")
    assert await titles(centre, text="100%") == (["占道100%"], 1)
    assert await titles(centre, text="灯_不") == (["路灯_不亮"], 1)
    assert (await titles(centre, text="路灯、井盖"))[1] == 3, "categories are searched too"
    assert await titles(centre, text="' OR 1=1 --") == ([], 0)


async def test_a_number_is_found_in_full_width_and_with_blanks(centre: Centre) -> None:
    (ticket_id,) = await make(centre, "路灯不亮")
    async with centre.sessions() as session:
        number = (await session.get_one(Ticket, ticket_id)).ticket_no
    wide = "".join(chr(ord(char) + 0xFEE0) for char in number)
    for typed in (number, wide, f" {number[:6]} {number[6:]}　"):
        assert await titles(centre, text=typed) == (["路灯不亮"], 1)


async def test_capitals_do_not_matter(centre: Centre) -> None:
    await make(centre, "KTV噪声扰民", "路灯不亮")
    assert await titles(centre, text="ktv") == (["KTV噪声扰民"], 1)


async def test_pages(centre: Centre) -> None:
    await make(centre, *(f"第{number}件" for number in range(PAGE + 3)))
    first, total = await titles(centre)
    second, _ = await titles(centre, page=2)
    assert (len(first), len(second), total) == (PAGE, 3, PAGE + 3)
    assert not set(first) & set(second)


async def test_states_filter_and_are_counted(centre: Centre) -> None:
    first, _ = await make(centre, "签收的", "等待的")
    await centre.desk.sign(centre.liaison, first)
    assert await titles(centre, states=("DISPATCHED",)) == (["等待的"], 1)
    assert await titles(centre, states=("SIGNED",)) == (["签收的"], 1)
    assert await titles(centre, states=("CLOSED",)) == ([], 0)
    async with centre.sessions() as session:
        assert await counts(session, true()) == {"DISPATCHED": 1, "SIGNED": 1}


async def test_a_unit_has_its_own_tickets_only(centre: Centre) -> None:
    await make(centre, "城管的")
    await centre.desk.open_ticket(centre.agent, lamp_fields(title="人社的"), None, centre.labour)
    assert await titles(centre, scope=Ticket.unit_id == centre.urban) == (["城管的"], 1)
    async with centre.sessions() as session:
        assert await counts(session, Ticket.unit_id == centre.labour) == {"DISPATCHED": 1}
