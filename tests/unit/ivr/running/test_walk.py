"""The paper line: what people may type, and what they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.running.walk import parse_inputs, walk_file
from ivr.script.versions import SHIPPED
from runtime.errors import UserError


def test_inputs_are_keys_and_words() -> None:
    assert parse_inputs("2, wait ,12#,TIMEOUT,,hangup") == ["2", "wait", "1", "2", "#", "timeout", "hangup"]


@pytest.mark.parametrize("text", ["press", "1a", "1" * 33, "２"])
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="not understood"):
        parse_inputs(text)


async def test_walking_a_file_shows_every_step() -> None:
    shown: list[str] = []
    assert await walk_file(SHIPPED / "direct.yaml", "wait,timeout,1,1,9", shown.append) == 0
    text = "\n".join(shown)
    assert "■queue (queue)" in text
    assert "说：您好，这里是12345热线" in text
    assert "记下 call back 13912345678" in text
    assert "没有用到的输入" not in text


async def test_a_bad_file_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="读不了文件"):
        await walk_file(tmp_path / "none.yaml", "", print)
