from __future__ import annotations

from agent_desk.agents.caller_cards import CallerCards
from agent_desk.live.hub import HUB
from agent_desk.live.live_calls import LiveCalls
from tests.unit.agent_desk.conftest import Desk
from tickets.emergency.spotter import Spotter


async def test_an_idle_agent_has_no_call(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    state = await person.json("/api/desk/state")
    assert (state["call"], state["draft"], state["agent"]["state"]) == (None, None, "offline")


async def test_a_ringing_call_is_shown_before_it_is_answered(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring("13912345678")
    state = await person.json("/api/desk/state")
    assert state["call"]["id"] == feed.call_id
    assert state["caller"]["display"] == "139 1234 5678"
    assert state["call"]["answered_at"] is None


async def test_a_reload_in_mid_call_loses_nothing(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    said = await feed.say("citizen", "白霓镇文化路井盖坏了")
    await feed.suggest("place_text", "文化路", "文化路", 0.9, said, "文化路", "白霓镇文化路井盖坏了")
    await feed.alarm("E110-04", "110", ("坏了",), said)
    await feed.offer(said, "井盖")
    await feed.partial("agent", "好的，请")
    await feed.delay(3.0)
    await person.post(f"/api/desk/draft/{feed.call_id}", {"changes": {"title": "井盖损坏"}})
    await desk.bus.settle()
    state = await person.json("/api/desk/state")
    assert state["call"]["state"] == "talking" and state["call"]["mine"]
    assert [u["text"] for u in state["utterances"]] == ["白霓镇文化路井盖坏了"]
    assert state["partials"]["agent"]["text"] == "好的，请"
    assert state["draft"]["fields"] == {"title": "井盖损坏"}
    assert state["draft"]["suggestions"]["place_text"][0]["quote"] == "文化路"
    assert state["emergencies"][0]["words"] == ["坏了"]
    assert state["answers"]["query"] == "井盖"
    assert state["delay_s"] == 3.0


async def test_suggestions_are_never_taken_for_what_was_typed(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    said = await feed.say("citizen", "井盖坏了")
    await feed.suggest("title", "井盖损坏", "井盖损坏", 0.99, said, "井盖坏了", "井盖坏了")
    assert (await person.json("/api/desk/state"))["draft"]["fields"] == {}


async def test_the_neighbour_s_page_shows_nothing_of_it(desk: Desk) -> None:
    other = await desk.log_in("agent2")
    feed = await desk.feed("8001")
    await feed.ring()
    await feed.answer()
    await feed.say("citizen", "保密")
    state = await other.json("/api/desk/state")
    assert state["call"] is None and state["utterances"] == []
    assert (await other.get(f"/api/desk/state?call={feed.call_id}")).status == 404


async def test_after_the_call_it_stays_while_it_is_written_up(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    await feed.end(desk.settings.recordings_dir)
    state = await person.json("/api/desk/state")
    assert state["call"]["state"] == "ended" and state["recording"] == {"seconds": 30.0}
    await desk.control.do("wrap_up_done", actor="8001")
    assert (await person.json("/api/desk/state"))["call"] is None


async def test_an_unfinished_ticket_can_be_taken_up_later(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    await person.post(f"/api/desk/draft/{feed.call_id}", {"changes": {"title": "没写完"}})
    await feed.end()
    await desk.control.do("wrap_up_done", actor="8001")
    todo = await person.json("/api/desk/todo")
    assert [d["title"] for d in todo["drafts"]] == ["没写完"]
    state = await person.json(f"/api/desk/state?call={feed.call_id}")
    assert state["draft"]["fields"] == {"title": "没写完"}
    next_call = await desk.feed()
    await next_call.ring()
    live = await person.json(f"/api/desk/state?call={feed.call_id}")
    assert live["call"]["id"] == next_call.call_id, "a live call goes before an old draft"


async def test_alerts_of_a_running_call_survive_a_restart_of_the_desk(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    spotter = Spotter(desk.bus, desk.clock, desk.sessions)
    await spotter.start()
    await feed.say("citizen", "我们家着火了")
    await desk.bus.settle()
    await spotter.close()
    before = (await person.json("/api/desk/state"))["emergencies"]
    assert [alert["code"] for alert in before] == ["E119-01"], "told and written, shown once"
    desk.server.app[HUB].calls = LiveCalls()  # what a desk that was just started knows
    assert (await person.json("/api/desk/state"))["emergencies"] == before


async def test_a_desk_started_in_mid_call_knows_whose_it_is(desk: Desk) -> None:
    feed = await desk.feed()
    await feed.ring()
    await feed.answer()
    hub = type(desk.server.app[HUB])(
        desk.bus, desk.sessions, desk.clock, desk.control, CallerCards(desk.sessions, desk.clock)
    )
    await hub.start()
    try:
        assert hub.calls.seats(feed.call_id) == {"8001"}
    finally:
        await hub.close()
