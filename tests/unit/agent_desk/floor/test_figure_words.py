from __future__ import annotations

import pytest

from agent_desk.floor.figure_chart import _step, chart
from agent_desk.floor.figure_words import (
    EXITS,
    GROUPS,
    RULES,
    exit_name,
    half_hour,
    minutes,
    reasons_of,
    shown,
    tile,
)
from calls.figures.call_facts import CallFacts
from calls.figures.call_kpis import CALL_KPIS
from calls.figures.kpi import Figure, Kind, Tally
from calls.figures.other_kpis import HANDOFF_KPIS, HEARD_KPIS, MISSED_KPIS, RATING_KPIS, SEAT_KPIS
from calls.figures.report import SLOT_KPIS, WINDOWS, Slot
from tests.unit.calls.figures.hour import NINE


def figure(kind: Kind, numerator: float, denominator: float | None, value: float | None) -> Figure:
    return Figure("X", "指标", kind, "口径。", numerator, denominator, value, target=0.95)


def test_every_figure_has_its_place_on_the_pages() -> None:
    made = {
        kpi.code
        for kpis in (CALL_KPIS, MISSED_KPIS, RATING_KPIS, HEARD_KPIS, SEAT_KPIS, HANDOFF_KPIS)
        for kpi in kpis
    }
    made |= {"MAX_WAIT", "P95_WAIT"} | {code for code, *_ in WINDOWS}
    assert {code for _, codes in GROUPS for code in codes} | set(RULES) == made


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (figure(Kind.RATE, 19, 20, 0.95), ("95.00", "%")),
        (figure(Kind.RATE, 0, 0, None), ("—", "")),
        (figure(Kind.COUNT, 1234, None, 1234), ("1,234", "")),
        (figure(Kind.MEAN, 100, 8, 12.5), ("12.5", "秒")),
        (figure(Kind.MEAN, 1000, 4, 250), ("4:10", "")),
        (figure(Kind.MOST, 50, 9, 50), ("50.0", "秒")),
    ],
)
def test_values_as_people_read_them(found: Figure, said: tuple[str, str]) -> None:
    assert shown(found) == said


def test_a_target_is_kept_at_its_bound() -> None:
    assert tile(figure(Kind.RATE, 19, 20, 0.95)).met is True
    assert tile(figure(Kind.RATE, 0, 0, None)).met is None
    assert tile(figure(Kind.RATE, 94, 100, 0.94)).target == "95%"


def test_times() -> None:
    said = [minutes(seconds) for seconds in (None, 0, 59.6, 3599, 3661)]
    assert said == [
        "—",
        "0:00",
        "1:00",
        "59:59",
        "1:01:01",
    ]
    assert [half_hour(half) for half in (0, 19, 47)] == ["00:00–00:30", "09:30–10:00", "23:30–24:00"]


def test_exits_in_words() -> None:
    assert exit_name("key 9") == "按 9" and exit_name("") == "流程结束" and exit_name("", "queue") == "未注明"
    assert all("\u4e00" <= name[0] <= "\u9fff" for name in EXITS.values())


def test_reasons_stand_as_agents_know_them() -> None:
    assert reasons_of(["missed", "zzz", "meal", "break", "meal"]) == ["break", "meal", "missed", "zzz"]


def slot(half: int, *waits: float | None) -> Slot:
    tally: Tally[CallFacts] = Tally(SLOT_KPIS)
    for wait in waits:
        tally.add(CallFacts("x", NINE, True, wait is not None, wait is None, False, "", wait_s=wait or 0.0))
    return Slot(half, tally.figures(), 1.0, 1.0)


def test_bars_stand_on_each_other() -> None:
    drawn = chart([slot(18, 10, 15, 16, None), slot(19)])
    assert drawn is not None
    first, second = drawn.bars
    assert [name for name, *_ in first.parts] == ["soon", "later", "lost"] and second.parts == ()
    assert "15秒内接听 2，15秒后接听 1，未接听 1" in first.words
    bottoms = [y + height for _, y, height in first.parts]
    assert bottoms[0] == pytest.approx(drawn.ground)
    assert bottoms[1:] == pytest.approx([y for _, y, _ in first.parts][:-1])
    assert [value for _, value in drawn.ticks] == [0, 1, 2, 3, 4]


def test_without_calls_there_is_no_chart() -> None:
    assert chart([slot(18), slot(19)]) is None and chart([]) is None


@pytest.mark.parametrize(("most", "step"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 5), (40, 10), (81, 50)])
def test_lines_are_round_and_about_four(most: int, step: int) -> None:
    assert _step(most) == step
