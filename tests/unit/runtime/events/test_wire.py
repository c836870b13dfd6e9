from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runtime import events
from runtime.events import DraftUpdated, Suggestion, Utterance, from_json, to_json

NOW = datetime(2025, 11, 14, 1, 2, 3, 456000, tzinfo=UTC)


def test_an_event_survives_the_wire() -> None:
    spoken = Utterance(
        call_id="c",
        utterance_id="u",
        speaker="citizen",
        start_ms=1,
        end_ms=2,
        text="你好",
        final=True,
        words=(("你好", 1, 2, 0.9),),
    )
    assert from_json(to_json(spoken)) == spoken


def test_nested_values_keep_their_types() -> None:
    suggestion = Suggestion(
        value="1106", label="路灯、井盖", confidence=0.8, utterance_id="u", quote="路灯", start=0, end=2
    )
    event = DraftUpdated(call_id="c", revision=3, fields={"category_code": [suggestion]})
    assert from_json(to_json(event)) == event


def test_unknown_fields_and_unknown_events_are_ignored() -> None:
    line = b'{"event":"CallHeld","call_id":"c","agent":"8001","held":true,"at":"2025-11-14T01:02:03Z","new":1}'
    event = from_json(line)
    assert isinstance(event, events.CallHeld)
    assert event.held
    assert from_json(b'{"event":"FromTheFuture","x":1}') is None


@pytest.mark.parametrize("line", [b"", b"[]", b"{", b'{"event":"CallHeld"}', b"\xff\xfe"])
def test_broken_lines_raise_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):
        from_json(line)


def test_times_stay_aware_and_exact() -> None:
    event = events.CallEnded(call_id="c", outcome="ivr", at=NOW)
    back = from_json(to_json(event))
    assert isinstance(back, events.CallEnded)
    assert back.at == NOW
    assert back.at.tzinfo is not None
