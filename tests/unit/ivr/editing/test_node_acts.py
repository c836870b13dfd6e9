"""Nodes added, deleted, copied and renamed in the text."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ivr.editing.node_acts import SKELETONS, add, call, change, delete, duplicate
from ivr.editing.yaml_edit import EditRefused
from ivr.script.check import check_text
from ivr.script.document import read_text
from ivr.script.nodes import Menu
from ivr.script.versions import shipped_document
from tests.unit.ivr.scripts import SOUND

MENU = shipped_document("menu").text


@pytest.mark.parametrize("kind", SKELETONS)
def test_a_new_node_of_each_kind_is_right_at_once(kind: str) -> None:
    text = add(MENU, "fresh", kind)
    document, report = check_text(text)
    assert document is not None, report.problems
    assert document.script.nodes["fresh"].kind == kind
    assert [problem.code for problem in report.problems if problem.node == "fresh"] == ["unreachable"]
    assert text.startswith(MENU.rstrip("\n"))


def test_a_renamed_node_is_found_by_all_that_led_to_it() -> None:
    before, after = read_text(MENU).script, read_text(call(MENU, "queue", "people")).script
    assert after.human.to == "people" and "queue" not in after.nodes
    leading = [name for name, node in before.nodes.items() if "queue" in node.exits().values()]
    assert leading and all("people" in after.nodes[name].exits().values() for name in leading)
    assert call(call(MENU, "queue", "people"), "people", "queue") == MENU


def test_a_copy_and_its_removal_leave_the_text_as_it_was() -> None:
    copied = duplicate(SOUND, "main", "main2")
    assert read_text(copied).script.nodes["main2"] == read_text(SOUND).script.nodes["main"]
    assert delete(copied, "main2") == SOUND


def test_exits_are_connected_and_taken_away() -> None:
    text = change(SOUND, "main", ("choices", "3"), "bye")
    main = read_text(text).script.nodes["main"]
    assert isinstance(main, Menu) and main.choices["3"] == "bye"
    assert change(text, "main", ("choices", "3"), None) == SOUND
    text = change(SOUND, "queue", ("keys", "1"), "bye")
    assert read_text(text).script.nodes["queue"].exits()["key 1"] == "bye"
    assert change(text, "queue", ("keys", "1"), None) == SOUND


def test_a_test_of_several_parts_is_exchanged_as_a_whole() -> None:
    text = add(SOUND, "open", "branch")
    spans = [{"days": ["sat"], "start": "09:00", "until": "12:00"}]
    text = change(text, "open", ("test",), {"by": "hours", "open": spans, "holidays": "open"})
    test = read_text(text).script.nodes["open"].model_dump(mode="json")["test"]
    assert test["open"][0]["days"] == ["sat"] and test["holidays"] == "open"


@pytest.mark.parametrize("name", ["Main", "1a", "", "a" * 49, "a b", "名"])
def test_names_that_no_node_may_have(name: str) -> None:
    with pytest.raises(EditRefused, match="节点名"):
        add(SOUND, name, "say")
    with pytest.raises(EditRefused, match="节点名"):
        duplicate(SOUND, "main", name)


def test_what_is_not_there_or_there_already() -> None:
    acts: list[Callable[[], str]] = [
        lambda: delete(SOUND, "none"),
        lambda: duplicate(SOUND, "none", "x"),
        lambda: call(SOUND, "none", "x"),
        lambda: call(SOUND, "main", "queue"),
        lambda: duplicate(SOUND, "main", "queue"),
        lambda: add(SOUND, "queue", "say"),
        lambda: add(SOUND, "x", "dance"),
        lambda: change(SOUND, "none", ("prompt",), "x"),
        lambda: delete("nodes: {a: {kind: hangup}}\n", "a"),
        lambda: delete("nodes: 1\n", "a"),
    ]
    for act in acts:
        with pytest.raises(EditRefused):
            act()
