from __future__ import annotations

from typing import Any

from tests.unit.tickets.conftest import CALL, CALLER, Centre, lamp_fields
from tickets.life.repeats import Repeat, RepeatKind, find_repeats


async def find(centre: Centre, **values: Any) -> list[Repeat]:
    async with centre.sessions() as session:
        return await find_repeats(session, centre.clock.now(), **values)


async def test_the_same_caller_with_an_open_ticket(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    (repeat,) = await find(centre, phone=CALLER, text="白泉村的路灯还是不亮")
    assert (repeat.ticket_id, repeat.kind) == (ticket.id, RepeatKind.SAME_CALLER_OPEN)
    assert 0.2 < repeat.similarity <= 1


async def test_neighbours_with_the_same_matter_at_the_same_place(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    here: dict[str, Any] = {"phone": "13900000000", "category_code": "1106", "region_code": "421223100200"}
    (repeat,) = await find(centre, **here)
    assert (repeat.ticket_id, repeat.kind) == (ticket.id, RepeatKind.MANY_CALLERS_ONE_EVENT)
    assert await find(centre, **(here | {"category_code": "1102"})) == []
    assert await find(centre, **(here | {"region_code": "421223100201"})) == []


async def test_closed_matters_of_the_caller_count_only_in_the_same_class(centre: Centre) -> None:
    await centre.desk.answer_on_line(centre.agent, lamp_fields(appeal_type="CONSULT"), CALL, "lamp")
    (repeat,) = await find(centre, phone=CALLER, category_code="1106")
    assert repeat.kind is RepeatKind.SAME_CALLER_CLOSED
    assert await find(centre, phone=CALLER, category_code="1102") == []
    assert await find(centre, phone="13900000000", category_code="1106", region_code="421223100200") == []


async def test_after_ninety_days_it_is_a_new_matter(centre: Centre) -> None:
    await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    centre.clock.move(days=90, seconds=1)
    assert await find(centre, phone=CALLER) == []


async def test_nothing_known_finds_nothing(centre: Centre) -> None:
    await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    assert await find(centre) == []
    assert await find(centre, category_code="1106") == []
