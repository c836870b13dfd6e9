"""A scripted hour of 40 calls, as tracker and script leave it in the database; all persons are invented."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    AgentStateLog,
    Call,
    CallEvent,
    CallLeg,
    Handoff,
    Jurisdiction,
    QueueEntry,
    ScriptStepRow,
    SurveyAnswer,
    Unit,
    User,
)
from runtime.callid import call_id_at
from runtime.clock import SHANGHAI

NINE = datetime(2025, 5, 6, 9, 0, tzinfo=SHANGHAI)
TEN = NINE + timedelta(hours=1)
NOTICES = {("direct", 1): frozenset({"queue"})}
APART = timedelta(seconds=90)
AFTER_TALK = frozenset({"answered", "hung_up", "overflow", "key 1", "done"})
GREETING_S = 1.0
"""From the call's beginning to the queue."""


@dataclass(frozen=True)
class Told:
    """One call. `answered` is the wait from its beginning, `gave_up` the wait in the queue, seconds."""

    answered: float | None = None
    gave_up: float = 0.0
    talk: float = 0.0
    hold: float = 0.0
    wrap_up: float = 0.0
    outcome: str = "answered"
    overflow: str = ""
    """The queue in which it waited 30 s in vain before it came to the common one."""
    seats: int = 1
    third: bool = False


HOUR: list[Told] = [
    *[Told(answered=10, talk=100, wrap_up=20)] * 20,
    *[Told(answered=15, talk=200, hold=10, wrap_up=30)] * 4,
    *[Told(answered=18, talk=60, wrap_up=10)] * 3,
    Told(answered=40, talk=300, hold=60, wrap_up=60, third=True),
    Told(answered=40, talk=300, hold=60, wrap_up=60, seats=2),
    Told(answered=50, talk=120, wrap_up=20, overflow="enterprise"),
    *[Told(gave_up=seconds, outcome="abandoned") for seconds in (3, 4, 4.9)],
    *[Told(gave_up=30, outcome="abandoned")] * 4,
    Told(gave_up=60, outcome="callback"),
    Told(outcome="ivr"),
    Told(answered=10, talk=100, wrap_up=20),
]
FALLBACK, UNWATCHED, TWO_KEYS = 0, 1, 2
"""Call 0 was led by the dialplan alone; of call 1 no step is known; call 2 pressed two keys on its way."""
REACHED, TRIED, TOO_LATE, CAME_AGAIN, LAST = 33, 34, 35, 36, 39


def moment(number: int) -> datetime:
    return NINE + number * APART


def phone(number: int) -> str:
    return f"139123450{CAME_AGAIN if number == LAST else number:02d}"


def call_id(number: int) -> str:
    return call_id_at(moment(number), number + 1)


async def write(session: AsyncSession, *, people: bool = True) -> None:
    """The hour's rows, with a call just before and one at its end that are none of it.

    Accounts 1 and 2 are the agents; they are made here unless `people` is False because there are some.
    """
    if people:
        await _people(session)
    for number, told in enumerate(HOUR):
        await _call(session, call_id(number), moment(number), phone(number), told)
        _steps(session, number, told)
    await _call(session, call_id_at(NINE, 98), NINE - timedelta(seconds=1), "13912340098", HOUR[0])
    await _call(session, call_id_at(TEN, 99), TEN, "13912340099", HOUR[30])
    await session.flush()
    session.add(CallEvent(call_id=call_id(FALLBACK), at=moment(FALLBACK), kind="fallback"))
    for number, answer in enumerate([1] * 6 + [2, 2, 3, 4, 9]):
        session.add(SurveyAnswer(call_id=call_id(number), question="service", answer=answer, at=NINE))
    for number, minutes, reached in ((REACHED, 10, True), (TRIED, 20, False), (TOO_LATE, 45, False)):
        at = moment(number) + timedelta(minutes=minutes)
        session.add(
            Call(
                id=call_id_at(at, 200 + number),
                direction="out",
                caller=phone(number),
                channel="PJSIP/trunk-1",
                state="ended",
                outcome="answered" if reached else "failed",
                started_at=at,
                answered_at=at + timedelta(seconds=12) if reached else None,
                ended_at=at + timedelta(seconds=60),
            )
        )
    for number, result, seconds in ((3, "accepted", 12), (4, "no_answer", None)):
        session.add(
            Handoff(
                call_id=call_id(number),
                target="110",
                detected_at=NINE,
                started_at=NINE + timedelta(seconds=2),
                accepted_at=NINE + timedelta(seconds=seconds) if seconds else None,
                result=result,
            )
        )
    to_seat = {"target": "8002", "target_kind": "agent", "result": "accepted"}
    session.add(Handoff(call_id=call_id(5), started_at=NINE, **to_seat))
    await session.flush()
    _seats(session)


async def _people(session: AsyncSession) -> None:
    session.add(Jurisdiction(id=1, code="421223", name="某县", level=3))
    await session.flush()
    session.add_all([Unit(id=i, jurisdiction_id=1, code=f"u{i}", name=f"单位{i}", short_name="") for i in (1, 2)])
    await session.flush()
    for number in (1, 2):
        session.add(
            User(
                id=number,
                login=f"agent{number}",
                name=f"坐席{number}",
                password_hash="",
                roles=["AGENT"],
                unit_id=number,
                extension=f"800{number}",
                created_at=NINE,
            )
        )
    await session.flush()


async def _call(session: AsyncSession, id_: str, at: datetime, caller: str, told: Told) -> None:
    queued = at + timedelta(seconds=GREETING_S) if told.outcome != "ivr" else None
    answered = at + timedelta(seconds=told.answered) if told.answered else None
    waited = timedelta(seconds=told.gave_up)
    ended = (
        answered + timedelta(seconds=told.talk + told.hold)
        if answered
        else (queued or at) + max(waited, APART / 45)
    )
    session.add(
        Call(
            id=id_,
            direction="in",
            caller=caller,
            channel="PJSIP/trunk-1",
            state="ended",
            outcome=told.outcome,
            queue="common" if queued else "",
            agent="8001" if answered else "",
            agent_user_id=1 if answered else None,
            started_at=at,
            queued_at=queued,
            answered_at=answered,
            ended_at=ended,
            talk_s=told.talk,
            hold_s=told.hold,
            wrapup_s=told.wrap_up or None,
        )
    )
    await session.flush()
    if queued:
        _stays(session, id_, queued, answered or ended, told)
    seats = [f"800{seat + 1}" for seat in range(told.seats)] if answered else []
    for role, name in [
        ("citizen", caller),
        *(("agent", seat) for seat in seats),
        *([("unit", "城管局")] * told.third),
    ]:
        session.add(CallLeg(call_id=id_, role=role, name=name, channel="x", joined_at=answered or at))


def _stays(session: AsyncSession, id_: str, entered: datetime, left: datetime, told: Told) -> None:
    if told.overflow:
        moved = entered + timedelta(seconds=30)
        session.add(
            QueueEntry(call_id=id_, queue=told.overflow, entered_at=entered, left_at=moved, result="timeout")
        )
        entered = moved
    result = {"callback": "timeout"}.get(told.outcome, told.outcome)
    session.add(QueueEntry(call_id=id_, queue="common", entered_at=entered, left_at=left, result=result))


def _steps(session: AsyncSession, number: int, told: Told) -> None:
    if number in (FALLBACK, UNWATCHED):
        return
    way = [("queue", "queue", "")]
    if number == TWO_KEYS:
        way = [("main", "menu", ""), ("emergency", "menu", "key 9"), ("queue", "queue", "human")]
    if told.outcome == "answered":
        way += [("survey", "survey", "answered"), ("", "end", "hung_up")]
    elif told.outcome == "callback":
        way += [("offer", "menu", "overflow"), ("callback", "callback", "key 1"), ("goodbye", "hangup", "done")]
    else:
        way += [("", "end", "hung_up")]
    over = (told.answered or told.gave_up) + told.talk + told.hold
    for at, (node, kind, detail) in enumerate(way):
        session.add(
            ScriptStepRow(
                call_id=call_id(number),
                script="direct",
                version=1,
                node=node,
                kind=kind,
                at=moment(number) + timedelta(seconds=at * 0.5 + (over if detail in AFTER_TALK else 0)),
                detail=detail,
            )
        )


def _seats(session: AsyncSession) -> None:
    """8001 is there all the hour, 8002 until half past; a call of the night before is cut off at nine."""
    a, b, out = call_id(3), call_id(4), call_id_at(moment(REACHED) + timedelta(minutes=10), 200 + REACHED)
    lines = [
        ("8001", -300, 0, "talking", "", call_id_at(NINE, 98)),
        ("8001", 0, 600, "ready", "", ""),
        ("8001", 600, 900, "talking", "", a),
        ("8001", 900, 1000, "held", "", a),
        ("8001", 1000, 1300, "talking", "", a),
        ("8001", 1300, 1600, "wrap_up", "", a),
        ("8001", 1600, 2200, "not_ready", "meal", ""),
        ("8001", 2200, 2500, "talking", "", b),
        ("8001", 2500, 2800, "talking", "", out),
        ("8001", 2800, None, "ready", "", ""),
        ("8002", -600, 600, "ready", "", ""),
        ("8002", 600, 1500, "talking", "", call_id(5)),
        ("8002", 1500, 1800, "not_ready", "missed", ""),
        ("8002", 1800, None, "offline", "", ""),
    ]
    for seat, since, until, state, reason, about in lines:
        session.add(
            AgentStateLog(
                agent=seat,
                user_id=int(seat[-1]),
                state=state,
                reason=reason,
                call_id=about or None,
                since=NINE + timedelta(seconds=since),
                until=None if until is None else NINE + timedelta(seconds=until),
            )
        )
