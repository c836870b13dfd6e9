"""`hotline text`: lines in, lines of JSON out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from hotline.cli import app


def answers(*command: str, lines: bytes) -> list[Any]:
    done = CliRunner().invoke(app, ["text", *command], input=lines)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("command", "line", "answer"),
    [
        (("numerals",), "十栋十零一", {"text": "10栋1001"}),
        (("aloud",), "拨打95598", {"text": "拨打九五五九八"}),
        (("phone",), "0715-3061234转801", {"digits": "07153061234", "shown": "0715-3061234 转 801"}),
        (("phone",), "你好", {"digits": "", "shown": ""}),
        (("phones",), "电话幺三九幺二三四五六七八", {"phones": ["13912345678"]}),
        (
            ("when", "--called-at", "2026-11-26T02:00:00Z"),
            "昨天晚上十二点",
            {"start": "2026-11-26T00:00:00+08:00", "end": None, "words": "昨天晚上十二点"},
        ),
        (
            ("when", "--called-at", "2026-11-26"),
            "前天下午",
            {"start": "2026-11-24T12:00:00+08:00", "end": "2026-11-24T18:00:00+08:00", "words": "前天下午"},
        ),
        (("when",), "路灯坏了", {"start": None, "end": None, "words": ""}),
    ],
)
def test_each_command(command: tuple[str, ...], line: str, answer: dict[str, Any]) -> None:
    assert answers(*command, lines=line.encode()) == [answer]


def test_a_moment_that_is_none_is_refused() -> None:
    done = CliRunner().invoke(app, ["text", "when", "--called-at", "gestern"], input=b"")
    assert done.exit_code == 2
    assert "2026-11-26T10:00:00+08:00" in done.stderr


@given(st.lists(st.binary(max_size=40).filter(lambda line: b"\n" not in line and b"\r" not in line), max_size=30))
@hypothesis_settings(max_examples=5)
def test_any_bytes_are_answered_line_by_line(lines: list[bytes]) -> None:
    for command in ("numerals", "aloud", "phone", "phones", "when"):
        assert len(answers(command, lines=b"".join(line + b"\n" for line in lines))) == len(lines)
