"""Who is alone on the line, by whose act, and where the citizen goes then."""

from __future__ import annotations

from typing import Any

import pytest

from calls.state.call_states import CallState
from calls.state.changes import Changes
from calls.state.conference_rules import Rules
from calls.state.live import LiveCall, LiveHandoff, LiveLeg
from tests.fakes.clock import FakeClock

CALL = "01a20049-a4f5-7069-9c8d-968102d07eca"


class Table:
    """A conference of a citizen and others, and what the rules did about it."""

    def __init__(self, clock: FakeClock, *, handoff: LiveHandoff | None = None, direction: str = "in") -> None:
        self.at = clock.now()
        self.changes = Changes()
        self.acts: list[tuple[str, dict[str, Any]]] = []
        self.rules = Rules(lambda: self.changes, lambda action, **fields: self.acts.append((action, fields)))
        self.call = LiveCall(
            CALL, "PJSIP/trunk-1", "1.1", self.at, direction=direction, state=CallState.CONFERENCE
        )
        self.call.handoff = handoff
        self.sits("citizen", "", "PJSIP/trunk-1")

    def sits(self, role: str, name: str, channel: str) -> LiveLeg:
        leg = self.call.legs[channel] = LiveLeg(channel, "1.2", role, name, joined_at=self.at)
        return leg

    def leaves(self, leg: LiveLeg, *, hung_up: bool) -> None:
        leg.let_go = hung_up
        del self.call.legs[leg.channel]
        self.rules.somebody_left(self.call, leg, self.at)

    @property
    def sent_to(self) -> str:
        """Context and extension of the citizen's way, "hung up", or "" when nothing was done."""
        if not self.acts:
            return ""
        ((action, fields),) = self.acts
        assert fields["Channel"] == self.call.channel
        return "hung up" if action == "Hangup" else f"{fields['Context']},{fields['Exten']}"


@pytest.mark.parametrize(("hung_up", "way"), [(True, "after-talk,8001"), (False, "back-to-queue,s")])
def test_an_agent_who_hangs_up_ends_the_talk_a_lost_one_does_not(
    clock: FakeClock, hung_up: bool, way: str
) -> None:
    table = Table(clock)
    table.leaves(table.sits("agent", "8001", "PJSIP/8001-2"), hung_up=hung_up)
    assert table.sent_to == way
    assert table.call.hungup_by == ("agent" if hung_up else "")


@pytest.mark.parametrize("role", ["agent", "emergency", "unit", "supervisor"])
def test_with_somebody_else_on_the_line_the_talk_goes_on(clock: FakeClock, role: str) -> None:
    table = Table(clock)
    table.sits(role, "other", "PJSIP/other-3")
    table.leaves(table.sits("agent", "8001", "PJSIP/8001-2"), hung_up=True)
    assert table.sent_to == ""


def test_while_the_other_side_still_rings_the_citizen_waits_for_it(clock: FakeClock) -> None:
    table = Table(clock, handoff=LiveHandoff(1, "8002", "agent", "agent", by="8001"))
    table.leaves(table.sits("agent", "8001", "PJSIP/8001-2"), hung_up=True)
    assert table.sent_to == ""


def test_a_citizen_we_called_is_let_go(clock: FakeClock) -> None:
    table = Table(clock, direction="out")
    table.leaves(table.sits("agent", "8001", "PJSIP/8001-2"), hung_up=True)
    assert table.sent_to == "hung up"


@pytest.mark.parametrize(
    ("kind", "hung_up", "way"),
    [
        ("agent", True, "after-talk,8002"),
        ("agent", False, "back-to-queue,s"),
        ("emergency", True, "hung up"),
    ],
)
def test_behind_a_transfer_the_second_agent_is_an_agent_like_any_other(
    clock: FakeClock, kind: str, hung_up: bool, way: str
) -> None:
    handoff = LiveHandoff(1, "8002", kind, "agent", status="completed", by="8001")
    table = Table(clock, handoff=handoff)
    table.leaves(table.sits("agent", "8002", "PJSIP/8002-3"), hung_up=hung_up)
    assert table.sent_to == way


def test_on_the_way_to_a_queue_nobody_sends_the_citizen_elsewhere(clock: FakeClock) -> None:
    table = Table(clock)
    leg = table.sits("agent", "8001", "PJSIP/8001-2")
    table.rules.queue_again(table.call, "dialect", table.at)
    assert table.sent_to == "back-to-queue,dialect"
    table.leaves(leg, hung_up=False)
    assert table.sent_to == "back-to-queue,dialect"
