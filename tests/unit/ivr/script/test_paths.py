"""The ways to a person and the seconds they take."""

from __future__ import annotations

import pytest

from ivr.script.paths import PATH_LIMIT, human_paths, spoken_seconds
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


@pytest.mark.parametrize("end", ["queue", "bye"])
def test_menus_that_all_lead_to_each_other_are_judged_in_bounded_work(end: str) -> None:
    """Forty layers of two nodes have a million million ways through them."""
    body = "".join(
        f"  n{at}{half}: {{kind: menu, prompt: 请按键。, choices: {{'1': n{at + 1}a, '2': n{at + 1}b}}, "
        f"no_input: n{at + 1}a, wrong_key: n{at + 1}b}}\n"
        for at in range(40)
        for half in "ab"
    )
    text = nodes(body + f"  n40a: {{kind: goto, to: {end}}}\n  n40b: {{kind: goto, to: {end}}}\n", start="n0a")
    assert len(human_paths(script(text))) == (PATH_LIMIT if end == "queue" else 0)
