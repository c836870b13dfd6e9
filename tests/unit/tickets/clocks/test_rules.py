from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from runtime.clock import SHANGHAI
from tests.unit.tickets.clocks.test_calendar import OFFICIAL, at
from tickets.clocks.rules import ClockRule, Lamp, Warn, due, lamp, worst
from tickets.clocks.sla import Matter, shipped, shipped_profile

SIMPLE = Matter("HELP", "1106", "GENERAL", "SIMPLE")
ORDINARY = Matter("REPORT", "1102", "GENERAL", "ORDINARY")


def test_the_default_profile_is_the_zhejiang_one() -> None:
    clocks = shipped_profile().clocks(SIMPLE)
    assert {name: (rule.value, rule.unit) for name, rule in clocks.items()} == {
        "divert_by": (0, "same_day"),
        "sign_by": (2, "hour"),
        "transfer_by": (3, "workday"),
        "close_by": (7, "workday"),
        "review_by": (1, "workday"),
        "follow_up_by": (1, "workday"),
    }
    ordinary = shipped_profile().clocks(ORDINARY)
    assert (ordinary["transfer_by"].value, ordinary["transfer_by"].unit) == (5, "workday")
    assert (ordinary["inform_by"].value, ordinary["inform_by"].unit) == (5, "workday")
    assert (ordinary["close_by"].value, ordinary["close_by"].unit) == (30, "calday")


def test_urgent_matters_run_by_the_wall_clock() -> None:
    night = at("10-03 22:10")
    urgent = Matter("HELP", "1106", "URGENT", "SIMPLE")
    assert due(shipped_profile().clocks(urgent)["sign_by"], night, OFFICIAL).due_at == at("10-04 00:10")
    assert due(shipped_profile().clocks(SIMPLE)["sign_by"], night, OFFICIAL).due_at == at("10-09 10:30")


def test_the_diversion_ends_with_the_day() -> None:
    end = due(shipped_profile().clocks(SIMPLE)["divert_by"], at("11-14 23:30"), OFFICIAL)
    assert end.due_at == datetime(2025, 11, 14, 23, 59, 59, tzinfo=SHANGHAI)
    assert end.warn_at == at("11-14 23:30")  # never before the start


def test_warnings() -> None:
    start = at("11-14 09:00")
    clocks = shipped_profile().clocks(SIMPLE)
    assert due(clocks["sign_by"], start, OFFICIAL).warn_at == at("11-14 10:30")  # 75 % of two hours
    assert due(clocks["close_by"], start, OFFICIAL).warn_at == at("11-24 17:30")  # one working day before
    long = shipped_profile().clocks(ORDINARY)["close_by"]
    assert due(long, start, OFFICIAL).due_at == at("12-15 17:30")
    assert due(long, start, OFFICIAL).warn_at == at("12-10 17:30")  # three working days before


@pytest.mark.parametrize("code", sorted(shipped()))
def test_every_shipped_profile_gives_a_closing_time(code: str) -> None:
    if code == "BASE":
        return
    for matter in (SIMPLE, ORDINARY, Matter("CONSULT", "1401", "MOST_URGENT", "IMMEDIATE")):
        clocks = shipped_profile(code).clocks(matter)
        assert {"divert_by", "sign_by", "close_by"} <= clocks.keys()


def test_tianjin_signs_danger_in_a_quarter_of_an_hour() -> None:
    clocks = shipped_profile("TJ2025").clocks(Matter("HELP", "1403", "MOST_URGENT", "SIMPLE"))
    assert (clocks["sign_by"].value, clocks["sign_by"].unit, clocks["sign_by"].kind) == (15, "minute", "wall")
    clocks = shipped_profile("TJ2025").clocks(Matter("HELP", "1403", "GENERAL", "SIMPLE"))
    assert clocks["sign_by"].value == 30


def test_signed_at_two_hours_sharp_is_on_time_and_a_second_later_is_late() -> None:
    end = at("11-14 11:00")
    warn = at("11-14 10:30")
    assert lamp(warn, end, end, end) is Lamp.GREY
    assert lamp(warn, end, end + timedelta(seconds=1), end) is Lamp.GREY_LATE


def test_lamps_of_a_running_clock() -> None:
    warn, end = at("11-14 10:30"), at("11-14 11:00")
    assert lamp(warn, end, None, warn - timedelta(seconds=1)) is Lamp.GREEN
    assert lamp(warn, end, None, warn) is Lamp.YELLOW
    assert lamp(warn, end, None, end) is Lamp.YELLOW
    assert lamp(warn, end, None, end + timedelta(seconds=1)) is Lamp.RED


def test_a_ticket_shows_its_worst_lamp() -> None:
    assert worst([Lamp.GREEN, Lamp.RED, Lamp.YELLOW]) is Lamp.RED
    assert worst([Lamp.GREY, Lamp.GREY_LATE]) is Lamp.GREY_LATE
    assert worst([]) is Lamp.GREY


rules = st.builds(
    ClockRule,
    value=st.integers(1, 40),
    unit=st.sampled_from(["minute", "hour", "workday", "calday", "same_day"]),
    kind=st.sampled_from(["wall", "work"]),
    warn=st.one_of(
        st.builds(Warn, elapsed=st.floats(0.05, 0.95)),
        st.builds(Warn, workdays=st.integers(1, 5)),
        st.builds(Warn, hours=st.floats(0.5, 72)),
    ),
)
FIRST, LAST = datetime.fromisoformat("2025-01-01"), datetime.fromisoformat("2025-10-01")
moments = st.datetimes(FIRST, LAST, timezones=st.just(UTC))


@given(rules, moments)
def test_start_warning_and_end_stand_in_order(rule: ClockRule, start: datetime) -> None:
    moment = due(rule, start, OFFICIAL)
    assert moment.warn_at <= moment.due_at
    assert start <= moment.warn_at or moment.warn_at == moment.due_at
    assert moment.due_at.tzinfo is not None


@given(rules, moments, st.timedeltas(timedelta(0), timedelta(days=90)), st.booleans())
def test_a_met_clock_never_lights_up_again(
    rule: ClockRule, start: datetime, later: timedelta, early: bool
) -> None:
    moment = due(rule, start, OFFICIAL)
    met = moment.due_at - timedelta(seconds=1) if early else moment.due_at + timedelta(seconds=1)
    assert lamp(moment.warn_at, moment.due_at, met, met + later) is (Lamp.GREY if early else Lamp.GREY_LATE)


def test_a_warning_is_given_in_one_way_only() -> None:
    with pytest.raises(ValidationError, match="exactly one"):
        Warn(elapsed=0.5, hours=3)
