"""Whom the matter concerns: names whole, and nothing that is no name."""

from __future__ import annotations

import pytest

from tests.unit.tickets.drafting.talking import talk
from tickets.drafting.subject import find_subject


def subject(text: str) -> str:
    found = find_subject(talk(text), [], "", "")
    return found["subject"][0].value if "subject" in found else ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("开发商崇阳县金源房地产开发有限公司去年就应该交房", "崇阳县金源房地产开发有限公司"),
        ("我在旺达汽车销售有限公司买了一辆车", "旺达汽车销售有限公司"),
        ("我在爱尚健身房办了两年的卡", "爱尚健身房"),
        ("由湖北宏达建设集团承建的工地欠我们工资", "湖北宏达建设集团"),
        ("孩子在小太阳幼儿园被老师打了", "小太阳幼儿园"),
        ("被物业公司丽景物业公司多收了钱", "丽景物业公司"),
    ],
)
def test_names_are_whole(text: str, name: str) -> None:
    assert subject(text) == name


def test_somebody_in_a_letter() -> None:
    assert subject("邻居李某某把垃圾堆在我家门口") == "李某某"
    assert subject("某些人不讲理") == ""


@pytest.mark.parametrize("text", ["公司不发工资", "我们店里的事", "附近没有银行"])
def test_a_kind_alone_is_no_name(text: str) -> None:
    assert subject(text) == ""
