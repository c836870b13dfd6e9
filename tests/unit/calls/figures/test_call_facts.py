"""One call as a queue and as the centre saw it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from calls.figures import call_kpis
from calls.figures.call_facts import CallRow, Stay, facts
from calls.figures.call_kpis import Waits, line_class
from calls.figures.exits import Spread
from tests.unit.calls.figures.hour import NINE


def at(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def stay(queue: str, entered: float, left: float | None, result: str) -> Stay:
    return Stay(queue, NINE + at(entered), None if left is None else NINE + at(left), result)


ANSWERED = CallRow("x", NINE, NINE + at(2), NINE + at(12), NINE + at(112), "answered", 80, 20, 30)
LOST = CallRow("x", NINE, NINE + at(2), None, NINE + at(42), "abandoned", 0, 0, 0)


def test_the_wait_counts_prompts_and_the_queue_s_part_is_known() -> None:
    call = facts(ANSWERED, [stay("common", 2, 12, "answered")])
    assert (call.wait_s, call.queue_s, call.answered, call.queued) == (12, 10, True, True)
    assert call_kpis.handling_time(call) == (130, True)


def test_who_is_sent_on_by_an_agent_waits_anew_in_the_second_queue() -> None:
    stays = [stay("common", 2, 12, "answered"), stay("foreign", 60, 85, "answered")]
    centre, first, second = (facts(ANSWERED, stays, queue) for queue in ("", "common", "foreign"))
    assert (centre.wait_s, first.wait_s, second.wait_s) == (12, 12, 25)
    assert second.queue_s == 25


def test_who_gives_up_in_the_second_queue_was_answered_by_the_centre() -> None:
    stays = [stay("common", 2, 12, "answered"), stay("foreign", 60, 85, "abandoned")]
    assert facts(ANSWERED, stays).answered and not facts(ANSWERED, stays).abandoned
    second = facts(ANSWERED, stays, "foreign")
    assert second.queued and second.abandoned and second.gave_up_s == 25
    assert call_kpis.connect_rate(second) == (False, True)


@pytest.mark.parametrize(("left", "short"), [(6.9, True), (7.0, False)])
def test_five_seconds_in_the_queue_are_no_short_wait(left: float, short: bool) -> None:
    row = replace(LOST, ended_at=NINE + at(left))
    assert facts(row, [stay("common", 2, left, "abandoned")]).short is short


def test_who_waits_is_counted_when_it_is_known_what_came_of_it() -> None:
    row = replace(LOST, ended_at=None, outcome="")
    assert not facts(row, [stay("common", 2, None, "")]).queued
    assert not facts(row, [stay("common", 2, None, "")], "common").queued


def test_how_long_a_talk_took_is_not_told_while_it_goes_on() -> None:
    call = facts(replace(ANSWERED, ended_at=None, talk_s=0), [stay("common", 2, 12, "answered")])
    assert call_kpis.answered(call) == (True, 0)
    for kpi in (call_kpis.handling_time, call_kpis.talk_time, call_kpis.hold_time, call_kpis.wrap_up_time):
        assert kpi(call)[1] == 0


def test_a_message_is_no_abandoned_call() -> None:
    call = facts(replace(LOST, outcome="voicemail"), [stay("common", 2, 32, "timeout")])
    assert call.queued and call.overflowed and not call.abandoned
    assert call_kpis.left_messages(call) == (True, 0)


def test_answered_without_a_queue() -> None:
    call = facts(ANSWERED, [])
    assert (call.queued, call.wait_s, call.queue_s) == (True, 12, 0)


def test_waits_by_nearest_rank() -> None:
    waits = Waits()
    for seconds in range(1, 101):
        waits.add(facts(replace(ANSWERED, answered_at=NINE + at(seconds)), []))
    assert [figure.value for figure in waits.figures()] == [100, 95]
    assert [figure.value for figure in Waits().figures()] == [None, None]


def test_half_and_95_of_100() -> None:
    assert Spread.of(Counter({10: 1, 20: 1, 400: 1})) == Spread(3, 2.0, 40.0, 40.0)
    assert Spread.of(Counter()) == Spread(0)


@pytest.mark.parametrize(
    ("share", "name"),
    [(None, ""), (1.0, "热线"), (0.95, "热线"), (0.9499, "温线"), (0.3, "温线"), (0.1, "冷线"), (0.0, "死线")],
)
def test_lines_by_temperature(share: float | None, name: str) -> None:
    assert line_class(share) == name
