"""Article files: what is right is read, what is wrong is named with file and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from kb.sections import HEADINGS
from kb.source import ArticleError, parse_article, read_folder

FRONT = """\
---
id: street-light
title: 路灯不亮怎么报修
questions:
  - 灯不亮
  - 灯一直亮
  - 灯杆歪了
category: 1106
owner: 城管局
keywords: [路灯, 12319]
valid_from: 2026-01-01
valid_until: 2027-12-31
basis:
  - 《城市照明管理规定》
---
"""
SECTIONS = "".join(f"## {name}\n{name}的内容。\n" for name in HEADINGS)
GOOD = FRONT + SECTIONS


def problems(text: str) -> list[str]:
    with pytest.raises(ArticleError) as caught:
        parse_article(text, "x.md")
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_a_good_article() -> None:
    article = parse_article(GOOD, "x.md")
    assert article.id == "street-light"
    assert article.category == "1106"
    assert article.keywords == ["路灯", "12319"]
    assert article.short_answer == "简要答复的内容。"
    assert article.body.startswith("## 办理对象\n") and "简要答复" not in article.body
    assert article.valid_until == date(2027, 12, 31)


def test_windows_line_ends_and_a_byte_order_mark_do_not_matter() -> None:
    assert parse_article("\ufeff" + GOOD.replace("\n", "\r\n"), "x.md") == parse_article(GOOD, "x.md")


def test_the_hash_follows_content_not_layout() -> None:
    same = parse_article(GOOD.replace("owner: 城管局", 'owner:   "城管局"'), "x.md")
    other = parse_article(GOOD.replace("办理地点的内容", "县城"), "x.md")
    assert same.sha256 == parse_article(GOOD, "x.md").sha256 != other.sha256


@pytest.mark.parametrize(
    ("wrong", "right", "message"),
    [
        ("---\nid:", "id:", "x.md:1: must begin with front matter between two lines ---"),
        ("title: 路灯不亮怎么报修", "title: [路灯", "x.md:4: front matter is not YAML"),
        ("title: 路灯不亮怎么报修", "tilte: 路灯", "x.md:3: tilte is unknown"),
        (
            "title: 路灯不亮怎么报修",
            "title: " + "长" * 121,
            "x.md:3: title is 121 characters long, at most 120 fit",
        ),
        ("title: 路灯不亮怎么报修", "id: again", "x.md:3: id is given twice"),
        ("title: 路灯不亮怎么报修\n", "", "x.md:1: title is missing"),
        ("id: street-light", "id: Street Light", "x.md:2: id 'Street Light' does not fit"),
        ("category: 1106", "category: 路灯", "x.md:8: category '路灯' does not fit"),
        ("  - 灯杆歪了\n", "", "x.md:5: questions needs at least 3, has 2"),
        ("  - 灯杆歪了", "  - 灯杆: 歪了", "x.md:7: questions: an entry must be a text"),
        ("keywords: [路灯, 12319]", "keywords: 路灯", "x.md:10: keywords must be a list"),
        ("valid_until: 2027-12-31", "valid_until: 明年", "x.md:12: valid_until must be a date"),
        ("valid_until: 2027-12-31", "valid_until: 2025-12-31", "x.md:12: valid_until 2025-12-31 is before"),
        ("## 收费标准\n收费标准的内容。\n", "", "x.md:16: sections are missing: 收费标准"),
        ("## 收费标准\n", "## 费用\n", "x.md:26: section '费用' is unknown"),
        ("收费标准的内容。\n", "", "x.md:26: section 收费标准 is empty"),
        ("## 简要答复\n", "前言\n## 简要答复\n", "x.md:16: text before ##"),
        ("简要答复的内容。", "答" * 401, "x.md:16: 简要答复 has 401 characters, at most 400"),
    ],
)
def test_a_mistake_is_named_with_its_line(wrong: str, right: str, message: str) -> None:
    assert wrong in GOOD
    found = problems(GOOD.replace(wrong, right, 1))
    assert any(problem.startswith(message) for problem in found), found


def test_sections_out_of_order_or_twice() -> None:
    twice = GOOD + "## 收费标准\n还有。\n"
    assert "each once and in this order" in problems(twice)[0]


def test_all_mistakes_are_named_at_once() -> None:
    text = GOOD.replace("category: 1106", "category: x").replace("## 收费标准\n", "## 费用\n")
    assert len(problems(text)) >= 3


@pytest.mark.parametrize(
    "hostile", ["", "---", "---\n---\n", "---\n- a\n---\n", "\0", "---\n!!python/object:os.x {}\n---\n"]
)
def test_hostile_files_are_refused(hostile: str) -> None:
    assert problems(hostile)


def test_a_folder_reports_the_broken_and_keeps_the_good(tmp_path: Path) -> None:
    (tmp_path / "street-light.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "other-name.md").write_text(GOOD, encoding="utf-8")
    (tmp_path / "broken.md").write_text("nothing", encoding="utf-8")
    (tmp_path / "bytes.md").write_bytes(b"---\xff\xfe")
    articles, found = read_folder(tmp_path)
    assert [article.id for article in articles] == ["street-light"]
    assert sorted(problem.split(":")[0] for problem in found) == ["broken.md", "bytes.md", "other-name.md"]
