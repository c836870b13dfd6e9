from __future__ import annotations

from network.timeline import Entry, Timeline


def test_entries_in_order_and_told_as_they_come() -> None:
    told: list[Entry] = []
    timeline = Timeline(told.append)
    timeline.add("dialled", "a → b")
    timeline.add("answered")
    assert told == timeline.entries
    assert [entry.kind for entry in told] == ["dialled", "answered"]
    assert told[0].at <= told[1].at
    assert timeline.first("answered") is told[1]
    assert timeline.first("ended") is None


def test_an_entry_reads_like_a_line_of_a_log() -> None:
    assert str(Entry(1.5, "pressed", "2")) == "   1.50 s  pressed   2"
    assert str(Entry(12.0, "answered")) == "  12.00 s  answered"
