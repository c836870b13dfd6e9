from __future__ import annotations

import pytest

from tests.unit.tickets.conftest import CALL, CALLER, Centre, lamp_fields, with_roles
from tests.unit.tickets.test_desk import result
from tickets.actor import Actor
from tickets.clocks.rules import Lamp
from tickets.errors import NotAllowed, NotFound
from tickets.reading.view import TicketView, ticket_view


async def view(centre: Centre, actor: Actor, ticket_id: int) -> TicketView:
    async with centre.sessions() as session:
        return await ticket_view(session, actor, ticket_id, now=centre.clock.now())


async def test_the_taker_and_the_unit_see_whose_matter_it_is(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    mine = await view(centre, centre.agent, ticket.id)
    theirs = await view(centre, centre.liaison, ticket.id)
    assert (mine.fields["appellant_name"], mine.call_id, mine.may_hear) == ("陈建华", CALL, True)
    assert (theirs.fields["phone"], theirs.call_id, theirs.may_hear) == (CALLER, None, False)
    assert theirs.labels["category_code"] == "路灯、井盖"
    assert theirs.labels["region_code"] == "崇阳县天城镇白泉村"
    assert theirs.state_label == "待签收"
    assert theirs.actions == ["sign", "ask_return"]
    assert mine.actions == ["withdraw"]


async def test_another_agent_finds_the_ticket_but_not_the_person(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL)
    seen = await view(centre, centre.other_agent, ticket.id)
    assert seen.masked
    assert (seen.fields["appellant_name"], seen.fields["phone"]) == ("陈**", "135****7903")
    assert seen.call_id is None
    assert seen.fields["content"] == ticket.content


async def test_a_reporter_is_hidden_from_the_unit_everywhere(centre: Centre) -> None:
    fields = lamp_fields(
        appeal_type="REPORT",
        content="陈建华来电13586427903称路灯工程偷工减料，村民陈建华可作证。",
        title="陈建华举报偷工减料",
        demand="请回复陈建华",
        is_enterprise=True,
        company="建华照明店",
        gender="MALE",
    )
    ticket = await centre.desk.open_ticket(centre.agent, fields, CALL, centre.urban)
    await centre.desk.sign(centre.liaison, ticket.id)
    await centre.desk.reply(
        centre.liaison, ticket.id, result(centre, result_text="已向陈建华13586427903核实并整改。")
    )
    for actor in (
        centre.liaison,
        with_roles(centre.liaison, "UNIT_HEAD"),
        centre.reviewer,
        centre.dispatcher,
        centre.other_agent,
        with_roles(centre.reviewer, "ADMIN"),
        with_roles(centre.reviewer, "QA"),
        with_roles(centre.reviewer, "SHIFT_LEAD"),
    ):
        seen = await view(centre, actor, ticket.id)
        everything = f"{seen}"
        assert seen.masked
        for secret in ("陈建华", "建华照明店", CALLER, CALL, "MALE"):
            assert secret not in everything, (actor.roles, secret)
        assert not seen.may_hear
    assert (await view(centre, centre.agent, ticket.id)).fields["appellant_name"] == "陈建华"


async def test_hidden_from_the_unit_only(centre: Centre) -> None:
    fields = lamp_fields(confidential="HIDE_FROM_UNIT")
    ticket = await centre.desk.open_ticket(centre.agent, fields, CALL, centre.urban)
    assert (await view(centre, centre.liaison, ticket.id)).fields["phone"] == "保密"
    assert (await view(centre, centre.reviewer, ticket.id)).fields["phone"] == CALLER


async def test_other_units_see_nothing(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    with pytest.raises(NotAllowed, match="不属于您的单位"):
        await view(centre, centre.other_liaison, ticket.id)
    with pytest.raises(NotFound):
        await view(centre, centre.agent, 4711)


async def test_the_view_tells_lamps_and_steps(centre: Centre) -> None:
    ticket = await centre.desk.open_ticket(centre.agent, lamp_fields(), CALL, centre.urban)
    centre.clock.move(hours=2, seconds=1)
    seen = await view(centre, centre.liaison, ticket.id)
    assert seen.lamp is Lamp.RED
    assert {c.label: c.lamp for c in seen.clocks}["签收"] is Lamp.RED
    assert [(s.label, s.to_label) for s in seen.steps] == [
        ("建立草稿", "草稿"),
        ("提交", "待分流"),
        ("派单", "待签收"),
    ]
