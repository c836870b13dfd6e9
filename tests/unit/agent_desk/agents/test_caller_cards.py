"""What is known of a caller is there when the seat rings, or the page reads it itself."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy.exc import OperationalError

from agent_desk.agents import caller_cards
from agent_desk.agents.caller_cards import CallerCards
from runtime.callid import new_call_id
from runtime.events import CallRinging, CallStarted
from tests.unit.agent_desk.agents.test_caller import finished_call
from tests.unit.agent_desk.conftest import Desk
from tests.unit.agent_desk.live.test_hub import link, named, seat_is, until


async def test_the_ring_brings_the_card_that_was_read_meanwhile(desk: Desk) -> None:
    person = await desk.log_in("agent1")
    await finished_call(desk, person, "13912345678")
    socket = await link(person)
    await until(socket, seat_is("yours"))
    call_id, now = new_call_id(), desk.clock.now()
    await desk.bus.publish(
        CallStarted(
            call_id=call_id, caller="13912345678", caller_raw="", callee="12345", channel="PJSIP/trunk-9", at=now
        )
    )
    # Ringing is told in the order of events; the card is there once the database answered.
    card = None
    while card is None:
        await desk.bus.publish(CallRinging(call_id=call_id, agent="8001", at=now))
        card = (await until(socket, named("CallRinging")))[-1]["card"]
    assert (card["display"], card["name"], card["repeat"], len(card["tickets"])) == (
        "139 1234 5678",
        "陈先生",
        1,
        1,
    )


async def test_a_database_that_is_away_costs_the_card_only(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(*_: object) -> object:
        raise OperationalError("select", {}, Exception("gone"))

    monkeypatch.setattr(caller_cards, "read_caller", away)
    cards = CallerCards(desk.sessions, desk.clock)
    with caplog.at_level(logging.WARNING):
        cards.expect("call-1", "13912345678")
        await cards.close()
    assert cards.take("call-1") is None
    assert "OperationalError" in caplog.text
    assert "13912345678" not in caplog.text


async def test_cards_are_forgotten_oldest_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caller_cards, "KEPT", 2)
    cards = CallerCards(desk.sessions, desk.clock)
    for name in ("call-1", "call-2", "call-3"):
        cards.expect(name, "")
        await cards.close()
    assert [name for name in ("call-1", "call-2", "call-3") if cards.take(name)] == ["call-2", "call-3"]


async def test_the_ring_shows_a_protected_matter_to_who_took_it_alone(desk: Desk) -> None:
    """As the page does when it reads the card itself: no title is masked for a moment."""
    took, other = await desk.log_in("agent1"), await desk.log_in("agent2")
    await finished_call(
        desk, took, "13912345678", "举报人甲", appeal_type="REPORT", confidential="REPORTER", title="举报人甲反映"
    )
    sockets = {"8001": await link(took), "8002": await link(other)}
    for socket in sockets.values():
        await until(socket, seat_is("yours"))
    call_id, now = new_call_id(), desk.clock.now()
    await desk.bus.publish(
        CallStarted(
            call_id=call_id, caller="13912345678", caller_raw="", callee="12345", channel="PJSIP/trunk-9", at=now
        )
    )
    seen = {}
    for seat, socket in sockets.items():
        card = None
        while card is None:
            await desk.bus.publish(CallRinging(call_id=call_id, agent=seat, at=now))
            card = (await until(socket, named("CallRinging")))[-1]["card"]
        seen[seat] = (card["tickets"][0]["title"], card["calls"][0]["recorded"], card["name"])
    assert seen == {"8001": ("举报人甲反映", True, ""), "8002": ("保密反映", False, "")}
