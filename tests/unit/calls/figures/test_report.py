"""The scripted hour against a table made by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calls.callbacks.tasks import DAY
from calls.figures.call_kpis import CALL_KPIS
from calls.figures.exits import Exit
from calls.figures.period import Scope
from calls.figures.report import Report, report
from calls.figures.window import Worst
from db.models import Call
from db.session import Sessions
from runtime.callid import call_id_at
from tests.unit.calls.figures.hour import NINE, NOTICES, TEN, moment, write

BY_HAND: dict[str, tuple[float, float | None]] = {
    "CALL_OFFERED": (40, None),
    "CALL_QUEUED": (39, None),
    "CALL_ANSWERED": (31, None),
    "CONNECT_RATE": (31, 39),
    "CONNECT_RATE_X5": (31, 36),
    "ANS15": (25, 39),
    "ANS20": (28, 39),
    "ASA": (454, 31),
    "ASA_QUEUE": (423, 31),
    "ABANDON_RATE": (7, 39),
    "SHORT_ABANDON": (3, 39),
    "OVERFLOW_RATE": (2, 39),
    "AHT": (4670, 31),
    "ATT": (3800, 31),
    "HOLD": (160, 31),
    "ACW": (710, 31),
    "XFER_RATE": (1, 31),
    "XFER3_RATE": (1, 31),
    "VOICEMAIL": (0, None),
    "CALLBACK_ASKED": (1, None),
    "MAX_WAIT": (50, 31),
    "P95_WAIT": (40, 31),
    "ANS15_24H_MIN": (25, 39),
    "CONNECT_RATE_24H_MIN": (31, 39),
    "MISSED_CB_RATE": (2, 3),
    "MISSED_REACHED": (1, 3),
    "HANDOFF_OUT": (2, None),
    "HANDOFF_ACCEPTED": (1, 2),
    "HAND_TIME": (12, 1),
    "HAND_RETURN": (0, 2),
    "ONE_KEY": (38, 39),
    "NOTICE": (30, 31),
    "CALL_SAT": (9, 10),
    "OCC": (2500, 5400),
}


async def made(sessions: Sessions, scope: Scope) -> Report:
    async with sessions.begin() as session:
        await write(session)
    async with sessions() as session:
        return await report(session, scope, TEN + timedelta(days=1), hours=DAY, notices=NOTICES)


def counted(found: Report) -> dict[str, tuple[float, float | None]]:
    return {code: (figure.numerator, figure.denominator) for code, figure in found.figures.items()}


async def test_the_hour_is_the_table_made_by_hand(sessions: Sessions) -> None:
    found = await made(sessions, Scope(NINE, TEN))
    assert counted(found) == BY_HAND
    assert found.figures["CONNECT_RATE"].value == 31 / 39
    assert found.figures["ASA"].value == 454 / 31
    assert found.figures["MAX_WAIT"].value == 50
    assert found.figures["CALL_OFFERED"].value == 40
    assert found.line_class == "温线"
    below = {code for code, figure in found.figures.items() if figure.met is False}
    assert below >= {"CONNECT_RATE", "ANS15", "ANS15_24H_MIN", "MISSED_CB_RATE", "ONE_KEY", "NOTICE"}


async def test_its_worst_window_ends_before_the_last_answered_call(sessions: Sessions) -> None:
    found = await made(sessions, Scope(NINE, TEN))
    end = moment(37) + timedelta(seconds=30)  # the first full minute after call 37
    assert found.worst["ANS15_24H_MIN"] == Worst(end - timedelta(days=1), end, 25, 39)
    assert found.worst["CONNECT_RATE_24H_MIN"] == Worst(end - timedelta(days=1), end, 31, 39)


async def test_its_half_hours(sessions: Sessions) -> None:
    found = await made(sessions, Scope(NINE, TEN))
    assert [(slot.half, slot.seats) for slot in found.slots] == [(18, 2.0), (19, 1.0)]
    early, late = ({f.code: (f.numerator, f.denominator) for f in slot.figures} for slot in found.slots)
    assert early["CALL_QUEUED"] == (20, None) and early["CONNECT_RATE"] == (20, 20) and early["ASA"] == (200, 20)
    assert late["CALL_QUEUED"] == (19, None) and late["CONNECT_RATE"] == (11, 19)
    assert late["ABANDON_RATE"] == (7, 19) and late["ANS15"] == (5, 19)


async def test_its_agents(sessions: Sessions) -> None:
    found = await made(sessions, Scope(NINE, TEN))
    first, second = found.agents
    assert (first.user_id, first.answered, first.called_out, first.missed) == (1, 2, 1, 0)
    assert (first.talk_s, first.hold_s, first.wrap_up_s) == (1200, 100, 300)
    assert (first.signed_in_s, first.occupancy, dict(first.not_ready_s)) == (3600, 1600 / 3600, {"meal": 600})
    assert first.mean(first.talk_s) == 400
    assert (second.user_id, second.answered, second.missed) == (2, 1, 1)
    assert (second.signed_in_s, second.ready_s, dict(second.not_ready_s)) == (1800, 600, {"missed": 300})


async def test_its_ways_through_the_script(sessions: Sessions) -> None:
    found = await made(sessions, Scope(NINE, TEN))
    assert Exit("direct", 1, "queue", "queue", "answered", "survey", 29) in found.exits
    assert Exit("direct", 1, "main", "menu", "key 9", "emergency", 1) in found.exits
    assert Exit("direct", 1, "goodbye", "hangup", "", "", 1) in found.exits
    assert Exit("direct", 1, "survey", "survey", "hung_up_after", "", 29) in found.exits
    assert found.hang_ups == [Exit("direct", 1, "queue", "queue", "hung_up", "", 8)]
    assert (found.to_person.calls, found.to_person.median, found.to_person.p95) == (31, 10.0, 40.0)
    assert (found.to_queue.calls, found.to_queue.longest) == (38, 1.0)


async def test_a_queue_sees_only_what_happened_in_it(sessions: Sessions) -> None:
    found = counted(await made(sessions, Scope(NINE, TEN, queue="enterprise")))
    assert found["CALL_QUEUED"] == (1, None) and found["CONNECT_RATE"] == (0, 1)
    assert found["OVERFLOW_RATE"] == (1, 1) and found["ABANDON_RATE"] == (0, 1)
    assert "OCC" not in found, "seats serve several queues"


async def test_the_common_queue_answers_what_overflowed_into_it(sessions: Sessions) -> None:
    found = counted(await made(sessions, Scope(NINE, TEN, queue="common")))
    assert found["CONNECT_RATE"] == (31, 39) and found["ASA"] == (454, 31)
    assert found["ASA_QUEUE"] == (423 - 30, 31), "the half minute elsewhere was not in this queue"
    assert found["OVERFLOW_RATE"] == (1, 39) and found["SHORT_ABANDON"] == (3, 39)


async def test_of_a_unit_s_seats_is_told_what_they_did(sessions: Sessions) -> None:
    found = await made(sessions, Scope(NINE, TEN, unit_id=1))
    figures = counted(found)
    assert figures["CALL_ANSWERED"] == (31, None) and figures["AHT"] == (4670, 31)
    assert figures["OCC"] == (1600, 3600)
    assert "CONNECT_RATE" not in figures, "who was not answered was nobody's"
    assert [row.user_id for row in found.agents] == [1]


async def test_of_nothing_nothing_is_said(sessions: Sessions) -> None:
    async with sessions() as session:
        found = await report(session, Scope(NINE, TEN), TEN, hours=DAY, notices={})
    assert {figure.value for figure in found.figures.values() if figure.denominator is not None} == {None}
    assert found.figures["CALL_OFFERED"].value == 0
    assert found.worst == {"ANS15_24H_MIN": None, "CONNECT_RATE_24H_MIN": None}
    assert not any(figure.met for figure in found.figures.values())


async def test_who_still_waits_is_not_counted_yet(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        session.add(
            Call(id=call_id_at(NINE, 1), state="queued", started_at=NINE, queued_at=NINE + timedelta(seconds=1))
        )
    async with sessions() as session:
        found = counted(await report(session, Scope(NINE, TEN), TEN, hours=DAY, notices={}))
    assert found["CALL_OFFERED"] == (1, None) and found["CONNECT_RATE"] == (0, 0)


@pytest.mark.parametrize("kpi", CALL_KPIS, ids=lambda kpi: kpi.code)
def test_every_definition_is_a_sentence(kpi: object) -> None:
    text = getattr(kpi, "definition", "")
    assert text.endswith("。") and any("\u4e00" <= char <= "\u9fff" for char in text)
