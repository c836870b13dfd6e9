"""Saving and submitting the draft of a call."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from agent_desk.access import allow, identity
from agent_desk.call_back import call_back_of
from agent_desk.errors import Refused
from agent_desk.own_calls import need_call
from agent_desk.permissions import Permission
from agent_desk.requests import call_id_of, json_object, text_of
from agent_desk.services import DeskServices, services
from agent_desk.web_sessions import Identity
from db.models import Call, Ticket, TicketDraft, Unit
from tickets.drafts import save_draft
from tickets.errors import Conflict, NotAllowed, NotFound, TicketError
from tickets.fields import FieldErrors, TicketFields, check_open

routes = web.RouteTableDef()


def refusal(error: TicketError) -> Refused:
    """What the ticket room refused, as an answer to the page."""
    status = {NotAllowed: 403, NotFound: 404, Conflict: 409}.get(type(error), 422)
    fields = error.errors if isinstance(error, FieldErrors) else {}
    return Refused("请改正标出的内容。" if fields else error.message, status=status, fields=fields)


@routes.post("/api/desk/draft/{call_id}")
@allow(Permission.TAKE_CALLS)
async def save(request: web.Request) -> web.StreamResponse:
    """Keep what the agent typed: `{"changes": {field: value}}`. Answers when it was saved."""
    desk, who = services(request), identity(request)
    call_id = call_id_of(request)
    changes = (await json_object(request)).get("changes")
    if not isinstance(changes, dict) or not all(isinstance(name, str) for name in changes):
        raise Refused("请求格式不对。", status=400)
    async with desk.sessions() as session:
        await need_call(request, session, who, call_id)
    try:
        async with desk.sessions.begin() as session:
            view = await save_draft(session, desk.clock, call_id, who.user_id, changes)
    except TicketError as error:
        raise refusal(error) from None
    return web.json_response(
        {"saved_at": desk.clock.now().isoformat(), "revision": view.revision, "touched": list(view.touched)}
    )


@routes.post("/api/desk/submit/{call_id}")
@allow(Permission.TAKE_CALLS)
async def submit(request: web.Request) -> web.StreamResponse:
    """Submit the draft: kind is dispatch, register, answer, decline or hand_over.

    A call-back completes the ticket that its message has already; `new_ticket` makes one more, on purpose.
    """
    desk, who = services(request), identity(request)
    call_id = call_id_of(request)
    body = await json_object(request)
    fields = body.get("fields")
    if not isinstance(fields, dict):
        raise Refused("请求格式不对。", status=400)
    async with desk.sessions() as session:
        await need_call(request, session, who, call_id)
    try:
        ticket = await _submit(desk, who, call_id, str(body.get("kind", "")), fields, body)
    except TicketError as error:
        raise refusal(error) from None
    async with desk.sessions() as session:
        unit = await session.get(Unit, ticket.unit_id) if ticket.unit_id else None
    return web.json_response(
        {
            "ticket": {
                "no": ticket.ticket_no,
                "state": ticket.state,
                "unit": unit.short_name if unit else "",
            }
        }
    )


async def _submit(
    desk: DeskServices, who: Identity, call_id: str, kind: str, values: dict[str, Any], body: dict[str, Any]
) -> Ticket:
    fields = TicketFields.parse({name: value for name, value in values.items() if value is not None})
    message_call = None if body.get("new_ticket") is True else await _message_call(desk, call_id)
    match kind:
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
                text_of(body, "code", 8),
                text_of(body, "told", 500),
                message_call=message_call,
            )
        case "hand_over":
            handoff_id = body.get("handoff_id")
            if not isinstance(handoff_id, int):
                raise Refused("没有可登记的移交。")
            return await desk.tickets.hand_over(who.actor, fields, call_id, handoff_id, message_call=message_call)
        case _:
            raise Refused("请求格式不对。", status=400)


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
