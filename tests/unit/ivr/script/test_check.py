"""The check: every bad script is refused with its reason, the shipped ones pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.script.check import Report, check_file, check_text, checked
from ivr.script.document import ScriptRefused
from ivr.script.versions import SHIPPED
from tests.unit.ivr.scripts import SOUND, nodes


def report(text: str) -> Report:
    document, found = check_text(text)
    assert document is not None, [str(problem) for problem in found.problems]
    return found


def error_codes(text: str) -> set[tuple[str, str]]:
    return {(problem.code, problem.node) for problem in report(text).errors}


def warning_codes(text: str) -> set[tuple[str, str]]:
    return {(problem.code, problem.node) for problem in report(text).warnings}


def test_a_sound_script_has_no_problems() -> None:
    assert report(SOUND).problems == []


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_scripts_have_no_errors(path: Path) -> None:
    document, found = check_file(path)
    assert document is not None
    assert document.script.name == path.stem
    assert found.errors == []


def test_the_default_script_reaches_a_person_in_time_and_without_warnings() -> None:
    _, found = check_file(SHIPPED / "direct.yaml")
    assert found.problems == []
    silent = [path for path in found.paths if not path.keys]
    assert [path.nodes for path in silent] == [("queue",)]
    assert silent[0].seconds < 6.5


def test_the_menu_script_is_warned_about() -> None:
    _, found = check_file(SHIPPED / "menu.yaml")
    assert ("slow-human", "greet") in {(problem.code, problem.node) for problem in found.warnings}


def test_an_unknown_node_is_named_with_its_line() -> None:
    found = report(SOUND.replace('"2": number', '"2": nubmer'))
    (problem,) = found.errors
    assert (problem.code, problem.node, problem.line) == ("unknown-node", "main", 16)
    assert "nubmer" in problem.message
    assert "number" in problem.fix


@pytest.mark.parametrize(
    ("text", "node"),
    [
        (SOUND.replace("start: greet", "start: nowhere"), ""),
        (SOUND.replace("to: queue", "to: nowhere"), ""),
        (SOUND.replace("no_input: queue", "no_input: nowhere", 1), "main"),
        (SOUND.replace("answered: bye", "answered: nowhere"), "queue"),
    ],
)
def test_every_exit_is_followed(text: str, node: str) -> None:
    assert ("unknown-node", node) in error_codes(text)


@pytest.mark.parametrize(
    "body",
    [
        "  first: {kind: goto, to: first}",
        "  first: {kind: say, prompt: 好, next: second}\n  second: {kind: goto, to: first}",
        "  first: {kind: menu, prompt: 好, choices: {'1': bye}, no_input: first, wrong_key: bye}",
        "  first: {kind: set, values: {a: '1'}, next: second}\n"
        "  second: {kind: branch, test: {by: variable, variable: a, equals: ['2']}, then: bye, otherwise: first}",
        "  first: {kind: handoff, target: '110', done: bye, no_answer: first}",
        "  first: {kind: callback, done: bye, declined: first}",
        "  first: {kind: voicemail, next: first}",
        "  first: {kind: digits, prompt: 号, variable: v, next: bye, no_input: first, wrong_key: bye}",
    ],
)
def test_a_loop_without_input_is_an_error(body: str) -> None:
    found = report(nodes(body))
    loops = [problem for problem in found.errors if problem.code == "silent-loop"]
    assert loops
    assert "first → " in loops[0].message or "→ first" in loops[0].message
    assert loops[0].line > 0


@pytest.mark.parametrize(
    "body",
    [
        "  first: {kind: menu, prompt: 好, choices: {'1': first}, no_input: queue, wrong_key: first}",
        "  first: {kind: queue, answered: bye, overflow: first, unavailable: bye}",
        "  first: {kind: queue, answered: bye, overflow: offer, unavailable: bye}\n"
        "  offer: {kind: menu, prompt: 好, choices: {'1': bye}, no_input: first, wrong_key: first}",
    ],
)
def test_loops_by_key_and_through_a_queue_are_allowed(body: str) -> None:
    assert error_codes(nodes(body)) == set()


def test_a_path_that_never_ends_is_an_error() -> None:
    body = (
        "  first: {kind: menu, prompt: 好, choices: {'1': second}, no_input: second, wrong_key: second}\n"
        "  second: {kind: queue, answered: second, overflow: second, unavailable: second}"
    )
    assert {("no-end", "first"), ("no-end", "second")} <= error_codes(nodes(body))


def test_the_human_key_must_lead_to_a_person_without_another_key() -> None:
    body = "  first: {kind: menu, prompt: 好, choices: {'1': queue}, no_input: queue, wrong_key: queue}"
    assert ("no-human", "first") in error_codes(nodes(body, human="first"))
    assert ("no-human", "bye") in error_codes(nodes(body, human="bye"))
    said = "  first: {kind: say, prompt: 正在转接, next: queue}"
    assert error_codes(nodes(said, human="first")) == set()


def test_the_human_key_is_the_same_everywhere() -> None:
    taken = "  first: {kind: menu, prompt: 好, choices: {'0': bye}, no_input: queue, wrong_key: queue}"
    assert ("human-key-taken", "first") in error_codes(nodes(taken))
    fine = "  first: {kind: menu, prompt: 好, choices: {'0': queue}, no_input: queue, wrong_key: queue}"
    assert error_codes(nodes(fine)) == set()
    survey = nodes("  first: {kind: survey, prompt: 评价, next: queue}").replace('"0"', '"5"')
    assert ("human-key-taken", "first") in error_codes(survey)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("  first: {kind: branch, test: {by: caller, list: nobody}, then: bye, otherwise: queue}", "unknown-list"),
        (
            "  first: {kind: branch, test: {by: variable, variable: v, equals: [x]}, then: bye, otherwise: bye}",
            "unknown-variable",
        ),
        ("  first: {kind: queue, queue: nosuch, answered: bye, overflow: bye, unavailable: bye}", "unknown-queue"),
        (
            "  first: {kind: branch, test: {by: queue, queue: nosuch, waiting: 1}, then: bye, otherwise: queue}",
            "unknown-queue",
        ),
    ],
)
def test_names_that_are_nowhere_are_errors(body: str, code: str) -> None:
    assert (code, "first") in error_codes(nodes(body))


def test_unreachable_nodes_are_warnings() -> None:
    assert ("unreachable", "lonely") in warning_codes(SOUND + "  lonely: {kind: hangup}\n")


def test_long_prompts_and_crowded_menus_are_warnings() -> None:
    long = nodes(f"  first: {{kind: say, prompt: {'很' * 91}, next: queue}}")
    assert ("long-prompt", "first") in warning_codes(long)
    keys = ", ".join(f"'{key}': queue" for key in "12345678")
    crowded = f"  first: {{kind: menu, prompt: 选, choices: {{{keys}}}, no_input: queue, wrong_key: queue}}"
    assert ("many-choices", "first") in warning_codes(nodes(crowded))


def test_seconds_before_a_person_are_warned_about() -> None:
    slow = nodes(f"  first: {{kind: say, prompt: {'慢' * 85}, next: queue}}")
    assert ("slow-human", "first") in warning_codes(slow)
    quick = nodes("  first: {kind: say, prompt: 快, next: queue}")
    assert warning_codes(quick) == set()
    _, strict = check_text(quick, seconds_of=lambda _: 16.0)
    assert {problem.code for problem in strict.warnings} == {"slow-human"}


def test_a_script_that_never_offers_a_person_is_warned_about() -> None:
    assert ("no-queue", "first") in warning_codes(nodes("  first: {kind: goto, to: bye}"))


def test_only_sound_scripts_may_be_published() -> None:
    assert checked(SOUND).script.name == "test"
    with pytest.raises(ScriptRefused, match="一直循环"):
        checked(nodes("  first: {kind: goto, to: first}"))
