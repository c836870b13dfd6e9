"""Two texts side by side."""

from __future__ import annotations

from agent_desk.admin.script_diff import AROUND, MARKED, ROWS, side_by_side


def test_changes_are_marked_within_their_lines_and_the_rest_is_left_out() -> None:
    lines = [f"line {at}" for at in range(30)]
    old, new = "\n".join(lines), "\n".join([*lines[:15], "line fifteen", *lines[16:], "end"])
    rows = side_by_side(old, new)
    kinds = [row.kind for row in rows]
    assert kinds == [
        "left_out",
        *["same"] * AROUND,
        "changed",
        *["same"] * AROUND,
        "left_out",
        *["same"] * AROUND,
        "added",
    ]
    changed = rows[4]
    assert "".join(words for words, differs in changed.old.words if not differs) == "line "
    assert (changed.old.line, changed.new.line) == (16, 16)
    assert rows[0].left_out == 12 and rows[-1].new.words == (("end", True),)


def test_the_same_text_has_no_rows_and_long_ones_are_bounded() -> None:
    assert side_by_side("a\nb", "a\nb") == []
    assert len(side_by_side("", "\n".join(map(str, range(ROWS * 2))))) == ROWS
    row = side_by_side("a" * MARKED * 2, "b" * MARKED * 2)[0]
    assert row.old.words == (("a" * MARKED * 2, True),)
