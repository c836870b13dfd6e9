"""Rows of an XLSX file from outside: plain cells of its first sheet, and nothing larger than it looks.

A formula would show one thing and mean another, merged cells hide which row a value belongs to: both are refused.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from openpyxl import Workbook, load_workbook

MAX_BYTES = 180_000
"""Of the file; a sheet of `MAX_ROWS` is a tenth of it."""
MAX_UNPACKED = 8_000_000
MAX_PARTS = 200
MAX_ROWS = 200
"""Rows below the heading: each needs the hash of a password, which takes a twentieth of a second."""
MAX_CELL = 200
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_CELL = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")


class NotASheet(Exception):
    """The whole file cannot be read; the message is for people."""


@dataclass(slots=True)
class Row:
    """`number` as the spreadsheet shows it; `fault` is "" when all its cells are plain."""

    number: int
    cells: tuple[str, ...]
    fault: str = ""


@dataclass(slots=True)
class _Shape:
    """What a first look at the sheet's XML tells."""

    last_row: int = 0
    merged: dict[int, str] = field(default_factory=dict)


def read(data: bytes, headings: tuple[str, ...]) -> list[Row]:
    """The rows below the headings that hold anything. Blocks; raises NotASheet."""
    _check_parts(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and extensions that it does not know
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
            try:
                sheet = book.worksheets[0]
                shape = _look(data, sheet._worksheet_path)
                if shape.last_row > MAX_ROWS + 1:
                    raise NotASheet(f"最多 {MAX_ROWS} 行，这个文件到第 {shape.last_row} 行，请分几次导入。")
                found = list(sheet.iter_rows(min_row=1, max_row=max(1, shape.last_row), max_col=len(headings) + 1))
            finally:
                book.close()
    except NotASheet:
        raise
    except Exception as error:  # whatever a broken file makes the library raise
        raise NotASheet("文件已损坏，或不是 Excel 工作簿（.xlsx）。") from error
    if not found or [_plain(cell) for cell in found[0]][: len(headings)] != list(headings):
        raise NotASheet(f"第一行应依次为：{'、'.join(headings)}。请使用下载的模板。")
    rows = [_row(number, cells, shape, len(headings)) for number, cells in enumerate(found, 1) if number > 1]
    return [row for row in rows if row.fault or any(row.cells)]


def write(sheets: dict[str, list[list[str]]]) -> bytes:
    """A workbook of text cells, by name of its sheets. Blocks."""
    book = Workbook(write_only=True)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _check_parts(data: bytes) -> None:
    """Sizes before anything is unpacked, and no declarations that could make a small part grow."""
    if len(data) > MAX_BYTES:
        raise NotASheet(f"文件不能大于 {MAX_BYTES // 1000} KB。")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            entries = parts.infolist()
            if len(entries) > MAX_PARTS or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
                raise NotASheet("文件展开后过大，请另存为只含账号表的新工作簿。")
            for entry in entries:
                with parts.open(entry) as part:
                    # The directory may lie about sizes: no more is read than it says.
                    text = part.read(entry.file_size + 1)
                if (
                    len(text) > entry.file_size
                    or b"<!DOCTYPE" in text
                    or b"<!ENTITY" in text
                    or _wide(entry, text)
                ):
                    raise NotASheet("文件含有不允许的内容，请使用下载的模板。")
    except NotASheet:
        raise
    except Exception as error:  # encrypted, cut off, an unknown compression
        raise NotASheet("文件已损坏，或不是 Excel 工作簿（.xlsx）。") from error


def _wide(entry: zipfile.ZipInfo, text: bytes) -> bool:
    """XML in two bytes a character, in which the declarations would be overlooked."""
    return entry.filename.endswith((".xml", ".rels")) and b"\0" in text


def _look(data: bytes, path: str) -> _Shape:
    shape, number = _Shape(), 0
    with zipfile.ZipFile(io.BytesIO(data)) as parts, parts.open(path) as part:
        for _, element in ElementTree.iterparse(part):  # noqa: S314 (declarations were refused before)
            if element.tag == f"{_MAIN}row":
                given = element.get("r", "")
                number = int(given) if given.isascii() and given.isdigit() and len(given) < 8 else number + 1
                if any(len(cell) for cell in element):
                    shape.last_row = max(shape.last_row, number)
                element.clear()
            elif element.tag == f"{_MAIN}mergeCell":
                ends = _CELL.findall(element.get("ref", ""))
                shape.merged[int(ends[0][1]) if ends else 1] = element.get("ref", "")
    return shape


def _row(number: int, cells: tuple[Any, ...], shape: _Shape, width: int) -> Row:
    texts = tuple(_plain(cell) for cell in cells[:width])
    merged = [ref for first, ref in shape.merged.items() if first <= number <= _last(ref)]
    if merged:
        return Row(number, texts, f"有合并单元格（{merged[0]}），请取消合并。")
    for at, cell in enumerate(cells):
        if cell.data_type == "f":
            return Row(number, texts, f"第 {at + 1} 列是公式，请改成文字。")
        if cell.value is not None and cell.data_type not in {"s", "n", "inlineStr", "str"}:
            return Row(number, texts, f"第 {at + 1} 列不是文字或数字。")
        if len(_plain(cell)) > MAX_CELL:
            return Row(number, texts, f"第 {at + 1} 列超过 {MAX_CELL} 个字。")
    if len(cells) > width and _plain(cells[width]):
        return Row(number, texts, "右边多出一列，请使用下载的模板。")
    return Row(number, texts)


def _last(ref: str) -> int:
    ends = _CELL.findall(ref)
    return int(ends[-1][1]) if ends else 1


def _plain(cell: Any) -> str:
    """The cell as text; 8001 is kept by spreadsheets as a number."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "".join(char for char in str(value) if char.isprintable()).strip()
