"""`hotline calendar`: the arrangement of a year is shown, entered, and refused where it is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from hotline.commands.calendar import days_in
from runtime.errors import UserError


def test_days_are_read_in_either_language(tmp_path: Path) -> None:
    file = tmp_path / "2027.csv"
    file.write_text(
        "\ufeff# 2027\n2027-02-06,off,春节\n2027-02-14,班,春节调休\n\n2027-01-01,休\n", encoding="utf-8"
    )
    found = {str(day): said for day, said in days_in(file, 2027).items()}
    assert found == {
        "2027-02-06": (False, "春节"),
        "2027-02-14": (True, "春节调休"),
        "2027-01-01": (False, ""),
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names no day"),
        ("2027-02-30,off,春节", "line 1"),
        ("2027-02-06,maybe,春节", "line 1"),
        ("2027-02-06", "line 1"),
        ("2027-02-06,off\n2028-01-01,off,元旦", "line 2: 2028-01-01 is not in 2027"),
    ],
)
def test_what_is_no_arrangement_is_refused_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "2027.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=told):
        days_in(file, 2027)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UserError, match="cannot be read"):
        days_in(file, 2027)
