"""Events in, picture out: the figures of domain.md 4.1, whatever the clock and the queues' names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from calls.floor.floor import Floor
from runtime.events import (
    AgentStateChanged,
    CallAnswered,
    CallEnded,
    CallQueued,
    CallRinging,
    CallStarted,
    EmergencyHeard,
    LegJoined,
    LegLeft,
    QueueAbandoned,
    QueueLeft,
)

NINE = datetime(2025, 11, 14, 1, 0, tzinfo=UTC)
"""09:00 in Shanghai."""


def after(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


class Told:
    """A floor and a short way to tell it of calls; all times are seconds after nine."""

    def __init__(self) -> None:
        self.floor = Floor()

    def comes(self, call: str, at: float, *, queue: str = "common", caller: str = "13912345678") -> None:
        self.floor.take(
            CallStarted(call_id=call, caller=caller, caller_raw="", callee="", channel="t", at=after(at - 5))
        )
        self.floor.take(CallQueued(call_id=call, queue=queue, position=1, at=after(at)))

    def answered(self, call: str, at: float, agent: str = "8001") -> None:
        self.floor.take(CallRinging(call_id=call, agent=agent, at=after(at)))
        self.floor.take(
            CallAnswered(
                call_id=call,
                agent=agent,
                citizen_channel="t",
                agent_channel="a",
                at=after(at),
                origin=after(at),
            )
        )

    def gives_up(self, call: str, at: float, wait_s: float) -> None:
        self.floor.take(QueueAbandoned(call_id=call, queue="common", wait_s=wait_s, at=after(at)))
        self.ends(call, at)

    def ends(self, call: str, at: float) -> None:
        self.floor.take(CallEnded(call_id=call, outcome="answered", at=after(at)))

    def seat(self, state: str, at: float, *, reason: str = "", call: str = "", agent: str = "8001") -> None:
        self.floor.take(
            AgentStateChanged(
                call_id=call,
                agent=agent,
                state=state,
                reason=reason,
                since=after(at),
                at=after(at),
                user_id=7,
                queues=("common",),
            )
        )


def test_answered_abandoned_and_in_time_are_of_who_entered() -> None:
    told = Told()
    told.comes("a", 0)
    told.answered("a", 15)
    told.comes("b", 10)
    told.answered("b", 26)
    told.comes("c", 20)
    told.gives_up("c", 24, 4)
    told.comes("d", 30)
    told.gives_up("d", 80, 50)
    told.comes("e", 40)
    now = told.floor.picture(after(100)).queues[0]
    figures = now.lately
    assert (figures.queued, figures.answered, figures.in_time) == (5, 2, 1)
    assert (figures.abandoned, figures.abandoned_short) == (2, 1)
    assert (figures.connect_rate, figures.in_time_rate) == (0.5, 0.25)
    assert figures.mean_wait_s == 15.5
    assert figures.mean_arrival_s == 20.5
    assert (now.waiting, now.oldest_since) == (1, after(40))


def test_nobody_yet_is_no_share_at_all() -> None:
    figures = Floor().picture(NINE).floor.today
    assert (figures.connect_rate, figures.in_time_rate, figures.mean_wait_s) == (None, None, None)
    assert figures.mean_handling_s is None


def test_half_an_hour_is_forgotten_today_is_not_and_a_day_is() -> None:
    told = Told()
    told.comes("a", 0)
    told.answered("a", 3)
    told.ends("a", 60)
    later = told.floor.picture(after(31 * 60)).floor
    assert (later.lately.answered, later.today.answered, later.last_day.answered) == (0, 1, 1)
    midnight = told.floor.picture(after(15.5 * 3600)).floor
    assert (midnight.today.answered, midnight.last_day.answered) == (0, 1)
    assert told.floor.picture(after(25 * 3600)).floor.last_day.answered == 0
    told.floor.forget(after(60 * 3600))
    assert told.floor.calls.calls == {}


def test_a_call_sent_to_another_queue_is_one_call_of_the_floor_and_a_stay_of_each() -> None:
    told = Told()
    told.comes("a", 0)
    told.answered("a", 5)
    told.floor.take(CallQueued(call_id="a", queue="enterprise", position=1, at=after(60)))
    told.answered("a", 70, "8002")
    told.ends("a", 90)
    picture = told.floor.picture(after(100))
    assert (picture.floor.today.queued, picture.floor.today.answered) == (1, 1)
    assert [(q.queue, q.today.answered) for q in picture.queues[:2]] == [("common", 1), ("enterprise", 1)]


def test_who_leaves_by_key_is_neither_answered_nor_abandoned() -> None:
    told = Told()
    told.comes("a", 0)
    told.floor.take(QueueLeft(call_id="a", queue="common", entered_at=NINE, result="key", at=after(61)))
    told.ends("a", 70)
    figures = told.floor.picture(after(80)).floor.today
    assert (figures.answered, figures.abandoned, figures.lost, figures.connect_rate) == (0, 0, 1, 0.0)


def test_a_seat_s_day_and_the_mean_handling_time() -> None:
    told = Told()
    told.seat("not_ready", -600, reason="login")
    told.seat("ready", -540)
    told.comes("a", 0)
    told.answered("a", 5)
    told.seat("talking", 5, call="a")
    told.seat("held", 65, call="a")
    told.seat("talking", 75, call="a")
    told.seat("wrap_up", 105, call="a")
    told.ends("a", 105)
    told.seat("not_ready", 125, reason="meal")
    told.seat("not_ready", 425, reason="missed")
    picture = told.floor.picture(after(500))
    [seat] = picture.seats
    day = seat.day
    assert (day.answered, day.outbound, day.missed, day.handled) == (1, 0, 1, 1)
    assert (day.talk_ms, day.hold_ms, day.wrap_ms) == (90_000, 10_000, 20_000)
    assert (day.busy_ms, day.staffed_ms) == (120_000, 1_025_000)
    assert day.not_ready_ms == {"login": 60_000, "meal": 300_000}
    assert picture.floor.today.mean_handling_s == 120
    assert picture.floor.staff.not_ready == {"missed": 1}
    assert (seat.since, seat.counted_to) == (after(425), after(425))


def test_a_state_that_lasts_over_midnight_counts_only_from_there() -> None:
    told = Told()
    until_midnight = 15 * 3600.0
    told.seat("ready", until_midnight - 100)
    told.seat("not_ready", until_midnight + 60, reason="break")
    [seat] = told.floor.picture(after(until_midnight + 70)).seats
    assert seat.day.staffed_ms == 60_000


def test_a_call_back_is_no_answered_call() -> None:
    told = Told()
    told.seat("ready", 0)
    told.seat("talking", 10, call="out")
    told.floor.take(LegJoined(call_id="out", role="citizen", name="13812345678", channel="t", at=after(10)))
    told.answered("out", 10)
    told.seat("wrap_up", 60, call="out")
    told.seat("ready", 80)
    picture = told.floor.picture(after(90))
    assert (picture.seats[0].day.answered, picture.seats[0].day.outbound) == (0, 1)
    assert picture.floor.today.mean_handling_s is None
    assert (picture.calls[0].inbound, picture.calls[0].caller) == (False, "13812345678")


def test_after_the_talk_the_citizen_is_back_in_the_script() -> None:
    told = Told()
    told.comes("a", 0)
    told.answered("a", 5)
    told.floor.take(LegJoined(call_id="a", role="agent", name="8001", channel="a", at=after(5)))
    told.floor.take(LegLeft(call_id="a", role="agent", name="8001", channel="a", at=after(50)))
    [call] = told.floor.picture(after(60)).calls
    assert (call.state, call.talked, call.agent) == ("ivr", True, "8001")


def test_a_clock_that_jumps_is_no_error() -> None:
    told = Told()
    told.comes("a", 0)
    told.seat("ready", 0)
    told.answered("a", -3600)
    told.seat("talking", -3600, call="a")
    told.seat("ready", 90_000)
    told.ends("a", -7200)
    for now in (-90_000.0, 0.0, 400_000.0):
        picture = told.floor.picture(after(now))
        assert all(value >= 0 for value in (picture.seats[0].day.staffed_ms, picture.floor.today.wait_ms))
    told.comes("b", -100)
    assert told.floor.picture(after(-90)).floor.today.queued == 1


def test_queues_that_nobody_configured_are_shown_too() -> None:
    told = Told()
    told.comes("a", 0, queue="tourism")
    assert told.floor.picture(after(1)).queues[-1].queue == "tourism"
    assert told.floor.picture(after(1)).queues[-1].waiting == 1


def test_events_without_their_beginning_are_no_error() -> None:
    """The desk came late, or an event was lost."""
    told = Told()
    told.answered("x", 0)
    told.ends("y", 0)
    told.gives_up("z", 0, 9)
    told.floor.take(QueueLeft(call_id="q", queue="common", entered_at=NINE, result="answered", at=after(9)))
    assert told.floor.picture(after(10)).floor.today.queued == 1


def test_a_repeat_caller_and_an_emergency() -> None:
    told = Told()
    told.comes("old", -90_000)
    told.ends("old", -89_000)
    told.comes("a", 0)
    told.ends("a", 20)
    told.comes("b", 60)
    told.comes("hidden", 61, caller="")
    told.floor.take(
        EmergencyHeard(
            call_id="b", code="E119-01", target="119", words=(), utterance_id="u", speaker="citizen", at=after(70)
        )
    )
    picture = told.floor.picture(after(80))
    assert [(w.call_id, w.tries, w.emergency) for w in picture.waiting] == [("b", 2, True), ("hidden", 1, False)]
    assert [(e.call_id, e.target) for e in picture.emergencies] == [("b", "119")]
    told.ends("b", 90)
    assert told.floor.picture(after(91)).emergencies == ()


def test_today_by_half_hours_begins_at_midnight_and_ends_with_the_present_one() -> None:
    told = Told()
    told.comes("a", 0)
    told.comes("b", 29 * 60)
    halves = told.floor.picture(after(40 * 60)).half_hours
    assert len(halves) == 20
    assert [(number, half.queued) for number, half in enumerate(halves) if half.queued] == [(18, 2)]


def test_five_hundred_seats() -> None:
    told = Told()
    for number in range(500):
        told.seat("ready" if number % 2 else "talking", number, agent=str(8001 + number))
    staff = told.floor.picture(after(600)).queues[0].staff
    assert (staff.staffed, staff.ready, staff.talking) == (500, 250, 250)
