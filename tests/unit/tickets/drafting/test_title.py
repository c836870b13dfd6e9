"""Titles of what has no clerk's word: the clause that tells what is wrong, without what a title does not need."""

from __future__ import annotations

import pytest

from tickets.drafting.title import LONGEST, make_title, proposal_title


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("手机上提取老是提示人脸不通过诉求人试了十几遍了诉求人问了客服", "反映手机上提取老是提示人脸不通过的问题"),
        ("诉求人就是刚住进去半年墙就裂了", "反映刚住进去半年墙就裂的问题"),
        ("那个配电箱的门一直敞着没人锁", "反映配电箱的门一直敞着没人锁的问题"),
    ],
)
def test_the_clause_that_tells_what_is_wrong_is_quoted(said: str, title: str) -> None:
    assert make_title("HELP", "", "", "", [(said, True)]) == title


def test_of_several_clauses_the_one_with_the_fault_is_chosen() -> None:
    told = [("诉求人在这里住了三年", True), ("窗户外面的空调滴水滴得睡不着", True), ("你们能不能帮忙看看", True)]
    assert make_title("HELP", "", "", "翠湖苑", told) == "反映翠湖苑窗户外面的空调滴水滴得睡不着的问题"


@pytest.mark.parametrize(
    ("wish", "title"),
    [
        ("建议根据天气和路段调整洒水降尘时间。", "建议根据天气和路段调整洒水降尘时间"),
        ("希望在城西公园增设儿童攀爬架，现有的器材都是老年款，年轻人没地方活动", "建议城西公园增设儿童攀爬架"),
        ("希望", ""),
    ],
)
def test_a_proposal_is_its_own_title(wish: str, title: str) -> None:
    assert proposal_title(wish) == title


@pytest.mark.parametrize("kind", ["HELP", "COMPLAINT", "REPORT", "SUGGEST", "CONSULT", "PRAISE"])
def test_no_title_is_longer_than_a_line(kind: str) -> None:
    said = "他们每天早上五点就在楼下放音乐吵得全楼的老人小孩都没法休息找了物业也找了社区都不管" * 3
    assert len(make_title(kind, "", "", "中津洲社区滨江一号九栋一单元", [(said, True)])) <= LONGEST
