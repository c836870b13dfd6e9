"""An alert that an agent has answered."""

from __future__ import annotations

from sqlalchemy import select

from db.models import Call, CallEvent
from tests.unit.agent_desk.conftest import Desk, Person
from tickets.emergency.answers import ANSWERED
from tickets.emergency.spotter import Spotter


async def alerted(desk: Desk) -> tuple[Person, str]:
    """An agent whose caller said that it burns."""
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    spotter = Spotter(desk.bus, desk.clock, desk.sessions)
    await spotter.start()
    await feed.say("citizen", "我们家着火了")
    await desk.bus.settle()
    await spotter.close()
    return person, feed.call_id


async def test_it_is_kept_with_who_said_so_and_stays_answered(desk: Desk) -> None:
    person, call_id = await alerted(desk)
    told = {"codes": ["E119-01", "E119-01", "E120-09"]}
    assert (await person.post(f"/api/desk/alerts/{call_id}", told)).status == 200
    assert (await person.post(f"/api/desk/alerts/{call_id}", told)).status == 200  # pressed twice
    async with desk.sessions() as session:
        rows = list(await session.scalars(select(CallEvent.detail).where(CallEvent.kind == ANSWERED)))
        call = await session.get(Call, call_id)
    assert rows == [{"codes": ["E119-01"], "answer": "not_emergency", "by": "agent1"}]
    assert call is not None and not call.emergency
    assert [e["answered"] for e in (await person.json("/api/desk/state"))["emergencies"]] == [True]


async def test_only_the_own_call_s_and_only_codes(desk: Desk) -> None:
    person, call_id = await alerted(desk)
    other = await desk.log_in("agent2")
    assert (await other.post(f"/api/desk/alerts/{call_id}", {"codes": ["E119-01"]})).status == 404
    for codes in ("E119-01", [1], ["x" * 17], ["E119-01"] * 21, None):
        assert (await person.post(f"/api/desk/alerts/{call_id}", {"codes": codes})).status in {400, 422}
