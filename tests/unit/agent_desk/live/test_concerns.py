from __future__ import annotations

from datetime import UTC, datetime

import pytest

from agent_desk.live.concerns import BOARD, EVERYBODY, KINDS, QUEUES, audience, board_payload, topics_of
from agent_desk.live.live_calls import LiveCalls
from agent_desk.web.permissions import allowed
from agent_desk.web.web_sessions import Identity
from runtime.events import (
    REGISTRY,
    AgentStateChanged,
    AnswersSuggested,
    CallAnswered,
    CallStarted,
    DraftUpdated,
    EmergencyHeard,
    Event,
    NoticeGiven,
    QueueChanged,
    RecordingReady,
    SpeechDelayed,
    SpeechStateChanged,
    TelephonyStale,
    TicketChanged,
    TranscriptGap,
    Utterance,
)

AT = datetime(2025, 11, 14, 1, tzinfo=UTC)
SPOKEN = (
    Utterance(call_id="c", utterance_id="u", speaker="citizen", start_ms=0, end_ms=9, text="我姓陈", final=True),
    TranscriptGap(call_id="c", speaker="citizen", start_ms=0, end_ms=9),
    SpeechDelayed(call_id="c", delay_s=3),
    DraftUpdated(call_id="c", revision=1, fields={}),
    AnswersSuggested(call_id="c", utterance_id="u", query="q", answers=()),
    RecordingReady(call_id="c", path="p", seconds=1.0),
)


@pytest.fixture
def calls() -> LiveCalls:
    known = LiveCalls()
    known.take(CallAnswered(call_id="c", agent="8001", citizen_channel="t", agent_channel="a", at=AT, origin=AT))
    return known


def person(*roles: str, extension: str = "", unit_id: int | None = None) -> Identity:
    return Identity(
        token_hash="",
        csrf="",
        user_id=1,
        login="x",
        name="x",
        roles=frozenset(roles),
        permissions=allowed(roles),
        unit_id=unit_id,
        unit_name="",
        extension=extension,
        must_change_password=False,
    )


@pytest.mark.parametrize("event", SPOKEN, ids=lambda event: type(event).__name__)
def test_what_is_said_on_a_call_goes_to_its_agent_alone(calls: LiveCalls, event: Event) -> None:
    assert audience(event, calls) == {"seat:8001"}


@pytest.mark.parametrize("event", SPOKEN, ids=lambda event: type(event).__name__)
def test_a_call_that_is_nobody_s_is_heard_by_nobody(event: Event) -> None:
    assert audience(event, LiveCalls()) == set()


def test_a_state_is_the_agent_s_own_and_the_board_s() -> None:
    event = AgentStateChanged(agent="8002", state="ready", reason="", since=AT)
    assert audience(event, LiveCalls()) == {"seat:8002", BOARD}


def test_how_many_wait_is_heard_at_every_desk_and_on_the_board() -> None:
    event = QueueChanged(queue="common", waiting=2, oldest_since=AT, ready=0, staffed=1)
    assert audience(event, LiveCalls()) == {QUEUES, BOARD}


def test_everybody_hears_of_stale_telephony_and_of_speech() -> None:
    for event in (TelephonyStale(stale=True, since=AT), SpeechStateChanged(available=False, model="")):
        assert audience(event, LiveCalls()) == {EVERYBODY}


def test_a_ticket_s_change_goes_to_its_unit() -> None:
    event = TicketChanged(ticket_id=1, ticket_no="1", state="DISPATCHED", unit_id=7, at=AT)
    assert audience(event, LiveCalls()) == {"unit:7"}


def test_a_notice_goes_to_the_seats_it_names() -> None:
    event = NoticeGiven(notice_id=1, text="请尽快示闲", by="陈芳", at=AT, seats=("8001", "8003"))
    assert audience(event, LiveCalls()) == {"seat:8001", "seat:8003"}


def test_the_board_learns_nothing_of_the_citizen(calls: LiveCalls) -> None:
    started = CallStarted(
        call_id="c", caller="13912345678", caller_raw="+8613912345678", callee="12345", channel="x", at=AT
    )
    heard = EmergencyHeard(
        call_id="c", code="E119-01", target="119", words=("着火",), utterance_id="u", speaker="citizen", at=AT
    )
    for event in (started, heard):
        assert BOARD in audience(event, calls)
        assert "139" not in str(board_payload(event)) and "着火" not in str(board_payload(event))


def test_topics_follow_roles() -> None:
    assert topics_of(person("AGENT", extension="8001")) == {EVERYBODY, "seat:8001", QUEUES}
    assert topics_of(person("UNIT_LIAISON", unit_id=7)) == {EVERYBODY, "unit:7"}
    assert topics_of(person("ADMIN", extension="8001")) == {EVERYBODY, BOARD}
    assert topics_of(person("AGENT")) == {EVERYBODY}


def test_requests_to_the_node_are_never_forwarded() -> None:
    assert not {REGISTRY["ControlAsked"], REGISTRY["ControlDone"]} & set(KINDS)
