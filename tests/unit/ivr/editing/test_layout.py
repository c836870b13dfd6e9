"""Where cards lie: by steps from the start, what nothing leads to last."""

from __future__ import annotations

from ivr.editing.layout import COLUMN, GAP, HEAD, ROW, laid_out


def test_columns_are_steps_from_the_start() -> None:
    spots = laid_out({"a": ["b", "c"], "b": ["d"], "c": ["d", "a"], "d": [], "lost": ["a"]}, ["a"])
    assert {node: spot.x // COLUMN for node, spot in spots.items()} == {"a": 0, "b": 1, "c": 1, "d": 2, "lost": 3}
    assert spots["c"].height == HEAD + 2 * ROW
    assert abs(spots["b"].y - spots["c"].y) >= HEAD + ROW + GAP


def test_rows_follow_their_neighbours() -> None:
    spots = laid_out({"a": ["b", "c"], "b": ["y"], "c": ["x"], "x": [], "y": []}, ["a"])
    assert (spots["b"].y < spots["c"].y) == (spots["y"].y < spots["x"].y)


def test_exits_to_nowhere_and_nothing_at_all() -> None:
    assert laid_out({}, []) == {}
    assert set(laid_out({"a": ["none"]}, [])) == {"a"}
