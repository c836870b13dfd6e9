"""Several units in one matter (domain.md 2.7): the lead works on the ticket itself, each assist on a child of it.

An assist has two working days less than the lead, and only the lead answers the citizen. The lead's result is
accepted when every assist is done or waived.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import inspect, select

from db.models import CoHandling, Ticket, TicketClock, Unit
from runtime.clock import local
from tickets.clocks.rules import ClockRule
from tickets.errors import NotFound
from tickets.life.act import Act, refuse, worded
from tickets.life.beside import CO_HANDLING, allowed, move, noted
from tickets.life.numbers import new_ticket_no
from tickets.life.steps.dispatching import Dispatched
from tickets.life.steps.ending import Waived
from tickets.life.steps.following import FollowedUp
from tickets.life.steps.opening import Opened, Submitted
from tickets.life.writer import apply
from tickets.states import State

WITH_LEAD = frozenset({State.DISPATCHED, State.SIGNED, State.IN_PROGRESS})
EARLIER_WORKDAYS = 2
_OWN = frozenset(
    {
        "id", "ticket_no", "state", "version", "nature", "master_id", "unit_id", "call_id", "close_reason",
        "decline_code", "submitted_at", "dispatched_at", "signed_at", "replied_at", "closed_at", "returns",
        "reworks", "lamp", "next_lamp_at", "answer_text", "article_id",
    }
)  # fmt: skip
"""What a child does not take over."""
SILENT = "协办件由主办单位统一答复诉求人"


async def add_assist(act: Act, unit: Unit, note: str = "") -> Ticket:
    """A child for this unit, dispatched at once. Raises a `TicketError`."""
    await allowed(act, "add_assist")
    note = worded("note", note, "协办事项", least=0)
    ticket = act.ticket
    if ticket.nature == "ASSIST":
        raise refuse("协办件不能再确定协办单位。")
    if ticket.state not in WITH_LEAD:
        raise refuse("主办单位待签收、已签收或办理中的工单，才能确定协办单位。")
    if unit.id == ticket.unit_id:
        raise refuse("主办单位不能同时是协办单位。")
    parts = list(await act.session.scalars(select(CoHandling).where(CoHandling.ticket_id == ticket.id)))
    if any(part.unit_id == unit.id and part.role == "ASSIST" and part.state == "RUNNING" for part in parts):
        raise refuse(f"{unit.short_name}已是协办单位。")
    if not parts:
        assert ticket.unit_id is not None
        _part(act, ticket, ticket.unit_id, "LEAD", "")
    child = await _child(act)
    house = act.of_house().on(child)
    await apply(house, "T01", Opened())
    about = (("master_id", ticket.id),)
    await apply(house, "T05", Submitted("协办件", SILENT, await _close_rule(act), about))
    await apply(house, "T08", Dispatched(unit, note or "协办"))
    _part(act, child, unit.id, "ASSIST", note)
    noted(act, "add_assist", f"{unit.name}{'：' + note if note else ''}", unit_id=unit.id, child_id=child.id)
    return child


def _part(act: Act, works_on: Ticket, unit_id: int, role: str, note: str) -> None:
    act.session.add(
        CoHandling(
            ticket_id=act.ticket.id,
            child_id=works_on.id,
            unit_id=unit_id,
            role=role,
            state="RUNNING",
            by_user_id=act.actor.user_id,
            at=act.now,
            note=note,
        )
    )


async def _child(act: Act) -> Ticket:
    columns = [column.key for column in inspect(Ticket).mapper.column_attrs if column.key not in _OWN]
    child = Ticket(
        ticket_no=new_ticket_no(act.now),
        state="",
        nature="ASSIST",
        master_id=act.ticket.id,
        submitted_at=act.now,
        **{name: getattr(act.ticket, name) for name in columns},
    )
    child.received_at = act.now  # its own time begins with the decision
    act.session.add(child)
    await act.session.flush()
    return child


async def _close_rule(act: Act) -> ClockRule | None:
    """Two working days before the lead is due, but never today."""
    due = await act.session.scalar(
        select(TicketClock.due_at)
        .where(TicketClock.ticket_id == act.ticket.id, TicketClock.name == "close_by")
        .order_by(TicketClock.round.desc())
        .limit(1)
    )
    own = act.timing.rule(act.ticket, "close_by")
    if due is None or own is None:
        return None
    calendar = act.timing.calendar
    day, last = local(act.now).date(), calendar.shift_workdays(local(due).date(), -EARLIER_WORKDAYS)
    days = sum(calendar.is_workday(day + timedelta(days=n)) for n in range(1, (last - day).days + 1))
    return ClockRule(value=max(days, 1), unit="workday", warn=own.warn)


async def _part_of(act: Act, child_id: int) -> CoHandling:
    found = await act.session.scalar(
        select(CoHandling).where(CoHandling.child_id == child_id, CoHandling.role == "ASSIST")
    )
    if found is None:
        raise NotFound("没有找到这个协办单位。")
    return found


async def waive_assist(act: Act, child: Ticket, reason: str) -> None:
    """The lead can do without this unit; `child` is locked too. Raises a `TicketError`."""
    await allowed(act, "waive_assist")
    reason = worded("reason", reason, "免予协办的理由")
    part = await _part_of(act, child.id)
    if part.ticket_id != act.ticket.id:
        raise NotFound("没有找到这个协办单位。")
    move(part, CO_HANDLING, "WAIVED", "免予协办")
    part.ended_at, part.note = act.now, reason
    await apply(act.on(child), "T24w", Waived(reason))
    noted(act, "waive_assist", reason, child_id=child.id)


async def assist_done(act: Act) -> None:
    """The child's result has been accepted: it is closed without a call, and the matter knows it."""
    part = await _part_of(act, act.ticket.id)
    move(part, CO_HANDLING, "DONE", "协办办结")
    part.ended_at = act.now
    await apply(act, "T19", FollowedUp(reached=False, assist=True))
    master = await act.session.get_one(Ticket, part.ticket_id)
    noted(act.on(master), "end_assist", f"协办件{act.ticket.ticket_no}", child_id=act.ticket.id)
