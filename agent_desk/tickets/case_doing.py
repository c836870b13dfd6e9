"""Acts whose form is not simply handed on."""

from __future__ import annotations

from agent_desk.tickets import case_forms as forms
from db.models import Ticket
from tickets.actor import Actor
from tickets.desk import TicketDesk
from tickets.life.steps.following import FollowedUp


async def follow_up(desk: TicketDesk, actor: Actor, ticket_id: int, form: forms.FollowUp) -> Ticket:
    said = FollowedUp(
        reached=form.reached == "yes",
        satisfaction=int(form.satisfaction) if form.satisfaction else None,
        solved={"yes": True, "no": False}.get(form.solved),
        disputed=form.disputed == "yes",
        note=form.note,
    )
    return await desk.cases.follow_up(actor, ticket_id, said)


async def complete(desk: TicketDesk, actor: Actor, ticket_id: int, form: forms.Complete) -> Ticket:
    return await desk.cases.complete(actor, ticket_id, {k: v for k, v in form.model_dump().items() if v})
