"""What a citizen hears about a ticket: state, unit and date, never the matter or a name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from db.models import Ticket
from runtime.clock import local
from tickets.states import STATE_NAMES, State


@dataclass(frozen=True, slots=True)
class Progress:
    """How a ticket stands; `spoken` is one or two sentences for the telephone."""

    ticket_no: str
    state: State
    unit_name: str
    due_at: datetime | None
    spoken: str


_SPOKEN: dict[State, str] = {
    State.SUPPLEMENT: "正在核对信息",
    State.REGISTERED: "已经受理，正在分派承办单位",
    State.DISPATCHED: "已经转到承办单位，等待签收",
    State.RETURN_REVIEW: "正在确定承办单位",
    State.SIGNED: "承办单位已经签收，正在安排办理",
    State.IN_PROGRESS: "正在办理",
    State.REPLIED: "承办单位已经答复，正在审核",
    State.FOLLOW_UP: "已经办理，我们会尽快给您回访",
    State.VERIFY: "正在核实您的意见",
    State.REWORK: "已经退回承办单位重新办理",
    State.CLOSED: "已经办结",
    State.ARCHIVED: "已经办结",
    State.NOT_ACCEPTED: "不属于热线受理范围",
    State.HANDED_OVER: "已经移交有关部门",
}
_BEING_HANDLED = frozenset({State.DISPATCHED, State.SIGNED, State.IN_PROGRESS, State.REWORK})


def tell(ticket: Ticket, unit_name: str, due_at: datetime | None, *, own: bool) -> Progress:
    """Say how the ticket stands. Unit and date are for its own caller, and never for a protected reporter."""
    state = State(ticket.state)
    spoken = f"您尾号{ticket.ticket_no[-4:]}的工单，{_SPOKEN.get(state, STATE_NAMES[state])}"
    told_unit, told_due = "", None
    if own and ticket.confidential != "REPORTER":
        told_unit = unit_name
        if unit_name and state in _BEING_HANDLED:
            spoken += f"，承办单位是{unit_name}"
        if due_at is not None and state in _BEING_HANDLED:
            told_due = due_at
            spoken += f"，将在{local(due_at).month}月{local(due_at).day}日前答复您"
    return Progress(ticket.ticket_no, state, told_unit, told_due, spoken + "。")
