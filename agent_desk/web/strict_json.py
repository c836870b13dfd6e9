"""JSON from outside: its depth is looked at before it is parsed, and what JSON does not know is refused."""

from __future__ import annotations

import json
import re
from typing import Any, Never

DEEPEST = 8
"""Levels of lists and objects; the deepest body of ours has three."""


class NotJson(ValueError):
    """The text is no JSON that we take."""


def parse(raw: bytes | str) -> Any:
    """The value of a JSON text. Raises NotJson: bad UTF-8, too deep, a name said twice, NaN, half a character."""
    try:
        text = raw.decode() if isinstance(raw, bytes) else raw
        if depth(text) > DEEPEST:
            raise NotJson("too deep")
        value = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_each_once)
        if "\\u" in text:  # only an escape can write half a character: UTF-8 has been decoded strictly
            _whole(value)
    except NotJson:
        raise
    except ValueError as error:
        raise NotJson(type(error).__name__) from None
    return value


_MARKS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)
"""A string, closed or not; a bracket that opens; one that closes."""


def depth(text: str) -> int:
    """How many levels of brackets a JSON text opens at most; those inside its strings do not count."""
    deepest = level = 0
    for mark in _MARKS.finditer(text):
        match text[mark.start()]:
            case "[" | "{":
                level += 1
                deepest = max(deepest, level)
            case "]" | "}":
                level -= 1
    return deepest


def _no_constant(name: str) -> Never:
    raise NotJson(f"{name} is no JSON number")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise NotJson("a name is said twice")
    return made


def _whole(value: Any) -> None:
    if isinstance(value, str):
        value.encode()  # UnicodeEncodeError is a ValueError
    elif isinstance(value, dict):
        for name, inner in value.items():
            _whole(name)
            _whole(inner)
    elif isinstance(value, list):
        for inner in value:
            _whole(inner)
