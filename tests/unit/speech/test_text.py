from __future__ import annotations

from speech.hotwords import HotWords
from speech.text import ClerkText, joined


def test_chinese_words_are_joined_and_latin_ones_stay_apart() -> None:
    assert joined(["我", "要", "投诉"]) == "我要投诉"
    assert joined(["打开", "hotline", "app", "看"]) == "打开hotline app看"
    assert joined([]) == ""


def test_partials_are_written_in_digits_but_not_mended() -> None:
    text = ClerkText(HotWords(["桂花泉"]))
    assert text.written(["贵", "花", "全", "二", "十", "三", "号"]) == "贵花全23号"
    assert text.corrected(["贵", "花", "全", "二", "十", "三", "号"]) == "桂花泉23号"


def test_a_hot_word_with_a_numeral_is_not_counted() -> None:
    text = ClerkText(HotWords(["三一五大道"]))
    assert text.corrected(["三", "一", "五", "大道", "二", "十", "号"]) == "三一五大道20号"
