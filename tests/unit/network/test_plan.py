from __future__ import annotations

import pytest

from network.plan import Press, Speak, WaitAgent, WaitPrompt, WaitSeconds, parse_plan
from runtime.errors import UserError


def test_a_whole_plan() -> None:
    assert parse_plan("wait, 2,wait 3.5,5*#,agent,SPEAK,") == [
        WaitPrompt(),
        Press("2"),
        WaitSeconds(3.5),
        Press("5*#"),
        WaitAgent(),
        Speak(),
    ]


def test_no_plan() -> None:
    assert parse_plan("") == []


@pytest.mark.parametrize("text", ["wait -1", "hello", "2;3", "wait x", "9" * 33, "wait 99999", "２"])
def test_what_is_not_understood_is_named(text: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_plan(f"wait,{text}")
    assert text[:40] in caught.value.message
    assert "wait 3" in caught.value.remedy
