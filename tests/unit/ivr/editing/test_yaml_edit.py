"""Single changes of a script's text: what is beside them stays, whatever the way of writing."""

from __future__ import annotations

import difflib

import pytest

from ivr.editing.yaml_edit import EditRefused, copy_entry, put, remove
from ivr.script.document import read_plain

TEXT = """\
# 开头的说明
start: greet
nodes:
  # 问候
  greet:
    kind: say
    prompt: 您好。  # 不要改长
    next: main

  main:  # 主菜单
    kind: menu
    prompt: >
      一请按1，
      二请按2。
    choices: {"1": a, "2": b}  # 两个
    values:
      x: '1'
      # y 的说明
      y: "2"
"""


def changed(after: str) -> list[str]:
    """Lines that differ, as a diff without context."""
    lines = difflib.unified_diff(TEXT.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@pytest.mark.parametrize(
    ("place", "value", "difference"),
    [
        (("start",), "main", ["-start: greet", "+start: main"]),
        (
            ("nodes", "greet", "prompt"),
            "您好，请讲。",
            ["-    prompt: 您好。  # 不要改长", "+    prompt: 您好，请讲。  # 不要改长"],
        ),
        (
            ("nodes", "greet", "prompt"),
            "a: b # c",
            ["-    prompt: 您好。  # 不要改长", '+    prompt: "a: b # c"  # 不要改长'],
        ),
        (("nodes", "greet", "note"), "新", ["+    note: 新"]),
        (
            ("nodes", "main", "choices", "1"),
            "c",
            [
                '-    choices: {"1": a, "2": b}  # 两个',
                '+    choices: {"1": c, "2": b}  # 两个',
            ],
        ),
        (
            ("nodes", "main", "choices", "*"),
            "c",
            [
                '-    choices: {"1": a, "2": b}  # 两个',
                '+    choices: {"1": a, "2": b, "*": c}  # 两个',
            ],
        ),
        (("nodes", "main", "values", "x"), "7", ["-      x: '1'", '+      x: "7"']),
        (("nodes", "main", "values"), {"x": "1", "z": "3"}, ['-      y: "2"', "+      z: 3"]),
        (
            ("nodes", "main", "prompt"),
            "请按1。",
            ["-    prompt: >", "-      一请按1，", "-      二请按2。", "+    prompt: 请按1。"],
        ),
    ],
)
def test_a_value_is_put(place: tuple[str, ...], value: str | dict[str, str], difference: list[str]) -> None:
    after = put(TEXT, place, value)
    assert sorted(changed(after)) == sorted(difference)
    found = read_plain(after).data
    for part in place:
        found = found[part]
    assert found == value


@pytest.mark.parametrize(
    ("place", "difference"),
    [
        (("nodes", "greet", "prompt"), ["-    prompt: 您好。  # 不要改长"]),
        (
            ("nodes", "main", "choices", "1"),
            ['-    choices: {"1": a, "2": b}  # 两个', '+    choices: {"2": b}  # 两个'],
        ),
        (
            ("nodes", "main", "choices", "2"),
            ['-    choices: {"1": a, "2": b}  # 两个', '+    choices: {"1": a}  # 两个'],
        ),
        (("nodes", "main", "values", "y"), ['-      y: "2"']),
        (("nodes", "none", "x"), None),
    ],
)
def test_a_key_is_removed(place: tuple[str, ...], difference: list[str] | None) -> None:
    if difference is None:
        with pytest.raises(EditRefused, match="没有"):
            remove(TEXT, place)
        return
    assert changed(remove(TEXT, place)) == difference


def test_the_last_key_of_a_mapping_takes_it_along() -> None:
    once = remove(TEXT, ("nodes", "main", "choices", "1"))
    assert "choices" not in remove(once, ("nodes", "main", "choices", "2"))


def test_a_copy_comes_after_its_model_with_its_comments() -> None:
    after = copy_entry(TEXT, ("nodes", "greet"), "hello")
    assert after.count("# 不要改长") == 2 and after.count("# 问候") == 1
    nodes = read_plain(after).data["nodes"]
    assert list(nodes) == ["greet", "hello", "main"]
    assert nodes["hello"] == nodes["greet"]


@pytest.mark.parametrize(
    "text",
    ["a: &x 1\nb: *x\n", "- a\n- b\n", "a: [1\n", "", "\x00", "a: 1\na: 2\n", "{" * 3000],
)
def test_what_cannot_be_read_is_not_changed(text: str) -> None:
    with pytest.raises(EditRefused):
        put(text, ("a",), "2")


def test_a_text_without_an_end_of_line() -> None:
    text = "nodes:\n  a:\n    kind: goto\n    to: a"
    assert put(text, ("nodes", "a", "note"), "x") == text + "\n    note: x"
