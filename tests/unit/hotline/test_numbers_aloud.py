from __future__ import annotations

import pytest

from hotline.numbers_aloud import aloud, amount


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"),
        (7, "七"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (1005, "一千零五"),
        (1050, "一千零五十"),
        (10000, "一万"),
        (10005, "一万零五"),
        (100000, "十万"),
        (120500, "十二万零五百"),
        (100000000, "一亿"),
        (100010001, "一亿零一万零一"),
    ],
)
def test_amounts(number: int, words: str) -> None:
    assert amount(number) == words


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("按1转人工", "按一转人工"),
        ("拨打12345", "拨打幺二三四五"),
        ("拨打110", "拨打幺幺零"),
        ("13912345678", "幺三九幺二三四五六七八"),
        ("等待25秒", "等待二十五秒"),
        ("2026年3月5日", "二零二六年三月五日"),
        ("8:05开门", "八点零五分开门"),
        ("17:00", "十七点"),
        ("15%", "百分之十五"),
        ("3.5元", "三点五元"),
        ("0715", "零七幺五"),
        ("没有数字", "没有数字"),
    ],
)
def test_numbers_in_sentences(text: str, said: str) -> None:
    assert aloud(text) == said


def test_no_length_of_digits_breaks_it() -> None:
    for length in range(1, 60):
        assert aloud("9" * length + ".9" + "%")
