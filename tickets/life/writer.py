"""The one writer: applies a row of the table of transitions to a ticket, whole or not at all.

Who may, from which state, who has been on the other side, the step's own guards; then its rows, the state, the
clocks, the notices and the trail. Everything is in the caller's transaction, on a locked row with a version.
"""

from __future__ import annotations

from typing import Any

from tickets.clocks.reckoning import Kind
from tickets.life import extensions, suspensions
from tickets.life.act import NOTHING, Act, Plan
from tickets.life.plans import PLANS
from tickets.life.trail import check_four_eyes, record
from tickets.permissions import require
from tickets.states import ALL, TERMINAL, State, step

WITHOUT_UNIT = TERMINAL | {State.REGISTERED, State.REPLIED}


async def apply(
    act: Act, transition_id: str, data: Any = NOTHING, *, standing: State | None = None, permission: str = ""
) -> None:
    """Take this step with its data. Raises a `TicketError`; then nothing of it may be committed.

    `standing` says that the ticket stands where another state stands: a message's ticket, which nobody has
    checked yet, is still a draft for whoever settles it. The trail names the true state. `permission` takes the
    place of the table's where a step is only a part of another one.
    """
    ticket, now = act.ticket, act.now
    row, plan = ALL[transition_id], PLANS[transition_id]
    # Permission first: strangers do not even learn the state.
    require(act.actor, permission or row.permission, ticket)
    came_from = State(ticket.state) if ticket.state else None
    step(transition_id, standing or came_from)
    await check_four_eyes(act.session, ticket, act.actor, row.action, row.four_eyes)
    if not isinstance(data, plan.data):
        raise TypeError(f"{transition_id} needs {plan.data.__name__}, got {type(data).__name__}")
    await plan.guard(act, data)
    said = await plan.write(act, data)
    ticket.state = row.target
    if row.target in TERMINAL and row.target is not State.ARCHIVED:
        reason = said.close_reason or row.close_reason
        ticket.close_reason, ticket.closed_at = (reason.value if reason else ""), now
    elif row.target is not State.ARCHIVED:
        ticket.close_reason, ticket.closed_at = "", None
    if row.target in WITHOUT_UNIT or row.id == "T13":
        # Nobody needs to answer what the unit asked for, and there is nothing left to wait for.
        await extensions.close_open(act, "工单已不在办理中")
        await suspensions.close_open(act, "工单已不在办理中")
    await _clocks(act, plan)
    if row.target in TERMINAL:
        await act.timing.stop(ticket, now)
    detail = dict(said.detail)
    if plan.tell is not None:
        detail["no_notice"] = await plan.tell(act, data)
    record(act.session, ticket, act.actor, now, row, came_from, said.reason, **detail)
    await act.session.flush()


async def _clocks(act: Act, plan: Plan[Any]) -> None:
    for happens in plan.clocks:
        if happens.kind in (Kind.START, Kind.RESTART):
            await act.timing.start(act.ticket, happens.clock, act.now)
        else:
            await act.timing.happen(act.ticket, happens.clock, happens.kind, act.now)
