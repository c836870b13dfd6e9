"""The ways to a person and the seconds they take."""

from __future__ import annotations

import pytest

from ivr.script.paths import human_paths, spoken_seconds
from tests.unit.ivr.scripts import nodes, script


def test_paths_count_prompts_and_silence_apart() -> None:
    made = script(
        nodes(
            "  first: {kind: say, prompt: 好, next: menu}\n"
            "  menu: {kind: menu, prompt: 选, choices: {'1': queue}, timeout: 4, attempts: 2,"
            " no_input: queue, wrong_key: bye}"
        )
    )
    silent, keyed = human_paths(made, lambda _: 1.0)
    assert (silent.nodes, silent.keys) == (("first", "menu", "queue"), ())
    assert (silent.prompt_s, silent.silence_s) == (3.0, 8.0)
    assert (keyed.keys, keyed.seconds) == (("menu:key 1",), 2.0)


def test_a_loop_ends_the_listing() -> None:
    made = script(
        nodes(
            "  first: {kind: menu, prompt: 选, choices: {'1': first, '2': queue}, no_input: queue,"
            " wrong_key: first}"
        )
    )
    assert len(human_paths(made)) == 2


@pytest.mark.parametrize(("text", "seconds"), [("", 0.0), ("您好，请讲。", 1.26)])
def test_seconds_are_estimated_from_the_text(text: str, seconds: float) -> None:
    assert spoken_seconds(text) == pytest.approx(seconds)
