"""Scripts as written by people: mistakes are named with node, line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.script.document import Problem, ScriptRefused, read_file, read_text
from tests.unit.ivr.scripts import SOUND, nodes


def refused(text: str) -> list[Problem]:
    with pytest.raises(ScriptRefused) as caught:
        read_text(text)
    return caught.value.problems


def one(text: str) -> Problem:
    problems = refused(text)
    assert len(problems) == 1, [str(problem) for problem in problems]
    return problems[0]


def test_a_sound_script_is_read_with_its_lines() -> None:
    document = read_text(SOUND)
    assert document.script.nodes["main"].kind == "menu"
    assert document.line("nodes", "main") == 13
    assert document.line("nodes", "main", "choices", "2") == 16
    assert document.line("nodes", "nowhere") == document.line("nodes")


@pytest.mark.parametrize(("exit_name", "words"), [("no_input", "无按键"), ("wrong_key", "按错键")])
def test_a_menu_without_one_of_its_two_exits_is_refused(exit_name: str, words: str) -> None:
    lines = SOUND.splitlines()
    at = lines.index(f"    {exit_name}: queue")
    problem = one("\n".join(lines[:at] + lines[at + 1 :]))
    assert (problem.code, problem.node, problem.line) == ("missing-exit", "main", 13)
    assert words in problem.message
    assert f"{exit_name}: 节点名" in problem.fix


def test_every_problem_of_form_is_told_at_once() -> None:
    text = (
        SOUND.replace("    next: main\n", "")
        .replace("timeout: 3", "timeout: 900")
        .replace("kind: say", "kind: say\n    foo: 1")
    )
    found = {(problem.code, problem.node) for problem in refused(text)}
    assert found == {("missing-exit", "greet"), ("unknown-field", "greet"), ("range", "main")}


@pytest.mark.parametrize(
    ("body", "code", "line"),
    [
        ("  first: {kind: meun, prompt: x, next: bye}", "unknown-kind", 7),
        ("  first: {prompt: x, next: bye}", "missing-kind", 7),
        ("  first: {kind: say, prompt: '', next: bye}", "empty", 7),
        ("  first: {kind: say, prompt: 好, next: Bad Name}", "pattern", 7),
        ("  first:\n    kind: handoff\n    target: '95588'\n    done: bye\n    no_answer: bye", "pattern", 9),
        ("  first: {kind: branch, test: {by: moon}, then: bye, otherwise: bye}", "unknown-kind", 7),
        (
            "  first: {kind: branch, test: {queue: common, waiting: 1}, then: bye, otherwise: bye}",
            "missing-kind",
            7,
        ),
        ("  first: {kind: menu, prompt: x, choices: {A: bye}, no_input: bye, wrong_key: bye}", "pattern", 7),
        ("  first: {kind: menu, prompt: x, choices: {}, no_input: bye, wrong_key: bye}", "empty", 7),
        (
            "  first: {kind: digits, prompt: x, variable: v, min: 7, max: 3, next: a, no_input: a, wrong_key: b}",
            "value",
            7,
        ),
        ("  first: {kind: queue, wait: soon, answered: bye, overflow: bye, unavailable: bye}", "type", 7),
        ("  first: [1, 2]", "type", 7),
        (f"  first: {{kind: say, prompt: {'长' * 501}, next: bye}}", "too-long", 7),
    ],
)
def test_mistakes_are_named(body: str, code: str, line: int) -> None:
    problem = refused(nodes(body))[0]
    assert (problem.code, problem.node, problem.line) == (code, "first", line), str(problem)
    assert problem.message
    assert str(problem).startswith(f"第 {line} 行，节点 first：错误：")


def test_a_node_written_twice_is_refused_not_overwritten() -> None:
    problem = one(SOUND + "  bye: {kind: hangup}\n")
    assert problem.code == "duplicate"
    assert problem.line == 38


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("nodes: [", "yaml"),
        ("a: b: c", "yaml"),
        ("just words", "type"),
        ("\x00", "yaml"),
        ("[" * 5000, "yaml"),
        ("a: &x {b: 1}\nc: *x\n", "alias"),
        ("? [a]\n: b\n", "key"),
        ("x" * 300_000, "too-long"),
    ],
)
def test_what_is_no_script_is_refused_in_words(text: str, code: str) -> None:
    assert refused(text)[0].code in (code, "missing")


def test_a_bomb_of_references_is_refused() -> None:
    bomb = "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    assert refused(bomb)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    with pytest.raises(ScriptRefused) as caught:
        read_text(text)
    assert caught.value.problems


def test_a_file_that_cannot_be_read_is_a_problem_too(tmp_path: Path) -> None:
    with pytest.raises(ScriptRefused, match="读不了文件"):
        read_file(tmp_path / "none.yaml")
    (tmp_path / "gbk.yaml").write_bytes("标题".encode("gbk"))
    with pytest.raises(ScriptRefused, match="UTF-8"):
        read_file(tmp_path / "gbk.yaml")
