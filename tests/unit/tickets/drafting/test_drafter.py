from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.clock import SHANGHAI
from runtime.events import Suggestion, Utterance
from tests.unit.tickets.drafting.talking import said
from tickets.drafting.drafter import Drafter
from tickets.fields import FIELD_NAMES, TicketFields, check_open

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=SHANGHAI)

# The recorded call, as the test model recognised it.
STREETLIGHT = (
    "喂你好是政府热线吗",
    "我想反映一个问题我们村的路灯坏了",
    "我们是天城镇白泉村的从上个星期三开始村口到小学那一段路灯全都不亮",
    "晚上看不见路",
    "前天还有一个老人摔倒了",
    "我叫陈建华电话是一三五八六四耳七九零三",
    "希望你们尽快派人来修谢谢",
)


def check_quotes(utterances: list[Utterance], found: dict[str, list[Suggestion]]) -> None:
    texts = {u.utterance_id: u.text for u in utterances}
    for name, options in found.items():
        assert name in FIELD_NAMES
        assert options
        for option in options:
            assert 0.0 <= option.confidence < 1.0
            assert option.value
            if option.utterance_id:
                assert texts[option.utterance_id][option.start : option.end] == option.quote
                assert option.quote


def test_a_recorded_call_becomes_a_complete_ticket(drafter: Drafter) -> None:
    utterances = said(*STREETLIGHT)
    found = drafter.update(utterances, caller="13900000000", now=NOW)
    check_quotes(utterances, found)
    best = {name: options[0].value for name, options in found.items()}
    assert best["appeal_type"] == "HELP"
    assert best["category_code"] == "1106"
    assert best["region_code"] == "421223100200"
    assert best["place_text"] == "天城镇白泉村"
    assert best["occurred_text"] == "上个星期三开始"
    assert best["occurred_at"].startswith("2026-11-11")
    assert best["appellant_name"] == "陈建华"
    assert best["phone"] == "13586427903"
    assert best["demand"] == "希望尽快派人来修。"
    assert "白泉村" in best["title"] and "路灯" in best["title"]
    assert best["content"].startswith("诉求人陈建华来电反映：")
    assert "我" not in best["content"]
    assert "13586427903" not in best["content"]
    check_open(TicketFields.parse({**best, "tags": []}))


def test_the_agents_questions_are_no_facts(drafter: Drafter) -> None:
    found = drafter.update(
        said("A: 您是天城镇白泉村的吗", "A: 您贵姓是陈建华吗", "A: 电话是13586427903吗"), now=NOW
    )
    assert not found.keys() & {"place_text", "region_code", "phone", "category_code", "content", "title"}


def test_nothing_said_suggests_nothing_but_the_caller_id(drafter: Drafter) -> None:
    assert drafter.update([]) == {}
    assert list(drafter.update(said("喂", "你好"), caller="13900000000")) == ["phone"]


def test_the_same_talk_gives_the_same_draft(drafter: Drafter) -> None:
    utterances = said(*STREETLIGHT)
    assert drafter.update(utterances, now=NOW) == drafter.update(list(utterances), now=NOW)


PIECES = re.findall(
    r"\S+",
    """我叫 陈建华 电话 一三五八六四二七九零三 13586427903 天城镇 白泉村 西门接 的 路灯 坏了 昨天 下午4点 举报 投诉
    希望 你们 派人 来修 姓 姓王 叫 在 路 村 小区 公司 有限公司 鄂L3721T 号 12 岁 不 没有 着火 是的 ， 。
    请问 多少钱 保密 我 他 上周三 2月30号 25点 0""",
)
pieces = st.one_of(st.sampled_from(PIECES), st.text(max_size=3))
lines = st.lists(st.tuples(st.sampled_from("AC"), st.lists(pieces, max_size=8)), max_size=6)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines)
def test_whatever_is_said_quotes_are_true_and_nothing_breaks(
    drafter: Drafter, lines: list[tuple[str, list[str]]]
) -> None:
    utterances = [
        Utterance(
            call_id="c",
            utterance_id=f"u{i}",
            speaker="agent" if speaker == "A" else "citizen",
            start_ms=i,
            end_ms=i + 1,
            text="".join(pieces),
            final=True,
        )
        for i, (speaker, pieces) in enumerate(lines)
    ]
    check_quotes(utterances, drafter.update(utterances, now=NOW))


def test_an_endless_utterance_and_an_endless_talk_are_drafted_all_the_same(drafter: Drafter) -> None:
    utterances = said("我们村的路灯坏了" * 2500)
    check_quotes(utterances, drafter.update(utterances, now=NOW))
    utterances = said(*(f"这是第{i}句话路灯坏了" for i in range(500)))
    check_quotes(utterances, drafter.update(utterances, now=NOW))


def test_a_long_call_s_next_sentence_costs_what_one_sentence_costs(
    drafter: Drafter, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = [f"第{number}盏路灯也坏了" for number in range(60)]
    drafter.update(said(*talk), now=NOW)
    model = drafter._model
    judged: list[str] = []

    def counted(lines: Sequence[tuple[str, float]]) -> dict[str, float]:
        judged.extend(text for text, _ in lines if len(lines) == 1)
        return scores(lines)

    scores = model.scores
    monkeypatch.setattr(model, "scores", counted)
    drafter.update(said(*talk, "井盖也坏了"), now=NOW)
    assert judged == ["井盖也坏了"]
