"""Quoting and reading the AGI protocol, with hostile bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi.agi_reply import (
    COMMAND_LIMIT,
    Reply,
    UnsafeArgument,
    app_data,
    begins_usage,
    command,
    ends_usage,
    is_hangup,
    parse,
    quote,
)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"200 result=0\n", Reply(200, "0")),
        (b"200 result=-1\n", Reply(200, "-1")),
        (b"200 result=50 endpos=4160\n", Reply(200, "50", endpos=4160)),
        (b"200 result= (timeout)\n", Reply(200, "", "timeout")),
        (b"200 result=1 (a (b) c)\n", Reply(200, "1", "a (b) c")),
        (b"200 result=1 ()\n", Reply(200, "1", "")),
        (b"200 result=0 (timeout) endpos=1440000\n", Reply(200, "0", "timeout", 1_440_000)),
        (b"100 result=0 Trying...\n", Reply(100)),
        (b"510 Invalid or unknown command\n", Reply(510)),
        (b"511 Command Not Permitted on a dead channel or intercept routine\n", Reply(511)),
        (b"520 End of proper usage.\n", Reply(520)),
    ],
)
def test_reads_what_asterisk_answers(line: bytes, expected: Reply) -> None:
    reply = parse(line)
    assert reply is not None
    assert (reply.code, reply.result, reply.data, reply.endpos) == (
        expected.code,
        expected.result,
        expected.data,
        expected.endpos,
    )


@pytest.mark.parametrize(
    "line", [b"", b"\n", b"HANGUP\n", b"2", b"nonsense 200 result=1\n", b"\xff\xfe\n", b"9999 x"]
)
def test_what_is_no_reply_is_none(line: bytes) -> None:
    assert parse(line) is None


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(line: bytes) -> None:
    reply = parse(line)
    if reply is not None:
        assert 100 <= reply.code <= 599
        assert isinstance(reply.number, int)


def test_hangup_and_usage_lines_are_known() -> None:
    assert is_hangup(b"HANGUP\n")
    assert not is_hangup(b"200 result=1 (HANGUP)\n")
    assert begins_usage(b"520-Invalid command syntax.  Proper usage follows:\n")
    assert ends_usage(b"520 End of proper usage.\n")
    assert not ends_usage(b"Usage: EXEC <application> <options>\n")


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=200))
def test_a_quoted_argument_stays_one_argument(argument: str) -> None:
    quoted = quote(argument)
    assert quoted[0] == quoted[-1] == '"'
    inner = quoted[1:-1]
    undone, escaped = "", False
    for char in inner:
        if escaped:
            undone, escaped = undone + char, False
        elif char == "\\":
            escaped = True
        else:
            assert char != '"', "an unescaped quote would end the argument"
            undone += char
    assert not escaped
    assert undone == argument


@given(st.text(max_size=100), st.sampled_from(list("\r\n\0\x1b\x7f")), st.text(max_size=100))
def test_control_characters_are_refused(before: str, bad: str, after: str) -> None:
    with pytest.raises(UnsafeArgument):
        command("SET VARIABLE", "NAME", before + bad + after)


@given(st.text(max_size=400))
def test_a_command_is_always_exactly_one_short_line(argument: str) -> None:
    try:
        line = command("VERBOSE", argument, "1")
    except UnsafeArgument:
        return
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert b"\r" not in line
    assert len(line) <= COMMAND_LIMIT


def test_a_command_that_asterisk_would_cut_in_two_is_refused() -> None:
    with pytest.raises(UnsafeArgument, match="2000"):
        command("VERBOSE", "长" * 700)


@pytest.mark.parametrize("verb", ["stream file", "EXEC\nHANGUP", "", "EXEC; HANGUP", "SET  VARIABLE"])
def test_the_verb_is_ours_alone(verb: str) -> None:
    with pytest.raises(UnsafeArgument):
        command(verb)


@pytest.mark.parametrize("bad", ["a,b", "${EVIL}", "a|b", "x)", "$[1]", "a&b", 'q"', "换", "a;b", "a\nb"])
def test_application_arguments_cannot_smuggle_separators(bad: str) -> None:
    with pytest.raises(UnsafeArgument):
        app_data("common", bad)


def test_application_arguments_are_joined() -> None:
    assert app_data("common", "c", "", "", "60") == "common,c,,,60"
    assert app_data("PJSIP/110@trunk", "10", "g") == "PJSIP/110@trunk,10,g"
