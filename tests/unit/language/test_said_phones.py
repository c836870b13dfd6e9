"""Telephone numbers in running text: whole, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from language.said_phones import said_phones

SPOKEN = "零一二三四五六七八九"


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("我的电话是13586427903", ["13586427903"]),
        ("幺三五八六四二七九零三", ["13586427903"]),
        ("手机号一三九 一二三四 五六七八谢谢", ["13912345678"]),
        ("幺三五 八六四二 七九洞三", ["13586427903"]),
        ("135-8642-7903", ["13586427903"]),
        ("家里电话零七一五杠三三一二二三三", ["07153312233"]),
        ("你打0715-3312233转801", ["07153312233"]),
        ("区号零二七 八七六五四三二一", ["02787654321"]),
        ("电话3312233", ["07153312233"]),
        ("座机号码是三三一二二三三", ["07153312233"]),
        ("客服电话四零零八零零幺二三四", ["4008001234"]),
        ("+86 139 1234 5678", ["13912345678"]),
        ("13586427903，打不通就打13900000000", ["13586427903", "13900000000"]),
        ("1358642790313900000000", ["13586427903", "13900000000"]),
        ("电话零七一五三三一二二三三 或者一三九零零零零零零零零", ["07153312233", "13900000000"]),
        ("我住18栋 电话13586427903", ["13586427903"]),
        ("订单号是20261126008，电话是13586427903", ["13586427903"]),
        # other countries and regions: whole
        ("我在香港号码是+852 9123 4567", ["0085291234567"]),
        ("零零八五二九一二三四五六七", ["0085291234567"]),
        ("0014155550100是他美国的号", ["0014155550100"]),
    ],
)
def test_numbers_as_they_are_said(text: str, numbers: list[str]) -> None:
    assert [phone.digits for phone in said_phones(text)] == numbers


@pytest.mark.parametrize(
    "text",
    [
        "身份证号四二二三二五一九六三零五一二零零三幺",
        "身份证130102199003071234",
        "一三零一零二一九九零零三零七一二三四",
        "身份证号码是 130102 19900307 1234",
        "我的卡号6222021391234567890",
        "银行卡 6222 0213 9123 4567 890",
        "订单号13912345678",
        "快递单号是幺三九幺二三四五六七八",
        "工单202611260003",
        "户号3061234",
        "编号 1391234567",
        "139123456789",
        "1391234567",
        "一共13912345678元",
        "社会信用代码91421200139123456X",
        "车架号LSV13912345678901",
        "香港号码九一二三四五六七",
        "他香港的电话是85291234567",
        "电话00",
        "电话一三五",
        "请打12345",
        "收了我2399块",
        "从2019年3月12日到2020年",
        "经度114.1234567纬度29.7654321",
        "",
    ],
)
def test_other_numbers_are_no_telephones(text: str) -> None:
    assert said_phones(text) == []


def test_where_it_stands_in_the_text() -> None:
    text = "你打一三五八六四二七九零三找我"
    (phone,) = said_phones(text)
    assert text[phone.start : phone.end] == "一三五八六四二七九零三"


@given(st.from_regex(r"\A[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9])[0-9]{4}\Z"))
def test_no_identity_card_is_a_telephone(number: str) -> None:
    assert said_phones("我的是" + number) == []
    assert said_phones("我的是" + "".join(SPOKEN[int(d)] for d in number)) == []


@given(st.from_regex(r"\A1[3-9][0-9]{9}\Z"), st.sampled_from(["", "-", " "]))
def test_every_mobile_is_found(number: str, gap: str) -> None:
    written = gap.join((number[:3], number[3:7], number[7:]))
    assert [p.digits for p in said_phones(f"喂我的电话是{written}你记一下")] == [number]
    spoken = "".join(SPOKEN[int(d)] for d in number).replace("一", "幺")
    assert [p.digits for p in said_phones(f"电话是{spoken}你记一下")] == [number]


@given(st.text("零一二三四五六七八九幺0123456789 -+转杠电话的", max_size=40))
@example("+10000000000000")
@example("+123456789012345")
@example("+1234567890123456")
def test_whatever_is_said_only_whole_numbers_come_out(text: str) -> None:
    for phone in said_phones(text):
        longest = 17 if phone.digits.startswith("00") else 12  # "00" and fifteen digits; an area code and eight
        assert 7 <= len(phone.digits) <= longest
        assert phone.digits.isascii() and phone.digits.isdigit()
        assert 0 <= phone.start < phone.end <= len(text)
