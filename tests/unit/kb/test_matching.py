"""Which words matched, shown as the article writes them."""

from __future__ import annotations

import pytest

from kb.matching import asked, matched_initials, matched_words, sounded
from tests.unit.kb.samples import FUND, LIGHT, article


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("公积金怎么提取", {"公积金", "提取"}),
        ("工鸡金踢曲", {"公积金", "提取"}),
        ("gongjijin", {"公积金"}),
        ("退修了怎么办", {"退休"}),
        ("明天下雨", set()),
        ("怎么办", set()),
        ("金", set()),
    ],
)
def test_words_by_sound(query: str, words: set[str]) -> None:
    assert set(matched_words(asked(query, spoken=False), sounded(article(FUND)))) == words


def test_letters_that_were_spoken_are_no_pinyin() -> None:
    assert matched_words(asked("gongjijin", spoken=True), sounded(article(FUND))) == []


def test_a_stretch_never_crosses_from_one_word_to_another_line() -> None:
    light = sounded(article(LIGHT, title="路灯", keywords=["照明"], questions=["亮"], short_answer="", body=""))
    assert matched_words(asked("灯照", spoken=False), light) == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [("路灯坏了", True), ("陆登", True), ("ludeng", True), ("看不见", False), ("怎么办", False), ("报修", True)],
)
def test_on_topic_when_title_or_keywords_are_named(query: str, expected: bool) -> None:
    assert asked(query, spoken=False).on_topic(sounded(article(LIGHT))) is expected


def test_initials_show_the_words_meant() -> None:
    assert matched_initials("gjj", article(FUND)) == "公积金"
    assert matched_initials("xyz", article(FUND)) == ""
