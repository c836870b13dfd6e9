from __future__ import annotations

from datetime import datetime

import pytest

from runtime.clock import SHANGHAI
from tests.unit.tickets.drafting.talking import talk
from tickets.drafting.when import find_when

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=SHANGHAI)  # a Friday


@pytest.mark.parametrize(
    ("text", "when", "moment"),
    [
        ("昨天下午4点左右我在汽车站坐车", "昨天下午4点左右", "2026-11-19T16:00:00+08:00"),
        ("从上个星期三开始路灯全都不亮", "上个星期三开始", "2026-11-11T12:00:00+08:00"),
        ("上周六中午在饭店吃饭", "上周六中午", "2026-11-14T12:00:00+08:00"),
        ("今天早上6点多倒的", "今天早上6点多", "2026-11-20T06:00:00+08:00"),
        ("11月12号买的", "11月12号", "2026-11-12T12:00:00+08:00"),
        ("12月30号交的钱", "12月30号", "2025-12-30T12:00:00+08:00"),
        ("昨晚8点半停电的", "昨晚8点半", "2026-11-19T20:30:00+08:00"),
        ("去年10月份开始没有发工资", "去年10月份开始", None),
        ("最近一下雨就渗水", "最近", None),
        ("差不多有3个月了", "差不多有3个月了", None),
        ("每天晚上11点多到1点吵", "每天晚上11点多到1点", None),
    ],
)
def test_times(text: str, when: str, moment: str | None) -> None:
    found = find_when(talk(text), [], NOW)
    best = found["occurred_text"][0]
    assert best.value == when
    assert when in best.quote
    assert (found["occurred_at"][0].value if "occurred_at" in found else None) == moment


@pytest.mark.parametrize("text", ["我今年62岁了", "一年多少钱", "周末上不上班", "路灯坏了", "2月30号", ""])
def test_what_tells_no_moment(text: str) -> None:
    assert "occurred_at" not in find_when(talk(text), [], NOW)


def test_the_answer_to_when_beats_what_was_said_in_passing() -> None:
    lines = talk("晚上还有学生在里面", "A: 什么时候的事", "前天下午的事")
    assert find_when(lines, [], NOW)["occurred_text"][0].value == "前天下午"


def test_what_is_asked_for_is_not_when_it_happened() -> None:
    found = find_when(talk("请燃气公司今天上门", "报修3天了没人来"), [], NOW)
    assert found["occurred_text"][0].value.startswith("3天")


def test_the_agents_words_do_not_count() -> None:
    assert find_when(talk("A: 是昨天下午的事吗"), [], NOW) == {}
