"""The call's table: everything named, the end is the end."""

from __future__ import annotations

import pytest

from calls.state.call_states import ASSUMED, TABLE, CallState, CallTrigger, IllegalCallTransition, step


def test_every_state_has_a_row_and_every_trigger_a_use_and_an_assumption() -> None:
    assert set(TABLE) == set(CallState)
    assert {t for row in TABLE.values() for t in row} == set(CallTrigger)
    assert set(ASSUMED) == set(CallTrigger)


def test_every_call_can_end_and_then_nothing_more_happens() -> None:
    for state in CallState:
        if state is not CallState.ENDED:
            assert step(state, CallTrigger.END) is CallState.ENDED
    assert TABLE[CallState.ENDED] == {}


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("queue ring answer hold unhold agent_gone", "ivr"),
        ("queue ring ring_stopped ring answer conference agent_gone end", "ended"),
        ("queue leave_queue queue answer", "talking"),
        ("queue ring answer conference queue ring answer", "talking"),
        ("ring answer end", "ended"),
    ],
)
def test_paths_of_a_call(path: str, end: str) -> None:
    state = CallState.IVR
    for trigger in path.split():
        state = step(state, CallTrigger(trigger))
    assert state == end


def test_a_refusal_quotes_both_sides() -> None:
    with pytest.raises(
        IllegalCallTransition, match="cannot hold: call is queued, expected conference, held, talking"
    ):
        step(CallState.QUEUED, CallTrigger.HOLD)
