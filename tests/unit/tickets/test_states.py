from __future__ import annotations

import pytest

from tickets.errors import WrongState
from tickets.permissions import MATRIX
from tickets.states import (
    ACTIONS,
    CLOSE_REASON_NAMES,
    OPEN,
    STATE_NAMES,
    TERMINAL,
    TRANSITIONS,
    CloseReason,
    State,
    possible,
    step,
)


def test_every_transition_of_the_brief_is_in_the_table() -> None:
    assert {f"T{i:02}" for i in range(1, 28)} <= TRANSITIONS.keys()


def test_every_state_and_reason_has_a_chinese_name() -> None:
    assert STATE_NAMES.keys() == set(State)
    assert CLOSE_REASON_NAMES.keys() == set(CloseReason)


def test_actions_are_unique_and_have_a_permission() -> None:
    assert len(ACTIONS) == len(TRANSITIONS)
    assert {row.permission for row in TRANSITIONS.values()} <= MATRIX.keys()


def test_what_closes_says_why() -> None:
    for row in TRANSITIONS.values():
        assert (row.close_reason is not None) == (row.target is State.CLOSED), row.id


def test_every_open_state_can_be_left_and_reached() -> None:
    targets = {row.target for row in TRANSITIONS.values()}
    assert set(State) == targets
    for state in OPEN:
        assert [row for row in possible(state) if row.target is not state], state


def test_terminal_states_lead_only_where_the_brief_says() -> None:
    leads = {state: {row.id for row in possible(state)} for state in TERMINAL}
    assert leads == {
        State.CLOSED: {"T25", "T26"},
        State.ARCHIVED: set(),
        State.NOT_ACCEPTED: {"T27"},
        State.HANDED_OVER: {"T27"},
    }


@pytest.mark.parametrize("transition", sorted(TRANSITIONS))
def test_a_step_is_taken_from_its_sources_and_refused_from_all_others(transition: str) -> None:
    row = TRANSITIONS[transition]
    for state in (None, *State):
        if state in row.sources:
            assert step(transition, state) is row
        else:
            with pytest.raises(WrongState, match="工单现在是"):
                step(transition, state)


def test_a_refusal_quotes_both_sides() -> None:
    with pytest.raises(WrongState) as caught:
        step("T09", State.CLOSED)
    assert caught.value.message == "不能签收：工单现在是“已办结”，只有“待签收”的工单可以签收。"
