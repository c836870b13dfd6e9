"""Seats needed beside seats staffed, on the scripted hour."""

from __future__ import annotations

import pytest

from calls.figures.erlang import answered_within, seats_for
from calls.figures.period import DAY, Scope
from calls.figures.staffing import most, staffing
from db.session import Sessions
from tests.unit.calls.figures.hour import NINE, TEN
from tests.unit.calls.figures.test_report import made


async def test_each_half_hour_has_its_seats(sessions: Sessions) -> None:
    early, late = staffing(await made(sessions, Scope(NINE, TEN)))
    assert (early.half, early.calls, early.handling_s, early.staffed) == (18, 20, 120, 2.0)
    assert early.needed == seats_for(20, 1800, 120, share=0.95, within_s=15)
    assert early.expected == answered_within(20 * 120 / 1800, 2, 15, 120)
    assert late.calls == 19 and late.handling_s == 4670 / 31, "11 answered calls say too little by themselves"
    assert late.expected == 0.0, "one seat cannot carry it"
    assert most([early, late]) == max(early.needed, late.needed) and most([]) == 0


async def test_days_are_halved_again(sessions: Sessions) -> None:
    rows = staffing(await made(sessions, Scope(NINE - DAY, TEN + DAY)))
    nine = next(row for row in rows if row.half == 18)
    assert nine.calls == pytest.approx(20 / 3), "a mean day has a third of it"
    assert next(row for row in rows if row.half == 0).needed == 0


async def test_of_one_queue_nobody_knows_the_seats(sessions: Sessions) -> None:
    rows = staffing(await made(sessions, Scope(NINE, TEN, queue="common")))
    assert {row.staffed for row in rows} == {row.expected for row in rows} == {None}
    assert all(row.needed for row in rows)


async def test_a_lower_aim_needs_fewer(sessions: Sessions) -> None:
    found = await made(sessions, Scope(NINE, TEN))
    assert most(staffing(found, share=0.5, within_s=60)) < most(staffing(found))
    with pytest.raises(ValueError, match="share"):
        staffing(found, share=1.0)
