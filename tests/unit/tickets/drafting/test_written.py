"""Title and content of talks as a recogniser writes them: cases in written_cases.yaml."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from language.sounds import syllable
from tests.unit.tickets.drafting.talking import said, talk
from tickets.drafting.clauses import Role, clauses_of, cut
from tickets.drafting.clerk import written
from tickets.drafting.drafter import Drafter
from tickets.drafting.title import LONGEST, make_title

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parent / "written_cases.yaml").read_text(encoding="utf-8")
)
HOMOPHONES = [
    "路陆录鹿",
    "灯登",
    "村春",
    "老劳",
    "在再",
    "了乐",
    "坏怀",
    "是事市",
    "修休",
    "不布步",
    "人仁",
    "们门",
]


def drafted(drafter: Drafter, lines: list[str]) -> tuple[str, str]:
    found = drafter.update(said(*lines))
    title, content = (found[name][0].value if name in found else "" for name in ("title", "content"))
    return title, content


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_a_clerk_would_write_it_so(drafter: Drafter, case: dict[str, Any]) -> None:
    title, content = drafted(drafter, case["said"])
    told = "content" in case
    assert bool(title) == told, title
    assert bool(content) == told, content
    assert len(title) <= LONGEST
    if "title" in case:
        assert title == case["title"]
    for words in case.get("in_title", ()):
        assert words in title
    for words in case.get("content", ()):
        assert words in content
    for words in [*case.get("never", ()), "我", "其"]:
        assert words not in title + content
    assert not re.search(r"[，。]{2}|：，|，$", content)


@pytest.mark.parametrize("seed", range(12))
def test_misheard_characters_bring_no_small_talk_in_and_nothing_unsaid(drafter: Drafter, seed: int) -> None:
    chance = random.Random(seed)
    alike = {char: group for group in HOMOPHONES for char in group}
    lines = [
        "".join(chance.choice(alike[char]) if char in alike and chance.random() < 0.3 else char for char in line)
        for line in CASES[0]["said"][2:7]
    ]
    title, content = drafted(drafter, ["喂你好", *lines, "谢谢再见"])
    assert 0 < len(title) <= LONGEST
    for words in ("喂", "谢谢", "再见", "一个问题"):
        assert words not in title + content
    # A clerk's words for what was said, and no others: everything else sounds like something that was said.
    heard = {syllable(char) for line in lines for char in line}
    clerks = "诉求人来电反映咨询投诉举报建议求助表扬：，。自名的天城镇白泉村路段损坏问题不亮解决事项缺失希望"
    assert {char for char in content if syllable(char) not in heard} <= set(clerks)


def cuts(text: str) -> list[str]:
    (line,) = talk(text)
    return [line.read[start:end] for start, end in cut(line, ())]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("我们村的路灯坏了希望你们来修", ["我们村的路灯坏了", "希望你们来修"]),
        ("是政府热线吗我想反映一个问题", ["是政府热线吗", "我想反映一个问题"]),
        ("晚上看不见路前天还有一个老人摔倒了", ["晚上看不见路", "前天还有一个老人摔倒了"]),
        ("收了我四十五块钱", ["收了我四十五块钱"]),
        ("围墙倒了一截", ["围墙倒了一截"]),
        ("路灯从上周三开始就全都不亮", ["路灯从上周三开始就全都不亮"]),
        ("申请低保要什么材料", ["申请低保要什么材料"]),
        ("低保怎么申请要哪些条件", ["低保怎么申请", "要哪些条件"]),
    ],
)
def test_where_clauses_are_cut(text: str, parts: list[str]) -> None:
    assert cuts(text) == parts


def test_what_clauses_are_for() -> None:
    lines = talk("喂你好我想反映一个问题", "我叫陈建华", "我们村的路灯坏了", "谢谢")
    roles = [clause.role for clause in clauses_of(lines, private=[], places=[])]
    assert [role for role in roles if role is not Role.IDLE] == [Role.PERSON, Role.TOLD]
    assert roles[0] is roles[-1] is Role.IDLE


@pytest.mark.parametrize(
    ("said", "place", "text", "owned"),
    [
        ("我们村的路灯坏了", "白泉村", "路灯坏了", True),
        ("我们村的路灯坏了", "", "该村的路灯坏了", False),
        ("我家的房子在三楼", "白泉村", "家中房子在三楼", False),
        ("司机收了我四十五块钱", "", "司机收了诉求人四十五块钱", False),
    ],
)
def test_the_callers_pronouns(said: str, place: str, text: str, owned: bool) -> None:
    assert written(said, place) == (text, owned)


def test_a_long_place_gives_way_before_the_matter() -> None:
    title = make_title(
        "COMPLAINT", "", "", "天城镇中津洲社区滨江一号九栋一单元", [("物业不打扫卫生垃圾堆成山", True)]
    )
    assert title == "投诉中津洲社区滨江一号九栋一单元物业不打扫卫生垃圾堆成山问题"
    assert make_title("HELP", "", "", "白泉村", []) == ""
