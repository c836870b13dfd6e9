from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from language.numerals import clerk_numbers
from tests.unit.language import spoken
from tests.unit.language.number_phrases import PHRASES


@pytest.mark.parametrize(("said", "written"), PHRASES, ids=[said for said, _ in PHRASES])
def test_as_a_clerk_writes_it(said: str, written: str) -> None:
    assert clerk_numbers(said) == written


def test_what_is_written_stays_as_it_is() -> None:
    for _, written in PHRASES:
        assert clerk_numbers(written) == written


def test_names_of_the_city_keep_their_numerals() -> None:
    assert clerk_numbers("在三一五路二十号", names=("三一五路",)) == "在三一五路20号"


@given(st.text("零一二两三四五六七八九幺十百千万亿点半几多个块元号楼月日年分之第星期的我", max_size=20))
def test_any_mixture_of_numerals_is_survived_and_loses_no_other_character(text: str) -> None:
    written = clerk_numbers(text)
    assert [c for c in written if c in "的我楼号"] == [c for c in text if c in "的我楼号"]


def value(written: str) -> int | None:
    """What a written amount is worth: 12000, 1.2万, 3500万, 1.05亿; None when it is (partly) in words."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([万亿]?)", written)
    if match is None:
        return None
    worth = Decimal(match[1]) * {"": 1, "万": 10**4, "亿": 10**8}[match[2]]
    return int(worth) if worth == int(worth) else -1


def never_wrong(said: str, number: int, before: str, after: str) -> bool:
    """The number is written right, or left in words. Answers whether it was written."""
    written = clerk_numbers(before + said + after)
    assert written.startswith(before) and written.endswith(after), written
    middle = written[len(before) : len(written) - len(after)]
    if middle == said:
        return False
    assert value(middle) == number, f"{said} became {middle}"
    return True


@given(
    spoken.amounts,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["", "一共", "收了我", "大概有"]),
    st.sampled_from(["元", "块钱", "米", "个人", "公斤", "户", "平方米"]),
)
def test_spoken_amounts_are_right_or_left(number: int, liang: bool, ten: bool, before: str, after: str) -> None:
    assert never_wrong(spoken.words(number, liang=liang, ten=ten), number, before, after)


@given(spoken.amounts, st.sampled_from(["", "赔了", "每月"]), st.sampled_from(["", "左右", "吧"]))
def test_short_amounts_are_right_or_left(number: int, before: str, after: str) -> None:
    said = spoken.short(number)
    if said is not None:
        never_wrong(said, number, before, after)


@given(
    st.integers(1, 99), st.integers(0, 9), st.sampled_from(["天", "个月", "次", "晚", "平米", "个人", "斤", "桌"])
)
def test_so_much_a_day_is_not_one_more(hundreds: int, ones: int, counted: str) -> None:
    number = hundreds * 100
    said = spoken.words(number) + "一" + counted
    assert str(number + 10) not in clerk_numbers(said)
    assert str(number + 100) not in clerk_numbers(said) or number < 1000
    assert clerk_numbers(said).endswith("一" + counted)


@given(
    st.integers(10, 40), st.integers(1, 9), st.sampled_from(["", "三栋", "二单元"]), st.sampled_from(["", "室"])
)
def test_flats_by_their_floor(floor: int, number: int, before: str, after: str) -> None:
    written = clerk_numbers(before + spoken.room(floor, number) + after)
    assert written.endswith(f"{floor}0{number}{after}")


@given(st.from_regex(r"\A[1-9][0-9]{4,17}\Z"), st.booleans())
def test_digits_said_one_by_one(digits: str, yao: bool) -> None:
    assert clerk_numbers("号码是" + spoken.digit_by_digit(digits, yao=yao)) == "号码是" + digits


@given(st.from_regex(r"\A(19|20)[0-9]\Z"))
def test_a_decade_is_no_year(start: str) -> None:
    said = spoken.digit_by_digit(start, yao=False) + "几年"
    assert clerk_numbers(said) == said
