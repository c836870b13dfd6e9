"""What a clock shows follows from its events alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.tickets.clocks.test_calendar import OFFICIAL, at
from tickets.clocks.reckoning import ClockEvent, Impossible, Kind, Reckoned, reckon, rework_rule
from tickets.clocks.rules import ClockRule, Lamp, Warn, due

START = at("11-14 09:00")  # a Friday
TWO_HOURS = ClockRule(value=2, unit="hour", kind="work")
SEVEN_DAYS = ClockRule(value=7, unit="workday", warn=Warn(workdays=1))
THIRTY_DAYS = ClockRule(value=30, unit="calday", warn=Warn(workdays=3))
TODAY = ClockRule(unit="same_day", warn=Warn(hours=2))
RULES = [TWO_HOURS, SEVEN_DAYS, THIRTY_DAYS, TODAY, ClockRule(value=30, unit="minute", kind="wall")]


def after(rule: ClockRule, *events: tuple[Kind, datetime] | tuple[Kind, datetime, float]) -> Reckoned:
    return reckon(rule, [ClockEvent(Kind.START, START), *(ClockEvent(*event) for event in events)], OFFICIAL)


@pytest.mark.parametrize("rule", RULES)
def test_without_events_it_is_the_plain_rule(rule: ClockRule) -> None:
    plain, shows = due(rule, START, OFFICIAL), after(rule)
    assert (shows.warn_at, shows.due_at) == (plain.warn_at, plain.due_at)
    assert shows.lamp(START) in (Lamp.GREEN, Lamp.YELLOW)


@pytest.mark.parametrize(
    ("rule", "pause", "resume", "expected"),
    [
        (TWO_HOURS, "11-14 10:00", "11-14 10:30", "11-14 11:30"),
        (TWO_HOURS, "11-14 10:00", "11-14 20:00", "11-17 09:30"),  # one hour is left on Monday
        (TWO_HOURS, "11-14 10:00", "11-15 12:00", "11-17 09:30"),
        (SEVEN_DAYS, "11-18 10:00", "11-18 16:00", "11-25 17:30"),  # the same day
        (SEVEN_DAYS, "11-18 10:00", "11-20 10:00", "11-27 17:30"),
        (SEVEN_DAYS, "11-25 10:00", "11-25 18:00", "11-26 17:30"),  # resumed after the close of the last day
        (THIRTY_DAYS, "11-20 10:00", "11-25 10:00", "12-19 17:30"),
        (TODAY, "11-14 10:00", "11-14 12:00", "11-14 23:59"),  # the day does not become longer
    ],
)
def test_a_pause_keeps_what_is_left(rule: ClockRule, pause: str, resume: str, expected: str) -> None:
    shows = after(rule, (Kind.PAUSE, at(pause)), (Kind.RESUME, at(resume)))
    assert shows.due_at.replace(second=0) == at(expected)
    assert shows.suspended == at(resume) - at(pause)
    assert shows.paused_at is None


def test_while_it_is_paused_no_lamp_burns() -> None:
    paused = after(TWO_HOURS, (Kind.PAUSE, at("11-14 10:00")))
    assert paused.lamp(at("11-14 16:00")) is Lamp.PAUSED
    annulled = after(TWO_HOURS, (Kind.PAUSE, at("11-14 10:00")), (Kind.ANNUL, at("11-14 16:00")))
    assert annulled.due_at == at("11-14 11:00")
    assert annulled.lamp(at("11-14 16:00")) is Lamp.RED


def test_more_time_counts_in_the_rules_own_unit_and_never_after_the_limit() -> None:
    assert after(SEVEN_DAYS, (Kind.EXTEND, at("11-20 09:00"), 3)).due_at == at("11-28 17:30")
    assert after(THIRTY_DAYS, (Kind.EXTEND, at("11-20 09:00"), 30)).due_at == at("01-13 17:30").replace(year=2026)
    assert after(SEVEN_DAYS, (Kind.EXTEND, at("11-25 17:30"), 1)).due_at == at("11-26 17:30")
    late = after(SEVEN_DAYS, (Kind.EXTEND, at("11-25 17:31"), 3))
    assert late.due_at == at("11-25 17:30")
    assert late.lamp(at("11-26 09:00")) is Lamp.RED


def test_a_pause_after_the_limit_saves_nobody() -> None:
    shows = after(TWO_HOURS, (Kind.PAUSE, at("11-14 11:30")), (Kind.RESUME, at("11-14 16:00")))
    assert shows.due_at == at("11-14 11:00")


def test_what_met_it_may_turn_out_not_to_count() -> None:
    met = (Kind.MEET, at("11-20 09:00"))
    assert after(SEVEN_DAYS, met).lamp(at("12-20 09:00")) is Lamp.GREY
    unmet = after(SEVEN_DAYS, met, (Kind.UNMEET, at("11-21 09:00")))
    assert (unmet.met_at, unmet.due_at) == (None, at("11-25 17:30"))
    again = after(SEVEN_DAYS, met, (Kind.UNMEET, at("11-21 09:00")), (Kind.MEET, at("11-26 09:00")))
    assert again.lamp(at("11-26 09:00")) is Lamp.GREY_LATE


@pytest.mark.parametrize(
    "events",
    [
        [],
        [(Kind.MEET, START)],
        [(Kind.START, START), (Kind.RESUME, START)],
        [(Kind.START, START), (Kind.PAUSE, START), (Kind.PAUSE, START)],
        [(Kind.START, START), (Kind.MEET, START), (Kind.MEET, START)],
        [(Kind.START, START), (Kind.STOP, START), (Kind.PAUSE, START)],
        [(Kind.START, START), (Kind.UNMEET, START)],
        [(Kind.START, START), (Kind.EXTEND, START)],
        [(Kind.START, START), (Kind.START, START)],
        [(Kind.START, START), (Kind.MEET, START - timedelta(seconds=1))],
    ],
)
def test_what_cannot_happen_is_refused(events: list[tuple[Kind, datetime]]) -> None:
    with pytest.raises(Impossible):
        reckon(SEVEN_DAYS, [ClockEvent(*event) for event in events], OFFICIAL)


minutes = st.integers(min_value=0, max_value=60 * 24 * 20)


@given(rule=st.sampled_from(RULES), begin=minutes, first=minutes, span=minutes)
def test_a_pause_never_shortens_and_an_empty_one_changes_nothing(
    rule: ClockRule, begin: int, first: int, span: int
) -> None:
    start = START + timedelta(minutes=begin)
    pause = start + timedelta(minutes=first)

    def paused(until: datetime) -> Reckoned:
        events = [(Kind.START, start), (Kind.PAUSE, pause), (Kind.RESUME, until)]
        return reckon(rule, [ClockEvent(*event) for event in events], OFFICIAL)

    plain = due(rule, start, OFFICIAL)
    shows = paused(pause + timedelta(minutes=span))
    assert shows.due_at >= plain.due_at
    assert start <= shows.warn_at <= shows.due_at
    if pause <= plain.due_at:
        longer = paused(pause + timedelta(minutes=span + 60))
        assert longer.due_at >= shows.due_at
    if pause < plain.due_at:
        empty = paused(pause)
        assert (empty.due_at, empty.warn_at) == (plain.due_at, plain.warn_at)


def test_a_second_handling_has_half_the_time_but_two_working_days() -> None:
    def again(rule: ClockRule) -> datetime:
        return due(rework_rule(rule, START, OFFICIAL), START, OFFICIAL).due_at

    assert again(SEVEN_DAYS) == at("11-20 17:30")  # four working days
    assert again(THIRTY_DAYS) == at("12-01 17:30")  # fifteen days end on a Saturday
    two = due(ClockRule(value=2, unit="workday"), START, OFFICIAL).due_at
    for short in (TWO_HOURS, TODAY, ClockRule(value=2, unit="workday"), ClockRule(value=2, unit="calday")):
        assert again(short) == two
