"""The words of the AGI protocol: quoting what we send, reading what Asterisk answers. Pure functions.

Written beside panoramisk's `parse_agi_result` because that one raises on an end of stream, cannot read
`200 result= (timeout)`, loses values with a parenthesis in them and reports every -1 as a fault.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMAND_LIMIT = 2000
"""Asterisk reads commands into a buffer of 2048 bytes; what is longer it would take for two commands."""

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f]")
_REPLY = re.compile(r"(?P<code>[1-5]\d\d)(?P<dash>[ -]|$)(?P<rest>.*)", re.DOTALL)
_RESULT = re.compile(r"result=(?P<result>[^\s(]*)(?:\s+\((?P<data>.*)\))?(?:\s+endpos=(?P<endpos>\d+))?\s*")
_APP_ARGUMENT = re.compile(r"[\w@/.+*#:=^ -]*", re.ASCII)


class UnsafeArgument(ValueError):
    """A value that must not reach Asterisk in a command (control characters, separators, too long)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Asterisk's answer. `result` is the text after `result=`, `data` what stands in parentheses."""

    code: int
    result: str = ""
    data: str | None = None
    endpos: int = 0
    text: str = ""

    @property
    def number(self) -> int:
        """`result` as a number; 0 where it is none."""
        try:
            return int(self.result)
        except ValueError:
            return 0


def quote(argument: str) -> str:
    """The argument in double quotes as `parse_args` of res_agi.c undoes them. Raises UnsafeArgument."""
    if _FORBIDDEN.search(argument):
        raise UnsafeArgument("an AGI argument holds a control character")
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def command(verb: str, *arguments: str) -> bytes:
    """One line ready to send: `verb` is ours, each argument is quoted. Raises UnsafeArgument."""
    if not re.fullmatch(r"[A-Z]+( [A-Z]+){0,2}", verb):
        raise UnsafeArgument(f"{verb!r} is no AGI command")
    try:
        line = " ".join([verb, *map(quote, arguments)]).encode() + b"\n"
    except UnicodeEncodeError as error:
        raise UnsafeArgument("an AGI argument is not valid Unicode") from error
    if len(line) > COMMAND_LIMIT:
        raise UnsafeArgument(f"an AGI command of {len(line)} bytes is over the limit of {COMMAND_LIMIT}")
    return line


def app_data(*arguments: str) -> str:
    """Arguments of a dialplan application for EXEC, joined by commas.

    Asterisk splits at commas and expands `${…}` itself, so only plain characters pass. Raises UnsafeArgument.
    """
    for argument in arguments:
        if not _APP_ARGUMENT.fullmatch(argument):
            raise UnsafeArgument("an application argument holds a separator or another unsafe character")
    return ",".join(arguments)


def is_hangup(line: bytes) -> bool:
    """Whether this is the unasked-for notice that the channel hung up."""
    return line.strip() == b"HANGUP"


def begins_usage(line: bytes) -> bool:
    """Whether a multi-line 520 begins; it goes on to the line that `ends_usage`."""
    return line.startswith(b"520-")


def ends_usage(line: bytes) -> bool:
    return line.startswith(b"520 ")


def parse(line: bytes) -> Reply | None:
    """The reply in this line, or None if it is none (part of a forged or broken variable)."""
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    match = _REPLY.fullmatch(text)
    if match is None:
        return None
    code = int(match["code"])
    result = _RESULT.fullmatch(match["rest"])
    if result is None:
        return Reply(code=code, text=text)
    return Reply(
        code=code,
        result=result["result"],
        data=result["data"],
        endpos=int(result["endpos"] or 0),
        text=text,
    )
