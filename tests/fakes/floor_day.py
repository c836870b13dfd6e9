"""A floor in the middle of a busy day: weeks of calls behind it, agents at work, callers in the queues."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from db.models import (
    AgentSession,
    AgentStateLog,
    Call,
    CallbackTask,
    CallEvent,
    QueueEntry,
    ScriptStepRow,
    ScriptVersion,
    Team,
    TeamMember,
    User,
)
from db.session import Sessions
from hotline.demo.shape import HOURS
from ivr.script.versions import shipped_document
from runtime.callid import new_call_id
from runtime.clock import midnight

NAMES = [
    "陈晓燕",
    "刘志强",
    "张敏",
    "黄海霞",
    "周建国",
    "吴婷",
    "徐丽娟",
    "孙浩",
    "马琳",
    "朱文静",
    "胡佳",
    "郭玉兰",
    "何伟",
    "高洁",
    "林小红",
    "罗成",
    "郑秀英",
    "梁艳",
    "谢芳",
    "宋磊",
    "唐慧",
    "许静",
    "邓超群",
    "冯雪",
]
STATES = (
    ("talking", ""),
    ("ready", ""),
    ("talking", ""),
    ("wrap_up", ""),
    ("talking", ""),
    ("not_ready", "meal"),
    ("talking", ""),
    ("held", ""),
    ("not_ready", "break"),
    ("talking", ""),
    ("ready", ""),
    ("not_ready", "missed"),
)
TEAMS = ("一班", "二班", "企业专席")


async def busy_day(sessions: Sessions, now: datetime, *, calls_per_day: int = 900, seed: int = 7) -> None:
    """Fill the database; the floor's present moment is `now`."""
    chance = random.Random(seed)
    async with sessions.begin() as session:
        teams = [Team(name=name) for name in TEAMS]
        session.add_all(teams)
        script = shipped_document("menu")
        session.add(
            ScriptVersion(name="menu", version=1, state="published", yaml=script.text, sha256="", created_at=now)
        )
        await session.flush()
        people = []
        for number, name in enumerate(NAMES):
            seat = str(8101 + number)
            user = User(
                login=f"seat{seat}",
                name=name,
                password_hash="",
                roles=["AGENT"],
                extension=seat,
                agent_no=seat,
                skills=["common", "enterprise"] if number % 3 == 0 else ["common"],
                created_at=now,
            )
            session.add(user)
            people.append(user)
        await session.flush()
        for number, user in enumerate(people):
            session.add(TeamMember(user_id=user.id, team_id=teams[number % 3 if number < 21 else 1].id))
    for week in range(5):
        await _calls(sessions, now - timedelta(weeks=week), now, calls_per_day, chance, past=week > 0)
    await _seats(sessions, now, chance)
    await _waiting(sessions, now)


async def _calls(
    sessions: Sessions, day: datetime, now: datetime, calls: int, chance: random.Random, *, past: bool
) -> None:
    began = midnight(day)
    async with sessions.begin() as session:
        users = {u.extension: u for u in await session.scalars(select(User).where(User.login.like("seat%")))}
        for hour, share in enumerate(HOURS):
            for _ in range(round(calls * share / sum(HOURS) * chance.uniform(0.85, 1.15))):
                at = began + timedelta(hours=hour + chance.random())
                if at > now - timedelta(minutes=6):
                    continue
                call_id, wait = new_call_id(), chance.expovariate(1 / 6)
                gave_up = chance.random() < 0.03
                wait = chance.uniform(2, 50) if gave_up else wait
                queue = "enterprise" if chance.random() < 0.15 else "common"
                left = at + timedelta(seconds=wait)
                session.add(
                    Call(
                        id=call_id,
                        node="",
                        caller=f"139{chance.randrange(10**8):08d}",
                        state="ended",
                        outcome="abandoned" if gave_up else "answered",
                        queue=queue,
                        started_at=at - timedelta(seconds=7),
                        queued_at=at,
                        answered_at=None if gave_up else left,
                        ended_at=left if gave_up else left + timedelta(seconds=180),
                    )
                )
                session.add(
                    QueueEntry(
                        call_id=call_id,
                        queue=queue,
                        entered_at=at,
                        left_at=left,
                        result="abandoned" if gave_up else "answered",
                    )
                )
                if not past and not gave_up and chance.random() < 0.5:
                    seat = str(8101 + chance.randrange(len(NAMES)))
                    _handled(session, users[seat], call_id, left, chance)


def _handled(session: AsyncSession, user: User, call_id: str, at: datetime, chance: random.Random) -> None:
    talk, hold, wrap = chance.lognormvariate(4.9, 0.5), chance.choice((0, 0, 0, 18)), chance.uniform(15, 30)
    for state, seconds in (("talking", talk), ("held", hold), ("wrap_up", wrap), ("ready", 60)):
        if seconds:
            until = at + timedelta(seconds=seconds)
            session.add(_line(user, state, at, until, call_id=call_id))
            at = until


def _line(
    user: User, state: str, since: datetime, until: datetime, reason: str = "", call_id: str | None = None
) -> AgentStateLog:
    return AgentStateLog(
        agent=user.extension,
        user_id=user.id,
        state=state,
        reason=reason,
        call_id=call_id,
        since=since,
        until=until,
    )


async def _seats(sessions: Sessions, now: datetime, chance: random.Random) -> None:
    async with sessions.begin() as session:
        users = {u.extension: u for u in await session.scalars(select(User).where(User.login.like("seat%")))}
        for number, (seat, user) in enumerate(sorted(users.items())):
            state, reason = STATES[number % len(STATES)]
            since, call_id = now - timedelta(seconds=chance.uniform(5, 400)), None
            if state in ("talking", "held", "wrap_up"):
                call_id = new_call_id()
                session.add(
                    Call(
                        id=call_id,
                        caller=f"138{chance.randrange(10**8):08d}",
                        state=state if state != "wrap_up" else "ended",
                        queue="common",
                        agent=seat,
                        started_at=since - timedelta(seconds=16),
                        queued_at=since - timedelta(seconds=9),
                        answered_at=since,
                        ended_at=since if state == "wrap_up" else None,
                    )
                )
                await session.flush()
                session.add(
                    QueueEntry(
                        call_id=call_id,
                        queue="common",
                        entered_at=since - timedelta(seconds=9),
                        left_at=since,
                        result="answered",
                        agent=seat,
                    )
                )
            morning = max(midnight(now), now - timedelta(hours=3.5))
            for begun, minutes, why in ((40, 11, "break"), (110, 28, "meal")):
                at = morning + timedelta(minutes=begun + number)
                if at + timedelta(minutes=minutes) < since:
                    back = at + timedelta(minutes=minutes)
                    session.add_all([_line(user, "not_ready", at, back, why), _line(user, "ready", back, since)])
            session.add(
                AgentStateLog(
                    agent=seat, user_id=user.id, state=state, reason=reason, call_id=call_id, since=since
                )
            )
            session.add(
                AgentSession(
                    agent=seat,
                    user_id=user.id,
                    state=state,
                    reason=reason,
                    since=since,
                    call_id=call_id,
                    queues=list(user.skills),
                )
            )


async def _waiting(sessions: Sessions, now: datetime) -> None:
    """Five callers: one tries for the third time, one is urgent, one is in the script."""
    again = "13712345678"
    async with sessions.begin() as session:
        for hours in (2, 5):
            at = now - timedelta(hours=hours)
            session.add(Call(id=new_call_id(), caller=again, state="ended", started_at=at, ended_at=at))
        for number, (caller, queue, waited, steps, urgent) in enumerate(
            (
                (again, "common", 48, ("main", "complaint", "queue"), False),
                ("13612345678", "common", 21, ("main", "consult", "queue"), False),
                ("07153385678", "enterprise", 12, ("main", "enterprise"), False),
                ("13512345678", "common", 9, ("main", "emergency", "police", "urgent_queue"), True),
                ("", "common", 3, ("main", "queue"), False),
            )
        ):
            at, call_id = now - timedelta(seconds=waited), new_call_id()
            session.add(
                Call(
                    id=call_id,
                    caller=caller,
                    state="queued",
                    queue=queue,
                    emergency=urgent,
                    started_at=at - timedelta(seconds=20),
                    queued_at=at,
                )
            )
            await session.flush()
            session.add(QueueEntry(call_id=call_id, queue=queue, entered_at=at, first_position=number + 1))
            for step in steps:
                kind = shipped_document("menu").script.nodes[step].kind
                session.add(ScriptStepRow(call_id=call_id, script="menu", version=1, node=step, kind=kind, at=at))
            if urgent:
                session.add(CallEvent(call_id=call_id, at=at, kind="emergency_heard", detail={"target": "110"}))
        session.add(Call(id=new_call_id(), caller="13412345678", state="ivr", started_at=now))
        missed = await session.scalar(select(Call.id).where(Call.outcome == "abandoned").limit(1))
        assert missed is not None
        for _ in range(4):
            session.add(
                CallbackTask(call_id=missed, phone="1", kind="missed", state="open", created_at=now, due_at=now)
            )
