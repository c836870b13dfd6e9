"""Who waits to be called back and which messages wait to be checked, as the desk lists them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.agents.hearing import may_hear_message
from agent_desk.web.web_sessions import Identity
from calls.callbacks.call_hours import CallHours
from calls.callbacks.tasks import ALWAYS, Claim, claims_of, list_open, may_call
from db.models import Call, CallbackTask, Ticket, Voicemail
from language.phone import normalise
from tickets.reading.protected import barred_calls

SHOWN = 50
MESSAGES_FOR = timedelta(days=7)
"""A message without a number that nobody has marked as heard is listed for so long."""
TOGETHER = timedelta(days=1)
"""Messages of one number left within so long before the task belong to it."""

KINDS = {"missed": "漏接", "requested": "排队预约", "voicemail": "留言"}
PROTECTED = "受保护，仅限受理人和经授权人员收听"
EXPIRED = "已处理，话务员收听时限已过"
NOTES = {
    "new": "暂无转写，转写完成后自动显示",
    "transcribed": "正在登记工单",
    "ticketed": "工单已登记，待核对",
    "empty": "留言过短或没有听出内容，未建工单，请听录音后回拨",
    "unreadable": "录音文件无法读取，未建工单",
    "checked": "工单已核对",
    "heard": "已听",
}


Row = tuple[dict[str, Any], Voicemail]
"""A message as the page shows it, and its row."""


async def waiting(
    session: AsyncSession, who: Identity, now: datetime, hours: CallHours = ALWAYS
) -> dict[str, Any]:
    """`callbacks`: open tasks, the most urgent first; `messages`: those that stand in no task's row."""
    tasks = await list_open(session, limit=SHOWN)
    claims = await claims_of(session, [task.id for task in tasks if task.state == "taken"])
    origins = await _calls(session, (task.call_id for task in tasks))
    by_phone = await _messages_of(session, [task for task in tasks if task.kind == "voicemail"])
    rows = []
    listed: list[Row] = []
    for task in tasks:
        of_task = [row for row in by_phone.get(task.phone, []) if row[1].created_at >= _since(task)]
        listed += of_task
        messages = [row for row, _ in of_task]
        call = origins.get(task.call_id)
        row = _row(task, call, claims.get(task.id), messages, who, now)
        if not await may_call(session, task, now, hours):
            row |= {"late": False, "closed_until": hours.next_open(now).isoformat()}
        rows.append(row)
    # What may be a matter of life and death stands above whatever is due sooner.
    rows.sort(key=lambda row: not row["emergency"])
    shown = {message.id for _, message in listed}
    loose = [row for row in await _loose(session, now) if row[1].id not in shown]
    await protect(session, who, [*loose, *listed], now)
    return {"callbacks": rows, "messages": [row for row, _ in loose]}


async def protect(session: AsyncSession, who: Identity, messages: list[Row], now: datetime) -> None:
    """What was said in a message of a protected ticket is for those who may hear it; nobody else is offered it."""
    barred = await barred_calls(session, who.actor, {message.call_id for _, message in messages})
    for row, message in messages:
        row["playable"] = may_hear_message(who, message, now, barred=message.call_id in barred)
        if message.call_id in barred:
            row["text"], row["note"] = "", f"{row['note']}；{PROTECTED}"
        elif not row["playable"]:
            row["note"] = f"{row['note']}；{EXPIRED}"


def _since(task: CallbackTask) -> datetime:
    return task.created_at - TOGETHER


def _row(
    task: CallbackTask,
    call: Call | None,
    claim: Claim | None,
    messages: list[dict[str, Any]],
    who: Identity,
    now: datetime,
) -> dict[str, Any]:
    holder = None
    if task.state == "taken":
        holder = {
            "name": claim.name if claim else "",
            "at": claim.at.isoformat() if claim else None,
            "mine": task.taken_by == who.user_id,
        }
    return {
        "id": task.id,
        "display": normalise(task.phone).display,
        "kind": task.kind,
        "kind_label": KINDS.get(task.kind, task.kind),
        "called_at": (call.started_at if call else task.created_at).isoformat(),
        "due_at": task.due_at.isoformat(),
        "late": task.due_at < now,
        "closed_until": None,
        "attempts": task.attempts,
        "result": task.result,
        "holder": holder,
        "emergency": any(message["emergency"] for message in messages),
        "messages": messages,
    }


async def _calls(session: AsyncSession, ids: Iterable[str]) -> dict[str, Call]:
    rows = await session.scalars(select(Call).where(Call.id.in_(list(ids))))
    return {call.id: call for call in rows}


async def _messages_of(session: AsyncSession, tasks: list[CallbackTask]) -> dict[str, list[Row]]:
    """The messages of these tasks' numbers that nobody is done with, oldest first."""
    if not tasks:
        return {}
    found = await session.execute(
        select(Voicemail, Call, Ticket.ticket_no)
        .join(Call, Call.id == Voicemail.call_id)
        .outerjoin(Ticket, Ticket.id == Voicemail.ticket_id)
        .where(
            Call.caller.in_([task.phone for task in tasks]),
            Voicemail.created_at >= min(_since(task) for task in tasks),
            or_(Voicemail.state.not_in(("checked", "heard")), Call.id.in_([task.call_id for task in tasks])),
        )
        .order_by(Voicemail.id)
        .limit(4 * SHOWN)
    )
    by_phone: dict[str, list[Row]] = {}
    for message, call, number in found.all():
        by_phone.setdefault(call.caller, []).append((message_row(message, call, number), message))
    return by_phone


async def _loose(session: AsyncSession, now: datetime) -> list[Row]:
    """Messages to be checked, and those that nobody can answer because the number is unknown."""
    found = await session.execute(
        select(Voicemail, Call, Ticket.ticket_no)
        .join(Call, Call.id == Voicemail.call_id)
        .outerjoin(Ticket, Ticket.id == Voicemail.ticket_id)
        .where(
            or_(
                Voicemail.state == "ticketed",
                and_(
                    Voicemail.state.in_(("new", "transcribed", "empty", "unreadable")),
                    Call.caller == "",
                    Voicemail.created_at >= now - MESSAGES_FOR,
                ),
            )
        )
        .order_by(Call.emergency.desc(), Voicemail.id)
        .limit(SHOWN)
    )
    return [(message_row(message, call, number), message) for message, call, number in found.all()]


def message_row(message: Voicemail, call: Call, ticket_no: str | None) -> dict[str, Any]:
    """A message as the page shows it, before `protect`."""
    return {
        "id": message.id,
        "call_id": message.call_id,
        "at": message.created_at.isoformat(),
        "display": normalise(call.caller or call.caller_raw).display,
        "seconds": round(message.seconds),
        "text": message.text,
        "state": message.state,
        "note": NOTES.get(message.state, ""),
        "ticket_no": ticket_no or "",
        "check": message.state == "ticketed",
        "may_close": not call.caller and message.state in ("new", "empty", "unreadable"),
        "emergency": call.emergency,
    }
