from __future__ import annotations

import re

import pytest
from aiohttp import hdrs
from sqlalchemy import select

from db.models import Ticket
from runtime.clock import local
from tests.unit.agent_desk.agents.test_draft_api import FIELDS
from tests.unit.agent_desk.conftest import Desk
from tickets.actor import Actor
from tickets.fields import TicketFields


async def ticket(desk: Desk, unit: str = "urban", **fields: str) -> str:
    made = await desk.tickets.open_ticket(
        Actor(1, "王丽", frozenset({"AGENT"})),
        TicketFields.parse(FIELDS | {"phone": "13912345678"} | fields),
        unit_id=await desk.unit(unit),
    )
    return made.ticket_no


async def state(desk: Desk, number: str) -> str:
    async with desk.sessions() as session:
        found = await session.scalar(select(Ticket.state).where(Ticket.ticket_no == number))
    assert found is not None
    return found


async def test_the_unit_sees_its_tickets_and_no_other_s(desk: Desk) -> None:
    mine, theirs = await ticket(desk, "urban"), await ticket(desk, "labour")
    person = await desk.log_in("urban")
    page = await (await person.get("/unit")).text()
    assert mine in page and theirs not in page
    assert "签收剩 " in page and f'href="/unit/tickets/{mine}"' in page
    assert (await person.get(f"/unit/tickets/{theirs}")).status == 404
    assert (await person.form(f"/unit/tickets/{theirs}/sign")).status == 404
    assert await state(desk, theirs) == "DISPATCHED"


async def test_signing(desk: Desk) -> None:
    number, person = await ticket(desk), await desk.log_in("urban")
    assert "签收" in await (await person.get(f"/unit/tickets/{number}")).text()
    signed = await person.form(f"/unit/tickets/{number}/sign")
    assert signed.headers[hdrs.LOCATION] == f"/unit/tickets/{number}"
    assert await state(desk, number) == "SIGNED"
    again = await person.form(f"/unit/tickets/{number}/sign")
    assert again.status == 422, "said, not crashed"


async def test_a_reply_goes_to_review(desk: Desk) -> None:
    number, person = await ticket(desk), await desk.log_in("urban")
    await person.form(f"/unit/tickets/{number}/sign")
    desk.clock.move(minutes=30)
    contacted = local(desk.clock.now()).strftime("%Y-%m-%dT%H:%M")
    response = await person.form(
        f"/unit/tickets/{number}/reply",
        is_true="yes",
        solved="yes",
        contacted="yes",
        contact_time=contacted,
        result_text="已更换井盖并复查，现场围挡已撤除。",
        public_text="井盖已更换。",
    )
    assert response.status == 303, await response.text()
    assert await state(desk, number) == "REPLIED"
    assert "井盖已更换。" in await (await person.get(f"/unit/tickets/{number}")).text()


async def test_a_faulty_reply_keeps_what_was_typed(desk: Desk) -> None:
    number, person = await ticket(desk), await desk.log_in("urban")
    await person.form(f"/unit/tickets/{number}/sign")
    response = await person.form(
        f"/unit/tickets/{number}/reply", is_true="yes", contact_time="yesterday", result_text="<b>已处理</b>"
    )
    page = await response.text()
    assert response.status == 422
    assert "&lt;b&gt;已处理&lt;/b&gt;" in page and "联系时间" in page
    assert await state(desk, number) == "SIGNED"


async def test_the_first_fault_of_a_reply_has_the_focus_and_each_its_field(desk: Desk) -> None:
    number, person = await ticket(desk), await desk.log_in("urban")
    await person.form(f"/unit/tickets/{number}/sign")
    page = await (await person.form(f"/unit/tickets/{number}/reply", is_true="yes")).text()
    marked = re.findall(r'name="(\w+)"[^>]* aria-invalid="true" aria-describedby="e-(\w+)"( autofocus)?', page)
    assert [(name, fault) for name, fault, _ in marked] == [
        (name, name) for name in ("solved", "contacted", "result_text", "public_text")
    ]
    assert [bool(focus) for *_, focus in marked] == [True, False, False, False]


async def test_a_protected_reporter_stays_hidden(desk: Desk) -> None:
    number = await ticket(desk, appeal_type="REPORT", confidential="REPORTER", appellant_name="陈建国")
    page = await (await (await desk.log_in("urban")).get(f"/unit/tickets/{number}")).text()
    assert "陈建国" not in page and "13912345678" not in page
    assert "按规定隐去" in page


async def test_a_protected_reporter_is_not_in_the_lists_either(desk: Desk) -> None:
    number = await ticket(
        desk, appeal_type="REPORT", confidential="REPORTER", appellant_name="陈建国", title="陈建国反映路灯不亮"
    )
    for login, path in (("urban", "/unit"), ("dispatcher", "/tickets")):
        person = await desk.log_in(login)
        page = await (await person.get(f"{path}?show=all")).text()
        assert number in page and "陈建国" not in page and "保密反映路灯不亮" in page
        for guess in ("陈建国", "陈", "陈建国反映"):
            assert number not in await (await person.get(f"{path}?show=all&q={guess}")).text(), (
                "a guess is confirmed"
            )
        assert number in await (await person.get(f"{path}?show=all&q={number}")).text()
    taker = await desk.log_in("agent1")
    assert "陈建国反映路灯不亮" in await (await taker.get("/tickets?show=all&q=陈建国")).text()


async def test_htmx_gets_the_rows_alone(desk: Desk) -> None:
    number, person = await ticket(desk), await desk.log_in("urban")
    rows = await (await person.get("/unit?show=all&q=井盖", headers={"HX-Request": "true"})).text()
    assert number in rows and "<html" not in rows


@pytest.mark.parametrize(
    "query", ["?page=-1", "?page=x", "?page=99999999999", "?show=no-such", "?more=1", "?page=1&page=2"]
)
async def test_odd_queries_are_refused_on_a_page(desk: Desk, query: str) -> None:
    person = await desk.log_in("urban")
    response = await person.get(f"/unit{query}")
    assert (response.status in {400, 422}, response.content_type) == (True, "text/html")


@pytest.mark.parametrize("query", ["?q=%00", "?q=&show=", "?q=%E2%80%8B", "?page=10000"])
async def test_empty_and_invisible_words_find_everything(desk: Desk, query: str) -> None:
    person = await desk.log_in("urban")
    response = await person.get(f"/unit{query}")
    assert response.status == 200
    assert "\0" not in await response.text(), "PostgreSQL takes none in a text"


async def test_an_agent_sees_the_own_tickets(desk: Desk) -> None:
    number = await ticket(desk)
    person = await desk.log_in("agent1")
    assert person.user_id == 1
    assert number in await (await person.get("/tickets")).text()
    assert "13912345678" in await (await person.get(f"/tickets/{number}")).text()
    other = await desk.log_in("agent2")
    assert number not in await (await other.get("/tickets")).text()
    assert "13912345678" not in await (await other.get(f"/tickets/{number}")).text()


@pytest.mark.parametrize("number", ["1", "x", "251114090000123456"])
async def test_a_ticket_that_is_none(desk: Desk, number: str) -> None:
    person = await desk.log_in("agent1")
    assert (await person.get(f"/tickets/{number}")).status == 404
