"""A call-back is tied to what it answers: one matter keeps its one ticket unless the agent wants another."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from calls.callbacks import tasks as callbacks
from db.models import AgentSession, Call, Ticket, TicketDraft, Voicemail
from runtime.callid import new_call_id
from tests.unit.agent_desk.agents.test_messages import PHONE, left
from tests.unit.agent_desk.conftest import LAMP, Desk, Person


async def call_back(desk: Desk, person: Person, seat: str = "8001") -> str:
    """The agent takes the first task and is talking with the citizen; the id of that call."""
    (row, *_) = (await person.json("/api/desk/todo"))["callbacks"]
    assert (await person.post(f"/api/desk/callbacks/{row['id']}/call")).status == 200
    desk.clock.move(seconds=2)
    now, call_id = desk.clock.now(), new_call_id()
    async with desk.sessions.begin() as session:
        session.add(
            Call(
                id=call_id,
                direction="out",
                caller=PHONE,
                state="talking",
                agent=seat,
                agent_user_id=person.user_id,
                started_at=now,
                answered_at=now,
            )
        )
        await session.flush()
        seated = await session.get(AgentSession, seat)
        if seated is None:
            seated = AgentSession(agent=seat)
            session.add(seated)
        seated.user_id, seated.state, seated.call_id, seated.since = person.user_id, "talking", call_id, now
    return call_id


async def shown(person: Person, call_id: str) -> Any:
    return (await person.json(f"/api/desk/state?call={call_id}"))["call"]["call_back"]


async def submit(person: Person, call_id: str, kind: str = "register", **more: Any) -> tuple[int, dict[str, Any]]:
    response = await person.post(f"/api/desk/submit/{call_id}", {"kind": kind, "fields": LAMP, **more})
    return response.status, await response.json()


async def all_tickets(desk: Desk) -> list[Ticket]:
    async with desk.sessions() as session:
        return list(await session.scalars(select(Ticket).order_by(Ticket.id)))


async def test_the_call_shows_the_ticket_and_the_message_it_answers(desk: Desk) -> None:
    person, message = await desk.log_in("agent1"), await left(desk, "ticketed", text="我们村的路灯坏了")
    async with desk.sessions.begin() as session:
        heard = {"value": "路灯坏了", "label": "路灯坏了", "confidence": 0.8, "utterance_id": "u", "quote": "路灯"}
        session.add(
            TicketDraft(
                call_id=message.call_id,
                fields={},
                touched=[],
                suggestions={"title": [heard | {"start": 0, "end": 2}]},
                updated_at=desk.clock.now(),
            )
        )
    back = await shown(person, await call_back(desk, person))
    (ticket,) = back["tickets"]
    (made,) = await all_tickets(desk)
    assert (ticket["no"], ticket["state_label"], back["completes"]) == (
        made.ticket_no,
        "已登记，待核对",
        made.ticket_no,
    )
    assert (back["kind_label"], back["messages"][0]["text"]) == ("留言", "我们村的路灯坏了")
    assert back["messages"][0]["playable"] is True
    assert back["suggestions"]["title"][0]["value"] == "路灯坏了"


async def test_submitting_completes_that_ticket(desk: Desk) -> None:
    person, message = await desk.log_in("agent1"), await left(desk, "ticketed", text="我们村的路灯坏了")
    call_id, unit = await call_back(desk, person), await desk.unit("urban")
    status, answer = await submit(person, call_id, "dispatch", fields=LAMP | {"unit_id": unit})
    assert status == 200, answer
    (ticket,) = await all_tickets(desk)
    assert (ticket.state, ticket.created_by, answer["ticket"]["no"]) == (
        "DISPATCHED",
        person.user_id,
        ticket.ticket_no,
    )
    assert (await submit(person, call_id, "dispatch", fields=LAMP | {"unit_id": unit}))[0] == 200
    assert len(await all_tickets(desk)) == 1
    async with desk.sessions() as session:
        assert (await session.get_one(Voicemail, message.id)).state == "checked"


async def test_answering_and_declining_complete_it_too(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await left(desk, "ticketed", text="我们村的路灯坏了")
    status, answer = await submit(
        person,
        await call_back(desk, person),
        "answer",
        fields=LAMP | {"answer_text": "已经告诉市民今晚有人来修。", "appeal_type": "CONSULT"},
    )
    assert status == 200, answer
    assert [ticket.state for ticket in await all_tickets(desk)] == ["CLOSED"]


async def test_one_more_must_be_wanted(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await left(desk, "ticketed", text="我们村的路灯坏了")
    call_id = await call_back(desk, person)
    assert (await submit(person, call_id, new_ticket=True))[0] == 200
    first, second = await all_tickets(desk)
    assert (first.created_by, second.created_by, second.call_id) == (None, person.user_id, call_id)


async def test_a_ticket_that_is_already_on_its_way_is_not_doubled_by_mistake(desk: Desk) -> None:
    person, message = await desk.log_in("agent1"), await left(desk, "checked", text="我们村的路灯坏了")
    async with desk.sessions.begin() as session:
        ticket = await session.get_one(Ticket, message.ticket_id)
        ticket.state, ticket.created_by = "DISPATCHED", person.user_id
    call_id = await call_back(desk, person)
    back = await shown(person, call_id)
    assert (back["completes"], back["tickets"][0]["state_label"]) == ("", "待签收")
    status, answer = await submit(person, call_id)
    assert status == 409 and back["tickets"][0]["no"] in answer["detail"]
    assert len(await all_tickets(desk)) == 1
    assert (await submit(person, call_id, new_ticket=True))[0] == 200
    assert len(await all_tickets(desk)) == 2


async def test_a_call_back_without_a_ticket_makes_its_first(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    async with desk.sessions.begin() as session:
        missed = Call(id=new_call_id(), caller=PHONE, started_at=desk.clock.now(), state="ended")
        session.add(missed)
        await session.flush()
        await callbacks.request(session, desk.clock, call_id=missed.id, phone=PHONE, kind="missed")
    call_id = await call_back(desk, person)
    back = await shown(person, call_id)
    assert (back["kind_label"], back["tickets"], back["messages"]) == ("漏接", [], [])
    assert (await submit(person, call_id))[0] == 200
    (ticket,) = await all_tickets(desk)
    assert ticket.call_id == call_id


async def test_a_call_that_came_in_answers_nothing(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await left(desk, "ticketed", text="我们村的路灯坏了")
    feed = await desk.feed()
    await feed.ring(caller=PHONE)
    await feed.answer()
    assert await shown(person, feed.call_id) is None
    assert (await submit(person, feed.call_id))[0] == 200
    assert len(await all_tickets(desk)) == 2


async def test_what_an_earlier_agent_was_done_with_is_another_matter(desk: Desk) -> None:
    await left(desk, "checked", text="早上的事，已经办了", task=False)
    desk.clock.move(hours=3)
    person = await desk.log_in("agent1")
    await left(desk, "ticketed", text="下午的另一件事")
    back = await shown(person, await call_back(desk, person))
    assert [message["text"] for message in back["messages"]] == ["下午的另一件事"]
    assert len(back["tickets"]) == 1


async def test_the_ticket_s_page_has_the_talk_of_the_call_back(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await left(desk, "ticketed", text="我们村的路灯坏了")
    call_id = await call_back(desk, person)
    assert (await submit(person, call_id))[0] == 200
    (ticket,) = await all_tickets(desk)
    page = f"/tickets/{ticket.ticket_no}"
    assert f"/recordings/{call_id}" not in await (await person.get(page)).text(), "there is none yet"
    feed = await desk.feed()
    feed.call_id, feed.origin = call_id, desk.clock.now()
    await feed.record(desk.settings.recordings_dir, 1.0)
    assert f"/recordings/{call_id}" in await (await person.get(page)).text()
    assert (await person.get(f"/recordings/{call_id}")).status == 200
