"""The agent's table: everything named, everything reachable, both sides quoted when it refuses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.state.agent_states import ASSUMED, TABLE, AgentState, IllegalAgentTransition, Trigger, step


def test_every_state_has_a_row_and_every_trigger_a_use_and_an_assumption() -> None:
    assert set(TABLE) == set(AgentState)
    assert {t for row in TABLE.values() for t in row} == set(Trigger)
    assert set(ASSUMED) == set(Trigger)


def test_every_state_is_reached_and_left() -> None:
    reached = {target for source, row in TABLE.items() for target in row.values() if target is not source}
    assert reached == set(AgentState)
    for state, row in TABLE.items():
        assert any(target is not state for target in row.values()), state


@pytest.mark.parametrize(
    ("path", "end"),
    [
        ("login ready ring answer hold unhold call_over ready", "ready"),
        ("login ready ring missed", "not_ready"),
        ("login ready ring ring_stopped", "ready"),
        ("login ready ring answer lost call_over lost", "not_ready"),
        ("login ring answer call_over logout", "offline"),
    ],
)
def test_paths_of_a_working_day(path: str, end: str) -> None:
    state = AgentState.OFFLINE
    for trigger in path.split():
        state = step(state, Trigger(trigger))
    assert state == end


def test_a_refusal_quotes_both_sides() -> None:
    with pytest.raises(IllegalAgentTransition, match="cannot hold: agent is ready, expected held, talking"):
        step(AgentState.READY, Trigger.HOLD)


@given(st.sampled_from(AgentState), st.sampled_from(Trigger))
def test_a_lost_desk_never_ends_a_talk(state: AgentState, trigger: Trigger) -> None:
    if trigger is Trigger.LOST and state in (AgentState.TALKING, AgentState.HELD):
        assert step(state, trigger) is state
