"""Messages on the desk: listed, played, checked by any agent, and marked as heard."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from agent_desk.agents.hearing import HEARD_FOR
from calls.callbacks import tasks as callbacks
from db.models import AuditEvent, Call, Ticket, Voicemail
from runtime.callid import new_call_id
from sound import wav
from tests.unit.agent_desk.conftest import LAMP, Desk, Person

PHONE = "13912345678"


async def left(
    desk: Desk, state: str = "new", *, phone: str = PHONE, text: str = "", task: bool = True
) -> Voicemail:
    """A message, with its ticket when its state says so and a task to call back when the number is known."""
    now, call_id = desk.clock.now(), new_call_id()
    wav.write(desk.settings.recordings_dir / f"voicemail/{call_id}.wav", np.zeros(8000))
    async with desk.sessions.begin() as session:
        session.add(Call(id=call_id, caller=phone, started_at=now, state="ended", outcome="voicemail"))
        await session.flush()
        message = Voicemail(
            call_id=call_id, path=f"voicemail/{call_id}.wav", seconds=1, created_at=now, state=state, text=text
        )
        if state in ("ticketed", "checked"):
            ticket = Ticket(
                ticket_no=f"251114{now:%H%M%S}000001",
                state="REGISTERED",
                channel="VOICEMAIL",
                appeal_type="HELP",
                title="路灯坏了",
                content=text,
                category_code="1106",
                call_id=call_id,
                received_at=now,
            )
            session.add(ticket)
            await session.flush()
            message.ticket_id = ticket.id
        session.add(message)
        if phone and task:
            await callbacks.request(session, desk.clock, call_id=call_id, phone=phone, kind="voicemail")
    return message


async def todo(person: Person) -> dict[str, Any]:
    shown: dict[str, Any] = await person.json("/api/desk/todo")
    return shown


@pytest.mark.parametrize(
    ("state", "note", "check"),
    [
        ("new", "暂无转写", False),
        ("ticketed", "待核对", True),
        ("empty", "未建工单", False),
        ("unreadable", "无法读取", False),
    ],
)
async def test_the_task_shows_its_message_and_what_became_of_it(
    desk: Desk, state: str, note: str, check: bool
) -> None:
    person, message = await desk.log_in("agent1"), await left(desk, state, text="我们村的路灯坏了")
    shown = await todo(person)
    (row,) = shown["callbacks"]
    assert row["kind_label"] == "留言" and shown["messages"] == []
    (heard,) = row["messages"]
    assert (heard["id"], heard["text"], heard["check"]) == (message.id, "我们村的路灯坏了", check)
    assert note in heard["note"]


async def test_all_messages_of_a_number_stand_in_its_one_task(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    first, second = await left(desk), await left(desk)
    (row,) = (await todo(person))["callbacks"]
    assert [message["id"] for message in row["messages"]] == [first.id, second.id]


async def test_without_a_number_or_a_task_it_waits_by_itself(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    nobody, called_back = await left(desk, "empty", phone=""), await left(desk, "ticketed", task=False)
    await left(desk, "empty", phone="13900000000", task=False)
    assert [message["id"] for message in (await todo(person))["messages"]] == [nobody.id, called_back.id]


async def test_an_emergency_stands_on_top(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await left(desk, phone="13900000000")
    desk.clock.move(seconds=60)
    urgent = await left(desk)
    async with desk.sessions.begin() as session:
        (await session.get_one(Call, urgent.call_id)).emergency = True
    rows = (await todo(person))["callbacks"]
    assert [row["emergency"] for row in rows] == [True, False]


async def test_it_is_played_and_that_leaves_a_trace(desk: Desk) -> None:
    person, message = await desk.log_in("agent1"), await left(desk)
    response = await person.get(f"/messages/{message.id}")
    assert (response.status, response.headers["Content-Type"]) == (200, "audio/wav")
    part = await person.get(f"/messages/{message.id}", headers={"Range": "bytes=100-199"})
    assert (part.status, len(await part.read())) == (206, 100)
    async with desk.sessions() as session:
        (row,) = await session.scalars(select(AuditEvent).where(AuditEvent.action == "played"))
    assert (row.object_kind, row.object_id, row.actor_user_id) == ("voicemail", str(message.id), person.user_id)


@pytest.mark.parametrize(("state", "agent"), [("ticketed", 200), ("checked", 403), ("heard", 403)])
async def test_a_day_later_agents_hear_only_what_waits(desk: Desk, state: str, agent: int) -> None:
    message = await left(desk, state)
    desk.clock.move(seconds=HEARD_FOR.total_seconds() + 1)
    person, lead = await desk.log_in("agent1"), await desk.log_in("lead")
    assert (await person.get(f"/messages/{message.id}")).status == agent
    (shown,) = [row for task in (await todo(person))["callbacks"] for row in task["messages"]]
    assert shown["playable"] is (agent == 200), "what would be refused is not offered"
    assert (await lead.get(f"/messages/{message.id}")).status == 200


async def test_units_and_the_public_hear_nothing(desk: Desk) -> None:
    message = await left(desk)
    assert (await (await desk.log_in("urban")).get(f"/messages/{message.id}")).status == 403
    async with desk.sessions.begin() as session:
        (await session.get_one(Voicemail, message.id)).path = "../secrets/ami.hotline"
    assert (await (await desk.log_in("agent1")).get(f"/messages/{message.id}")).status == 404


async def test_what_nobody_can_answer_is_marked_as_heard(desk: Desk) -> None:
    person, message = await desk.log_in("agent1"), await left(desk, "empty", phone="")
    assert (await person.post(f"/api/desk/messages/{message.id}/heard")).status == 200
    assert (await todo(person))["messages"] == []
    with_ticket = await left(desk, "ticketed", phone="")
    assert (await person.post(f"/api/desk/messages/{with_ticket.id}/heard")).status == 409


async def test_any_agent_may_open_and_check_it_until_it_is_checked(desk: Desk) -> None:
    person, other = await desk.log_in("agent1"), await desk.log_in("agent2")
    message = await left(desk, "ticketed", text="我们村的路灯坏了很久没人修")
    page = f"/api/desk/state?call={message.call_id}"
    state = await person.json(page)
    assert state["call"]["id"] == message.call_id and state["draft"]["ticket"] is None
    assert (await other.get(page)).status == 200
    sent = await person.post(f"/api/desk/submit/{message.call_id}", {"kind": "register", "fields": LAMP})
    assert sent.status == 200, await sent.text()
    async with desk.sessions() as session:
        tickets = list(await session.scalars(select(Ticket)))
    assert [(ticket.title, ticket.created_by) for ticket in tickets] == [("反映路灯不亮", person.user_id)]
    assert (await other.get(page)).status == 404
    assert (await todo(person))["callbacks"][0]["messages"][0]["state"] == "checked"


async def test_every_agent_s_list_shows_the_ticket_until_it_is_checked(desk: Desk) -> None:
    message = await left(desk, "ticketed", text="我们村的路灯坏了很久没人修")
    for login in ("agent1", "agent2"):
        person = await desk.log_in(login)
        listed = await (await person.get("/tickets")).text()
        assert "路灯坏了" in listed and "留言待核对" in listed
    async with desk.sessions() as session:
        number = (await session.get_one(Ticket, message.ticket_id)).ticket_no
    shown = await (await person.get(f"/tickets/{number}")).text()
    assert f"/messages/{message.id}" in shown and f"/desk?call={message.call_id}" in shown
    lead = await (await (await desk.log_in("lead")).get("/tickets")).text()
    assert "留言待核对" in lead


async def test_a_protected_message_is_for_those_who_may_hear_it(desk: Desk) -> None:
    message = await left(desk, "ticketed", text="举报人甲说的话")
    agent, other = await desk.log_in("agent1"), await desk.log_in("agent2")

    async def protect(created_by: int | None) -> None:
        async with desk.sessions.begin() as session:
            ticket = await session.get_one(Ticket, message.ticket_id)
            ticket.confidential, ticket.created_by = "REPORTER", created_by

    await protect(None)
    for person in (agent, other):  # every agent's, until one has checked it
        assert (await person.get(f"/messages/{message.id}")).status == 200
        assert "举报人甲" in str(await todo(person))
    await protect(agent.user_id)
    assert (await agent.get(f"/messages/{message.id}")).status == 200
    for person in (other, await desk.log_in("lead")):
        assert (await person.get(f"/messages/{message.id}")).status == 403
        shown = str(await todo(person))
        assert "举报人甲" not in shown and "受保护，仅限受理人" in shown and "'playable': False" in shown
    assert "'playable': True" in str(await todo(agent))


async def test_any_part_of_a_message_leaves_a_trace(desk: Desk) -> None:
    person, message = await desk.log_in("agent1"), await left(desk)
    assert (await person.get(f"/messages/{message.id}", headers={"Range": "bytes=1-"})).status == 206
    async with desk.sessions() as session:
        assert len(list(await session.scalars(select(AuditEvent).where(AuditEvent.action == "played")))) == 1
