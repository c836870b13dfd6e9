"""The picture of a script, right or not."""

from __future__ import annotations

import pytest

from ivr.editing.sketch import SHOWN, exits_of, sketch
from ivr.script.document import read_plain
from ivr.script.versions import shipped_document


@pytest.mark.parametrize("name", ["direct", "menu"])
def test_cards_have_the_exits_of_the_script_and_none_lies_on_another(name: str) -> None:
    document = shipped_document(name)
    cards = sketch(read_plain(document.text))
    assert [card.id for card in cards] == list(document.script.nodes)
    for card in cards:
        node = document.script.nodes[card.id]
        assert {one.name: one.to for one in card.exits} == node.exits()
        assert card.line == document.line("nodes", card.id)
    for at, card in enumerate(cards):
        for other in cards[at + 1 :]:
            assert card.x != other.x or card.y + card.height <= other.y or other.y + other.height <= card.y
    start = next(card for card in cards if card.id == document.script.start)
    assert start.x == 0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (
            "nodes: {a: {kind: say, next: b}, b: 1, c: {kind: dance}, d: {kind: menu, choices: x, no_input: [1]}}",
            3,
        ),
        ("nodes: 5", 0),
        ("- a", 0),
        ("nodes:\n" + "".join(f"  n{at}: {{kind: goto, to: n{at}}}\n" for at in range(5000)), SHOWN),
    ],
)
def test_a_script_that_is_not_right_is_drawn_as_far_as_it_goes(text: str, count: int) -> None:
    assert len(sketch(read_plain(text))) == count


def test_exits_say_where_they_are_written() -> None:
    found = exits_of({"kind": "menu", "choices": {"1": "a"}, "no_input": "b"})
    assert [(one.name, one.place, one.to, one.label) for one in found] == [
        ("key 1", ("choices", "1"), "a", "按 1"),
        ("no_input", ("no_input",), "b", "不按键"),
    ]
