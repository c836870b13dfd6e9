from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from openpyxl import Workbook

from accounts import sheet

HEADINGS = ("账号", "姓名")


def book(*rows: Sequence[object], change: Callable[[Workbook], None] = lambda _: None) -> bytes:
    made = Workbook()
    page = made.active
    assert page is not None
    for row in ([*HEADINGS], *rows):
        page.append(row)
    change(made)
    kept = io.BytesIO()
    made.save(kept)
    return kept.getvalue()


def repacked(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The same file with one part changed."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            text = old.read(entry)
            new.writestr(entry.filename, change(text) if entry.filename == part else text)
    return kept.getvalue()


def test_rows_have_the_numbers_that_the_spreadsheet_shows() -> None:
    rows = sheet.read(book(["limin", "李敏"], [], [8001, " 张伟\u200b "], [8002.0, None]), HEADINGS)
    assert [(row.number, row.cells, row.fault) for row in rows] == [
        (2, ("limin", "李敏"), ""),
        (4, ("8001", "张伟"), ""),
        (5, ("8002", ""), ""),
    ]


def test_what_we_write_we_read() -> None:
    data = sheet.write({"账号": [list(HEADINGS), ["limin", "李敏"]]})
    assert sheet.read(data, HEADINGS)[0].cells == ("limin", "李敏")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["=1+1", "李"], "第 1 列是公式"),
        (["ok", "=HYPERLINK(\"http://x\")"], "第 2 列是公式"),
        (["ok", True], "第 2 列不是文字"),
        (["ok", "长" * 201], "超过 200 个字"),
        (["ok", "李", "多"], "多出一列"),
    ],
)  # fmt: skip
def test_a_row_that_is_not_plain_is_named(row: list[object], said: str) -> None:
    good, bad = sheet.read(book(["limin", "李敏"], row), HEADINGS)
    assert good.fault == "" and bad.number == 3 and said in bad.fault


def test_merged_cells_are_refused_in_each_row_they_touch() -> None:
    def merge(made: Workbook) -> None:
        assert made.active is not None
        made.active.merge_cells("B3:B4")

    rows = sheet.read(book(["a1", "甲"], ["b2", "乙"], ["c3", ""], ["d4", "丁"], change=merge), HEADINGS)
    assert [row.number for row in rows if "合并单元格（B3:B4）" in row.fault] == [3, 4]


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"<html>", b"a,b\n1,2\n", book()[:-200]])
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(sheet.NotASheet, match="已损坏"):
        sheet.read(data, HEADINGS)


def test_other_headings_are_refused() -> None:
    with pytest.raises(sheet.NotASheet, match="第一行应依次为"):
        sheet.read(book(["limin", "李敏"]), ("姓名", "账号"))


def test_too_many_rows_are_refused_also_far_below() -> None:
    def far(made: Workbook) -> None:
        assert made.active is not None
        made.active["A5000"] = "limin"

    assert len(sheet.read(book(*[[f"a{n}", "李"] for n in range(sheet.MAX_ROWS)]), HEADINGS)) == sheet.MAX_ROWS
    for data in (book(*[[f"a{n}", "李"] for n in range(sheet.MAX_ROWS + 1)]), book(change=far)):
        with pytest.raises(sheet.NotASheet, match="最多 200 行"):
            sheet.read(data, HEADINGS)


def test_a_small_file_that_grows_is_refused() -> None:
    big = repacked(book(["a1", "甲"]), "docProps/core.xml", lambda _: b" " * (sheet.MAX_UNPACKED + 1))
    assert len(big) < sheet.MAX_BYTES
    with pytest.raises(sheet.NotASheet, match="展开后过大"):
        sheet.read(big, HEADINGS)
    with pytest.raises(sheet.NotASheet, match="不能大于"):
        sheet.read(b"x" * (sheet.MAX_BYTES + 1), HEADINGS)


def replaced(text: bytes, _: bytes) -> bytes:
    return text


def test_declarations_are_refused_in_every_coding() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    for text in (bomb.encode(), bomb.encode("utf-16")):
        data = repacked(book(["a1", "甲"]), "xl/worksheets/sheet1.xml", partial(replaced, text))
        with pytest.raises(sheet.NotASheet, match="不允许的内容"):
            sheet.read(data, HEADINGS)
