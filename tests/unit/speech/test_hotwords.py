from __future__ import annotations

import os
from pathlib import Path

import pytest

from speech.hotwords import HotWordFile, HotWords

CITY = HotWords(
    [
        "天城",
        "天城镇",
        "石城",
        "沙坪",
        "桂花泉",
        "白霓",
        "路口",
        "高枧",
        "金塘",
        "青山水库",
        "港口乡",
        "铜钟",
        "五一路",
    ]
)


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("我住在贵花全", "我住在桂花泉"),
        ("添成镇的路灯", "天城镇的路灯"),
        ("沙平镇", "沙坪镇"),
        ("高剪乡", "高枧乡"),
        ("轻山水库旁边", "青山水库旁边"),
        ("路过港口向", "路过港口乡"),
        ("时城镇的集市", "石城镇的集市"),
    ],
)
def test_a_misheard_name_is_mended(heard: str, meant: str) -> None:
    assert CITY.mend(heard) == meant


@pytest.mark.parametrize(
    "text",
    [
        "请问老年优待证怎么办",
        "我家的房子在三楼最近一下雨墙上就渗水",
        "家长的车把整条马路都堵满了公交车都过不去",
        "天成了这样",
        "他今天成绩不好",
        "时成时败",
        "",
        "hello 123",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert CITY.mend(text) == text


def test_a_name_that_was_heard_right_is_never_turned_into_another() -> None:
    twins = HotWords(["石城", "时成"])
    assert twins.mend("石城和时成") == "石城和时成"
    assert twins.mend("十成") == "十成", "two names sound so: nobody knows which was meant"


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "hotwords.txt"
    file = HotWordFile(path)
    assert file.current().words == ()
    path.write_text("\ufeff桂花泉 # 镇\n\n# 只是说明\n石城\n石城\nnot chinese\n", encoding="utf-8")
    first = file.current()
    assert first.words == ("桂花泉", "石城"), "comments, repeats and what is not Chinese do not count"
    path.write_text("天城\n", encoding="utf-8")
    os.utime(path, (1, 1))
    assert file.current().words == ("天城",)
    assert "天城" not in first.words, "a running call keeps its words"
    path.unlink()
    assert file.current().words == ()


def test_an_unreadable_file_breaks_no_call(tmp_path: Path) -> None:
    assert HotWordFile(tmp_path).current().words == ()
    path = tmp_path / "binary.txt"
    path.write_bytes(bytes(range(256)) * 10)
    assert HotWordFile(path).current().words == ()
