from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_desk.web.strict_json import DEEPEST, NotJson, depth, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


def levels(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(levels, value), default=0)
    return 0


@given(VALUES, st.booleans())
def test_what_json_can_say_is_read(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert depth(text) == levels(value)
    if levels(value) <= DEEPEST and "\\ud" not in text:
        assert parse(text.encode("utf-8", "surrogatepass")) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 9 + b"]" * 9,
        b'{"a": NaN}',
        b"-Infinity",
        b'{"a": 1, "a": 2}',
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b"\xff\xfe",
        b"",
        b'{"a": 1',
        b"1" * 5000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_no_json_of_ours_is_refused(raw: bytes) -> None:
    with pytest.raises(NotJson):
        parse(raw)


def test_brackets_in_strings_are_no_levels() -> None:
    assert depth(r'{"a": "[[[[\"[[[[", "b": ["]"]}') == 2
    assert depth('"[[[[') == 0
    assert parse('"😀"'.encode()) == "😀"
    assert parse(rb'"\ud83d\ude00"') == "😀"
