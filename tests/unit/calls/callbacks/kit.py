"""Calls, tasks and people for the tests of call-backs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from db.models import Call, CallbackTask, CallEvent, User
from db.session import Sessions
from runtime.callid import new_call_id
from tests.fakes.clock import FakeClock

PHONE = "13912345678"
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)


async def a_call(sessions: Sessions, clock: FakeClock, phone: str = PHONE, **values: Any) -> str:
    call_id = new_call_id()
    async with sessions.begin() as session:
        session.add(Call(id=call_id, caller=phone, started_at=clock.now(), **values))
    return call_id


async def a_task(sessions: Sessions, clock: FakeClock, kind: str = "missed", phone: str = PHONE) -> int:
    call_id = await a_call(sessions, clock, phone)
    async with sessions.begin() as session:
        task = CallbackTask(call_id=call_id, phone=phone, kind=kind, created_at=clock.now(), due_at=clock.now())
        task.attempts = 0
        session.add(task)
    return task.id


async def the_task(sessions: Sessions, task_id: int) -> CallbackTask:
    async with sessions() as session:
        return await session.get_one(CallbackTask, task_id)


async def users(sessions: Sessions, *names: str) -> list[int]:
    made = [
        User(login=f"agent-{i}", name=name, password_hash="-", roles=["AGENT"], created_at=BEGAN)
        for i, name in enumerate(names)
    ]
    async with sessions.begin() as session:
        session.add_all(made)
    return [user.id for user in made]


async def a_call_out(
    sessions: Sessions,
    clock: FakeClock,
    *,
    talked_s: float | None = None,
    cause: str = "",
    rung_s: float = 30,
    ended: bool = True,
    citizen_rung: bool = True,
) -> Call:
    """A call to PHONE from now on; the clock stands at its end afterwards."""
    call_id, began = new_call_id(), clock.now()
    clock.move(seconds=rung_s)
    answered = clock.now() if talked_s is not None else None
    clock.move(seconds=talked_s or 0)
    call = Call(
        id=call_id,
        direction="out",
        caller=PHONE,
        started_at=began,
        answered_at=answered,
        talk_s=talked_s,
        channel="PJSIP/trunk-00000001" if citizen_rung else "",
        state="ended" if ended else "ringing",
        ended_at=clock.now() if ended else None,
    )
    async with sessions.begin() as session:
        session.add(call)
        await session.flush()
        session.add(CallEvent(call_id=call_id, at=clock.now(), kind="call_ended", detail={"cause": cause}))
    return call
