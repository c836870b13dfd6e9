"""Whom an event concerns. An agent hears of the own calls only; a unit of the own tickets only.

Boards get the floor's numbers without anything of the citizen's.
"""

from __future__ import annotations

import json
from typing import Any

from agent_desk.live.live_calls import LiveCalls
from agent_desk.web.permissions import Permission
from agent_desk.web.web_sessions import Identity
from runtime.events import (
    AgentStateChanged,
    AnswersSuggested,
    CallAnswered,
    CallbackChanged,
    CallEnded,
    CallHeld,
    CallOwnerChanged,
    CallQueued,
    CallRinging,
    CallStarted,
    DraftUpdated,
    EmergencyHeard,
    Event,
    HandoffChanged,
    LegJoined,
    LegLeft,
    NoticeGiven,
    QueueAbandoned,
    QueueChanged,
    RecordingFailed,
    RecordingReady,
    RingMissed,
    SeatTaken,
    SpeechDelayed,
    SpeechStateChanged,
    TapSilent,
    TelephonyStale,
    TicketChanged,
    TranscriptGap,
    Utterance,
    to_json,
)

EVERYBODY = "everybody"
BOARD = "board"
QUEUES = "queues"
"""How many callers wait: for every desk that takes them."""

OF_A_SEAT = (CallRinging, RingMissed, CallAnswered, CallHeld, AgentStateChanged)
OF_A_CALL = (
    CallOwnerChanged,
    LegJoined,
    LegLeft,
    CallEnded,
    RecordingReady,
    RecordingFailed,
    HandoffChanged,
    Utterance,
    TranscriptGap,
    SpeechDelayed,
    TapSilent,
    DraftUpdated,
    EmergencyHeard,
    AnswersSuggested,
)
OF_THE_FLOOR = (
    CallStarted,
    CallQueued,
    QueueAbandoned,
    QueueChanged,
    CallRinging,
    RingMissed,
    CallAnswered,
    CallHeld,
    CallOwnerChanged,
    CallEnded,
    AgentStateChanged,
    HandoffChanged,
    EmergencyHeard,
    RecordingFailed,
)
OF_A_NODE = (SpeechStateChanged, TelephonyStale)
"""Of these an agent hears only what concerns the node of the own seat."""
OF_ALL = (*OF_A_NODE, CallbackChanged)
KINDS: tuple[type[Event], ...] = (
    *{*OF_A_SEAT, *OF_A_CALL, *OF_THE_FLOOR, *OF_ALL, TicketChanged, SeatTaken, NoticeGiven},
)
"""Everything the desk listens to."""

HIDDEN_FROM_BOARD = frozenset({"caller", "caller_raw", "words", "channel", "citizen_channel", "agent_channel"})


def seat_topic(extension: str) -> str:
    return f"seat:{extension}"


def unit_topic(unit_id: int) -> str:
    return f"unit:{unit_id}"


def topics_of(who: Identity) -> frozenset[str]:
    """What this person's pages may hear of."""
    heard = {EVERYBODY}
    if who.may(Permission.TAKE_CALLS) and who.extension:
        heard |= {seat_topic(who.extension), QUEUES}
    if who.may(Permission.UNIT_LIST) and who.unit_id is not None:
        heard.add(unit_topic(who.unit_id))
    if who.may(Permission.WATCH_BOARD):
        heard.add(BOARD)
    return frozenset(heard)


def audience(event: Event, calls: LiveCalls) -> set[str]:
    """Topics to which an event goes. `calls` must have followed the event already."""
    if isinstance(event, OF_ALL):
        return {EVERYBODY}
    if isinstance(event, TicketChanged):
        return {unit_topic(event.unit_id)} if event.unit_id is not None else set()
    if isinstance(event, NoticeGiven):
        return {seat_topic(seat) for seat in event.seats}
    topics: set[str] = set()
    if isinstance(event, OF_A_SEAT):
        topics.add(seat_topic(event.agent))
    elif isinstance(event, OF_A_CALL):
        topics |= {seat_topic(seat) for seat in calls.seats(event.call_id)}
        if isinstance(event, LegLeft) and event.role == "agent":
            topics.add(seat_topic(event.name))
        if isinstance(event, HandoffChanged | CallOwnerChanged) and event.by:
            topics.add(seat_topic(event.by))  # who handed the call on has left it, and is told that it arrived
    if isinstance(event, OF_THE_FLOOR):
        topics.add(BOARD)
    if isinstance(event, QueueChanged):
        topics.add(QUEUES)
    return topics


def payload(event: Event) -> dict[str, Any]:
    """The event as the page of the agent concerned gets it."""
    body: dict[str, Any] = json.loads(to_json(event))
    return body


def board_payload(event: Event) -> dict[str, Any]:
    """The event without anything that tells who calls or what was said."""
    return {name: value for name, value in payload(event).items() if name not in HIDDEN_FROM_BOARD}
