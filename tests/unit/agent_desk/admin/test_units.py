from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from db.models import Ticket, Unit
from runtime.events import Event, TicketChanged
from tests.unit.agent_desk.conftest import Desk, Person
from tests.unit.agent_desk.units.test_unit_pages import ticket


async def of(desk: Desk, code: str) -> Unit:
    async with desk.sessions() as session:
        return (await session.scalars(select(Unit).where(Unit.code == code))).one()


async def made(admin: Person, desk: Desk, code: str, name: str, parent: str = "") -> Unit:
    response = await admin.form("/admin/units/new", code=code, name=name, short_name=name, parent_id=parent)
    assert response.status == 303, await response.text()
    return await of(desk, code)


@pytest.mark.parametrize("login", ["agent1", "lead", "urban", "dispatcher"])
async def test_it_is_for_administrators_alone(desk: Desk, login: str) -> None:
    person = await desk.log_in(login)
    for path in ("/admin/units", "/admin/units/new", "/admin/units/1"):
        assert (await person.get(path)).status == 403
    for act in ("", "/move", "/close", "/reopen"):
        assert (await person.form(f"/admin/units/1{act}", version="1")).status == 403


async def test_the_tree_shows_levels_telephone_and_duty_hours(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    urban = await of(desk, "urban")
    below = await made(admin, desk, "urban_east", "城东中队", str(urban.id))
    changed = {"name": "城东执法中队", "short_name": "城东中队", "phone": "07153330199", "kind": "DEPARTMENT"}
    response = await admin.form(f"/admin/units/{below.id}", version="1", duty_hours="每日 8:00-20:00", **changed)
    assert response.status == 303
    page = await (await admin.get("/admin/units")).text()
    assert re.search(r'class="level-2"><a [^>]+>城东执法中队</a>', page)
    assert "07153330199" in page and "每日 8:00-20:00" in page
    history = await (await admin.get(f"/admin/units/{below.id}")).text()
    assert "名称：城东中队 → 城东执法中队" in history and "系统管理员" in history


async def test_the_second_administrator_sees_what_the_first_changed(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    urban = await of(desk, "urban")
    form = {"name": urban.name, "short_name": urban.short_name, "kind": urban.kind, "version": "1"}
    assert (await admin.form(f"/admin/units/{urban.id}", **form | {"duty_hours": "全天"})).status == 303
    response = await admin.form(f"/admin/units/{urban.id}", **form | {"duty_hours": "半天"})
    page = await response.text()
    assert response.status == 409 and "刚刚被其他管理员修改过" in page and "值班时间：无 → 全天" in page
    assert (await of(desk, "urban")).duty_hours == "全天"


async def test_closing_needs_a_successor_and_tells_pages_of_its_tickets(desk: Desk) -> None:
    admin, liaison = await desk.log_in("admin"), await desk.log_in("urban")
    number = await ticket(desk)
    urban = await of(desk, "urban")
    response = await admin.form(f"/admin/units/{urban.id}/close", version="1")
    page = await response.text()
    assert response.status == 422 and "1 件未办结工单、2 个账号，请选择接续单位" in page
    heir = await made(admin, desk, "law", "县执法局")
    heard: list[Event] = []

    async def hear(event: Event) -> None:
        heard.append(event)

    desk.bus.subscribe(hear, TicketChanged)
    closing = {"version": "1", "successor_id": str(heir.id)}
    assert (await admin.form(f"/admin/units/{urban.id}/close", **closing)).status == 303
    async with desk.sessions() as session:
        assert await session.scalar(select(Ticket.unit_id).where(Ticket.ticket_no == number)) == heir.id
    assert [event.unit_id for event in heard if isinstance(event, TicketChanged)] == [heir.id]
    assert (await liaison.get("/unit")).headers["Location"].startswith("/login"), "its lists were the old unit's"
    again = await desk.log_in("urban")
    assert number in await (await again.get("/unit")).text()
    assert "承办单位撤并移交" in await (await again.get(f"/unit/tickets/{number}")).text()
    assert "由县执法局接续" in await (await admin.get("/admin/units")).text()


async def test_odd_requests_are_refused(desk: Desk) -> None:
    admin = await desk.log_in("admin")
    assert (await admin.get("/admin/units/999999")).status == 404
    assert (await admin.form("/admin/units/999999/close", version="1")).status == 404
    urban = await of(desk, "urban")
    assert (await admin.form(f"/admin/units/{urban.id}/move", version="1", parent_id="x")).status == 422
    assert (await admin.form(f"/admin/units/{urban.id}/move", version="1", parent_id=str(urban.id))).status == 422
    assert (await admin.form(f"/admin/units/{urban.id}", version="x", name="a")).status == 400
    bad = await admin.form("/admin/units/new", code="a b", name="水务局", short_name="水务局")
    assert bad.status == 422 and 'value="水务局"' in await bad.text()
