from __future__ import annotations

import pytest

from tests.unit.tickets.drafting.talking import talk
from tickets.drafting.person import find_person


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["我叫陈建华电话是13586427903"], "陈建华"),
        (["我叫李志强今年62岁"], "李志强"),
        (["我叫田有福"], "田有福"),
        (["我叫姚远"], "姚远"),
        (["我叫欧阳春晓我要投诉"], "欧阳春晓"),
        (["A: 您贵姓", "免贵姓汪汪海燕"], "汪海燕"),
        (["A: 您贵姓", "我姓刘叫刘春梅"], "刘春梅"),
        (["A: 您贵姓", "我姓石石头的石叫石满堂"], "石满堂"),
        (["A: 您的姓名", "陶金凤陶瓷的陶"], "陶金凤"),
        (["A: 您贵姓", "我姓罗", "A: 罗先生好的"], "罗先生"),
        (["A: 请问怎么称呼", "我姓曾", "A: 曾女士您的诉求是什么"], "曾女士"),
        (["A: 您贵姓", "我姓甘"], "甘某"),
        (["A: 您贵姓", "姓夏夏天的夏"], "夏某"),
    ],
)
def test_names(lines: list[str], name: str) -> None:
    assert find_person(talk(*lines))["appellant_name"][0].value == name


@pytest.mark.parametrize(
    "lines",
    [
        ["A: 您贵姓", "不要透露我的姓名我不想说"],
        ["A: 姓名方便留一下吗", "我就不说了"],
        ["我匿名反映"],
        ["A: 怎么称呼您", "姓名保密吧"],
    ],
)
def test_anonymous(lines: list[str]) -> None:
    assert find_person(talk(*lines))["appellant_name"][0].value == "匿名"


@pytest.mark.parametrize(
    "lines",
    [
        ["我们村的路灯坏了"],
        ["A: 网吧叫什么名字", "叫极速网吧"],
        ["A: 您知道她叫什么名字吗", "工牌上写的是王雪"],
        ["户主叫吴大勇"],
        ["让他们叫张经理来"],
    ],
)
def test_others_names_are_not_the_callers(lines: list[str]) -> None:
    assert "appellant_name" not in find_person(talk(*lines))


def test_who_gives_a_name_but_wants_secrecy_keeps_the_name() -> None:
    found = find_person(talk("我叫鲁大成但是你们要给我保密"))
    assert found["appellant_name"][0].value == "鲁大成"
    assert found["confidential"][0].value == "HIDE_FROM_UNIT"


def test_gender_by_address_and_by_family() -> None:
    assert find_person(talk("我姓黄", "A: 好的黄先生"))["gender"][0].value == "MALE"
    assert find_person(talk("我老公是通山的"))["gender"][0].value == "FEMALE"
    assert "gender" not in find_person(talk("我姓黄"))


def test_quotes_are_the_words() -> None:
    text = "喂我叫陈建华"
    (name,) = find_person(talk(text))["appellant_name"]
    assert text[name.start : name.end] == name.quote == "陈建华"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("我叫葛曾䮌电话是", "葛曾䮌"),
        ("我叫古丽米热·艾比布力，住在城关镇", "古丽米热·艾比布力"),
        ("我叫司马青青", "司马青青"),
        ("本人陈建国，身份证号", "陈建国"),
    ],
)
def test_whole_names(text: str, name: str) -> None:
    assert find_person(talk(text))["appellant_name"][0].value == name


@pytest.mark.parametrize(
    "text",
    [
        "本人于去年购买",
        "本人曾在工地上班",
        "本人尚未验收",
        "老百姓和政府",
        "广大百姓解决问题",
        "同姓和平相处",
        "百姓安居",
    ],
)
def test_pieces_of_words_are_no_names(text: str) -> None:
    assert "appellant_name" not in find_person(talk(text))
