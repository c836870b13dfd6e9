from __future__ import annotations

import pytest

from tests.unit.tickets.drafting.talking import talk
from tickets.drafting.phone import find_phones


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("我的电话是13586427903", "13586427903"),
        ("电话是一三五八六四二七九零三", "13586427903"),
        ("电话是一三五八六四耳七九零三", "13586427903"),  # as the recording was recognised
        ("幺三五 八六四二 七九洞三", "13586427903"),
        ("135-8642-7903", "13586427903"),
        ("家里电话是0715-3312233", "07153312233"),
        ("电话3312233", "07153312233"),
        ("电话3312233吧", "07153312233"),
        ("号码是一三五八六四二七九零三要不你记一下", "13586427903"),
        ("号码是一三五八六四二七九零散", "13586427903"),
        ("我的号码是零七一五三三一二二三三转八零一", "07153312233"),
    ],
)
def test_numbers_as_they_are_spoken(text: str, number: str) -> None:
    (found,) = find_phones(talk(text), "")["phone"]
    assert found.value == number
    assert found.quote in text
    assert text[found.start : found.end] == found.quote


@pytest.mark.parametrize(
    "text",
    [
        "警号是034567",
        "身份证号422325196305120031",
        "我的订单号是13912345678",
        "卡号六二二二零二一三九一二三四五六七八九零",
        "收了我2399块",
        "一共欠了28万多",
        "从今年3月份干到9月份",
        "一三五",
        "12345",
        "我家在56号3栋2单元401",
        "",
    ],
)
def test_other_numbers_are_no_telephones(text: str) -> None:
    assert find_phones(talk(text), "") == {}


def test_a_number_in_pieces() -> None:
    found = find_phones(talk("A: 您的电话", "135", "A: 嗯", "8642", "7903"), "")
    assert found["phone"][0].value == "13586427903"


def test_an_identity_card_in_pieces_is_no_telephone() -> None:
    lines = talk("A: 身份证号码说一下", "422325", "A: 嗯", "19900307", "A: 嗯", "1391")
    assert find_phones(lines, "") == {}


def test_the_spoken_number_beats_the_caller_id_and_a_read_back_confirms() -> None:
    alone = find_phones(talk("电话13586427903"), "13900000000")["phone"]
    assert [s.value for s in alone] == ["13586427903", "13900000000"]
    confirmed = find_phones(talk("电话13586427903", "A: 13586427903对吗"), "")["phone"]
    assert confirmed[0].confidence > alone[0].confidence


def test_the_agents_number_alone_is_nobodys() -> None:
    assert find_phones(talk("A: 您可以打07150000101问市场监管局"), "") == {}


def test_a_second_number_is_the_spare_one() -> None:
    found = find_phones(talk("电话13586427903", "打不通就打我老婆的13900000000"), "13586427903")
    assert [s.value for s in found["phone"]] == ["13586427903"]
    assert [s.value for s in found["phone_alt"]] == ["13900000000"]
