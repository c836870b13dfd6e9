"""Agents over time: wrap-up, lost desks, wishes made while busy."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calls.state.agent_states import AgentState, Trigger
from calls.state.changes import Changes
from calls.state.live import LiveAgent
from calls.state.roster import Roster
from runtime.events import AgentStateChanged

START = datetime(2026, 1, 1, tzinfo=UTC)
CALL = "01a20049-a4f5-7069-9c8d-968102d07eca"


class Day:
    """A roster with one agent and a hand on the clock."""

    def __init__(self, wrap_up_s: float = 30.0) -> None:
        self.changes = Changes()
        self.roster = Roster(lambda: self.changes, wrap_up_s=wrap_up_s)
        self.now = START
        self.agent: LiveAgent = self.roster.login("8001", None, ("common",), START)

    def beat(self, *, registered: bool = True, mic_ok: bool = True) -> None:
        self.roster.heartbeat(self.agent, registered, mic_ok, self.now)

    def later(self, seconds: float, *, beating: bool = True) -> list[LiveAgent]:
        self.now += timedelta(seconds=seconds)
        if beating:
            self.beat()
        return self.roster.tick(self.now)

    def take(self, *triggers: Trigger) -> None:
        for trigger in triggers:
            self.roster.apply(self.agent, trigger, self.now, call_id=CALL)

    @property
    def stands(self) -> tuple[str, str]:
        return str(self.agent.state), self.agent.reason


def test_wrap_up_ends_by_itself() -> None:
    day = Day(wrap_up_s=30)
    day.roster.ready(day.agent, day.now)
    day.take(Trigger.RING, Trigger.ANSWER)
    day.roster.call_over(day.agent, day.now)
    day.later(29.5)
    assert day.stands == ("wrap_up", "")
    day.later(0.5)
    assert day.stands == ("ready", "")


def test_wrap_up_ends_early_and_a_wish_made_while_talking_is_kept() -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    day.take(Trigger.RING, Trigger.ANSWER)
    day.roster.not_ready(day.agent, "meal", day.now)
    assert day.stands == ("talking", "")
    day.roster.call_over(day.agent, day.now)
    day.roster.wrap_up_done(day.agent, day.now)
    assert day.stands == ("not_ready", "meal")


def test_logging_out_in_a_talk_waits_for_its_end() -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    day.take(Trigger.ANSWER)
    day.roster.logout(day.agent, day.now)
    assert day.stands == ("talking", "")
    day.roster.call_over(day.agent, day.now)
    day.later(31)
    assert day.stands == ("offline", "")


def test_a_silent_desk_is_lost_after_fifteen_seconds() -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    day.later(15, beating=False)
    assert day.stands == ("ready", "")
    day.later(0.5, beating=False)
    assert day.stands == ("not_ready", "lost")
    day.later(1)
    assert day.stands == ("not_ready", "lost"), "somebody must say that they are there"


def test_a_silent_desk_in_a_talk_is_left_alone_until_its_end() -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    day.take(Trigger.RING, Trigger.ANSWER)
    day.later(60, beating=False)
    assert day.stands == ("talking", "")
    day.roster.call_over(day.agent, day.now)
    day.later(31, beating=False)
    assert day.stands == ("not_ready", "lost")


def test_a_desk_lost_while_ringing_is_reported_so_that_the_ring_moves_on() -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    day.take(Trigger.RING)
    assert day.later(16, beating=False) == [day.agent]
    day.roster.missed(day.agent, day.now)
    assert day.stands == ("not_ready", "lost")


@pytest.mark.parametrize("source", ["desk", "asterisk"])
def test_an_unregistered_softphone_comes_back_by_itself(source: str) -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    day.roster.registration(day.agent, source, False, day.now)
    for _ in range(4):
        day.now += timedelta(seconds=4)
        day.roster.heartbeat(day.agent, source != "desk", True, day.now)
        day.roster.tick(day.now)
    assert day.stands == ("not_ready", "unregistered")
    day.roster.registration(day.agent, source, True, day.now)
    day.later(1)
    assert day.stands == ("ready", "")


def test_no_microphone_no_calls() -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    day.beat(mic_ok=False)
    day.roster.tick(day.now)
    assert day.stands == ("not_ready", "no_mic")


def test_a_ring_that_stops_gives_back_what_was_before() -> None:
    day = Day()
    day.roster.not_ready(day.agent, "meal", day.now)
    day.take(Trigger.RING)
    day.roster.ring_stopped(day.agent, day.now)
    assert day.stands == ("not_ready", "meal")


def test_the_impossible_is_logged_with_both_sides_and_repaired(caplog: pytest.LogCaptureFixture) -> None:
    day = Day()
    day.roster.logout(day.agent, day.now)
    day.take(Trigger.ANSWER)
    assert day.stands == ("talking", "")
    assert "cannot answer: agent is offline, expected ringing, talking" in caplog.text


def test_every_change_is_told_once() -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    day.roster.ready(day.agent, day.now)
    told = [e.state for e in day.changes.events if isinstance(e, AgentStateChanged)]
    assert told == ["not_ready", "ready"]
    assert day.agent.state is AgentState.READY


@pytest.mark.parametrize("reason", ["", "meal"])
def test_whoever_closed_the_page_is_signed_out_after_ten_minutes(reason: str) -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    if reason:
        day.roster.not_ready(day.agent, reason, day.now)
    day.later(16, beating=False)
    assert day.stands == ("not_ready", reason or "lost")
    day.later(583, beating=False)
    assert day.stands == ("not_ready", reason or "lost")
    day.later(1, beating=False)
    assert day.stands == ("offline", "lost")


def test_nobody_is_signed_out_in_a_talk_or_while_the_page_beats() -> None:
    day = Day()
    day.roster.not_ready(day.agent, "training", day.now)
    for _ in range(400):
        day.later(5)
    assert day.stands == ("not_ready", "training")
    day.roster.ready(day.agent, day.now)
    day.take(Trigger.RING, Trigger.ANSWER)
    day.later(3600, beating=False)
    assert day.stands == ("talking", "")


def test_an_open_page_signs_in_again_when_its_line_is_back() -> None:
    day = Day()
    day.roster.ready(day.agent, day.now)
    for _ in range(130):
        day.now += timedelta(seconds=5)
        day.beat(registered=False)
        day.roster.tick(day.now)
    assert day.stands == ("offline", "unregistered")
    day.later(5)
    assert day.stands == ("not_ready", "login")


def test_a_page_that_signed_out_stays_so_although_it_beats() -> None:
    day = Day()
    day.roster.logout(day.agent, day.now)
    day.later(5)
    assert day.stands == ("offline", "")


@pytest.mark.parametrize("reason", ["lost", "unregistered", "no_mic"])
def test_after_our_restart_nobody_is_ready_who_was_not_there_before(reason: str) -> None:
    day = Day()
    day.agent.state, day.agent.reason = AgentState.NOT_READY, reason
    day.roster.remember(day.agent, day.now)
    day.later(0.5, beating=False)
    assert day.stands == ("not_ready", reason)
    day.later(600, beating=False)
    assert day.stands == ("offline", "lost")


def test_a_change_tells_when_it_was_and_who_sits_there() -> None:
    day = Day()
    day.beat()
    day.roster.not_ready(day.agent, "break", day.now)
    begun = day.agent.since
    day.later(60)
    day.roster.not_ready(day.agent, "meal", day.now)
    told = [event for event in day.changes.events if isinstance(event, AgentStateChanged)][-1]
    # Only the reason is another: the state is as old as before.
    assert (told.since, told.at, told.queues) == (begun, day.now, ("common",))
    day.roster.login("8001", 7, ("common", "foreign"), day.now)
    told = [event for event in day.changes.events if isinstance(event, AgentStateChanged)][-1]
    assert (told.user_id, told.queues, told.state) == (7, ("common", "foreign"), "not_ready")
    count = len(day.changes.events)
    day.roster.login("8001", 7, ("common", "foreign"), day.now)
    assert len(day.changes.events) == count
