"""Saving and submitting the draft of a call."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import BaseModel, Field

from agent_desk.agents.call_back import call_back_of
from agent_desk.agents.own_calls import need_call, need_draft
from agent_desk.web.access import Logs, allow, identity
from agent_desk.web.answers import answered
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input, Line, Text
from agent_desk.web.limits import ACTS, TYPING
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import call_id_of, told
from agent_desk.web.services import DeskServices, services
from agent_desk.web.web_sessions import Identity
from db.models import Call, Ticket, TicketDraft, Unit
from tickets.drafting.drafts import save_draft
from tickets.errors import Conflict, NotAllowed, NotFound, TicketError
from tickets.fields import FieldErrors, TicketFields, check_open

routes = web.RouteTableDef()


Values = Annotated[dict[Annotated[str, Field(max_length=32)], Any], Field(max_length=64)]
"""A ticket's elements by name; `tickets.fields` says what each may hold."""


class Typed(Input):
    """What the agent typed since it was saved last."""

    changes: Values


class Saved(BaseModel):
    saved_at: str
    revision: int
    touched: list[str]


class Submission(Input):
    """The form as it stands, and what is to become of it."""

    kind: Literal["dispatch", "register", "answer", "decline", "hand_over"]
    fields: Values
    new_ticket: bool = False
    """One more ticket of a message, on purpose."""
    code: Annotated[Line, Field(max_length=8, title="不予受理的原因")] = ""
    told: Annotated[Text, Field(max_length=500, title="已告知的内容")] = ""
    handoff_id: int | None = None


class TicketMade(BaseModel):
    no: str
    state: str
    unit: str


class Submitted(BaseModel):
    ticket: TicketMade


def refusal(error: TicketError) -> Refused:
    """What the ticket room refused, as an answer to the page."""
    status = {NotAllowed: 403, NotFound: 404, Conflict: 409}.get(type(error), 422)
    fields = error.errors if isinstance(error, FieldErrors) else {}
    return Refused("请改正标出的内容。" if fields else error.message, status=status, fields=fields)


@routes.post("/api/desk/draft/{call_id}")
@allow(Permission.TAKE_CALLS, changes=True, limit=TYPING, logs=Logs.DRAFT, takes=Typed, gives=Saved)
async def save(request: web.Request) -> web.StreamResponse:
    """Keep what the agent typed. Answers when it was saved."""
    desk, who = services(request), identity(request)
    call_id = call_id_of(request)
    changes = told(request, Typed).changes
    async with desk.sessions() as session:
        await need_call(request, session, who, call_id)
        await need_draft(session, who, call_id)
    try:
        async with desk.sessions.begin() as session:
            view = await save_draft(session, desk.clock, call_id, who.user_id, changes)
    except TicketError as error:
        raise refusal(error) from None
    return answered(
        Saved(saved_at=desk.clock.now().isoformat(), revision=view.revision, touched=list(view.touched))
    )


@routes.post("/api/desk/submit/{call_id}")
@allow(Permission.TAKE_CALLS, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Submission, gives=Submitted)
async def submit(request: web.Request) -> web.StreamResponse:
    """Submit the draft.

    A call-back completes the ticket that its message has already; `new_ticket` makes one more, on purpose.
    """
    desk, who = services(request), identity(request)
    call_id = call_id_of(request)
    wanted = told(request, Submission)
    async with desk.sessions() as session:
        await need_call(request, session, who, call_id)
        await need_draft(session, who, call_id)
    try:
        ticket = await _submit(desk, who, call_id, wanted)
    except TicketError as error:
        raise refusal(error) from None
    async with desk.sessions() as session:
        unit = await session.get(Unit, ticket.unit_id) if ticket.unit_id else None
    made = TicketMade(no=ticket.ticket_no, state=ticket.state, unit=unit.short_name if unit else "")
    return answered(Submitted(ticket=made))


async def _submit(desk: DeskServices, who: Identity, call_id: str, wanted: Submission) -> Ticket:
    values = wanted.fields
    fields = TicketFields.parse({name: value for name, value in values.items() if value is not None})
    message_call = None if wanted.new_ticket else await _message_call(desk, call_id)
    match wanted.kind:
        case "dispatch":
            unit_id = _unit_to_send_to(fields, values)
            return await desk.tickets.open_ticket(
                who.actor, fields, call_id=call_id, unit_id=unit_id, message_call=message_call
            )
        case "register":
            return await desk.tickets.open_ticket(who.actor, fields, call_id=call_id, message_call=message_call)
        case "answer":
            article = values.get("article_id")
            return await desk.tickets.answer_on_line(
                who.actor,
                fields,
                call_id,
                article if isinstance(article, str) and article else None,
                str(values.get("answer_text") or ""),
                message_call=message_call,
            )
        case "decline":
            return await desk.tickets.decline(
                who.actor,
                fields,
                call_id,
                wanted.code,
                wanted.told,
                message_call=message_call,
            )
        case "hand_over":
            if wanted.handoff_id is None:
                raise Refused("没有可登记的移交。")
            return await desk.tickets.hand_over(
                who.actor, fields, call_id, wanted.handoff_id, message_call=message_call
            )


async def _message_call(desk: DeskServices, call_id: str) -> str | None:
    """The call whose message this call-back answers, if its ticket is still to be completed.

    Raises `Refused` when the matter has its ticket and nothing is left to complete: one more must be wanted.
    """
    async with desk.sessions() as session:
        call = await session.get(Call, call_id)
        draft = await session.get(TicketDraft, call_id)
        if call is None or (draft is not None and draft.submitted_ticket_id is not None):
            return None
        back = await call_back_of(session, call)
    if back is None or not back.tickets:
        return None
    if back.to_complete is None:
        raise Refused(f"本次回拨对应工单 {back.tickets[0].ticket_no} 已登记；确需另建请再次确认。", status=409)
    return back.to_complete.call_id


def _unit_to_send_to(fields: TicketFields, values: dict[str, Any]) -> int:
    """The chosen unit; without one, that and everything else still missing is said at once."""
    unit_id = values.get("unit_id")
    if isinstance(unit_id, int):
        return unit_id
    faults: dict[str, str] = {}
    try:
        check_open(fields, caller_id="on the line")
    except FieldErrors as error:
        faults = error.errors
    raise FieldErrors(faults | {"unit_id": "派单前请选择承办单位；不确定的点“登记待分流”。"})
