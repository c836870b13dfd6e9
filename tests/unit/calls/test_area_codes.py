"""Which other city's 12345 is meant by what a person types."""

from __future__ import annotations

import pytest

from calls.area_codes import find_hotline, hotline_at, hotline_name, other_hotlines
from language.phone import HOME_AREA, normalise


def test_every_number_is_an_area_code_and_12345() -> None:
    found = other_hotlines()
    assert len(found) > 300 and len({each.number for each in found}) == len(found)
    for each in found:
        assert normalise(f"{each.area}63061234"[: len(each.area) + 7]).kind == "landline", each
        assert each.place and each.name.endswith("12345")
    assert HOME_AREA not in {each.area for each in found}, "our own is no other city's"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("027", "02712345"),
        ("10", "01012345"),
        ("０２７", "02712345"),
        ("0717-12345", "071712345"),
        ("071712345", "071712345"),
        ("武汉", "02712345"),
        ("北京市12345", "01012345"),
        ("恩施", "071812345"),
        ("潜江市", "072812345"),
        ("吉林市", "043212345"),
    ],
)
def test_it_is_found_by_code_or_name(typed: str, number: str) -> None:
    found = find_hotline(typed)
    assert found is not None and found.number == number


@pytest.mark.parametrize(
    "typed",
    ["", "12345", "0715", "咸宁", "湖北省", "省", "市", "02", "0271234", "110", "0000", "9" * 400, "武\r\n汉x"],
)
def test_what_names_no_one_other_city_finds_nothing(typed: str) -> None:
    assert find_hotline(typed) is None


def test_names_for_people() -> None:
    assert (hotline_name("02712345"), hotline_name("01012345")) == ("武汉市12345", "北京市12345")
    assert hotline_name("072812345") == "仙桃市等地12345"
    assert (hotline_name("110"), hotline_at("13912345678")) == ("", None)
