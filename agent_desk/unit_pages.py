"""The unit liaison's pages: the unit's tickets with lamps, signing for one, and the result reply."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from agent_desk.access import allow, identity
from agent_desk.errors import Refused
from agent_desk.pages import render
from agent_desk.permissions import Permission
from agent_desk.services import services
from agent_desk.ticket_lists import UNIT_FILTERS, show_list
from agent_desk.ticket_pages import find_ticket, in_order
from db.models import Ticket
from hotline.clock import SHANGHAI
from tickets.errors import TicketError
from tickets.fields import FieldErrors, UnitReplyFields

routes = web.RouteTableDef()


@routes.get("/unit")
@allow(Permission.UNIT_LIST)
async def unit_list(request: web.Request) -> web.StreamResponse:
    """The unit's tickets: filters by state, search, pages of 20, nearest due first."""
    who = identity(request)
    if who.unit_id is None:
        raise Refused("您的账号没有所属单位，请联系平台管理员。")
    return await show_list(
        request,
        Ticket.unit_id == who.unit_id,
        UNIT_FILTERS,
        link="/unit/tickets/",
        heading=f"{who.unit_name}工单",
        show_unit=False,
    )


async def _show(
    request: web.Request, *, errors: dict[str, str] | None = None, form: dict[str, str] | None = None
) -> web.StreamResponse:
    desk = services(request)
    async with desk.sessions() as session:
        ticket = await find_ticket(session, request)
    return render(
        request,
        "ticket.html",
        status=422 if errors else 200,
        messages=[],
        ticket=ticket,
        clocks=in_order(ticket),
        recordings=[],
        now=desk.clock.now(),
        errors=errors or {},
        form=form or {},
    )


@routes.get("/unit/tickets/{ticket_no}")
@allow(Permission.UNIT_LIST)
async def unit_ticket(request: web.Request) -> web.StreamResponse:
    return await _show(request)


@routes.post("/unit/tickets/{ticket_no}/sign")
@allow(Permission.SIGN)
async def sign(request: web.Request) -> web.StreamResponse:
    """Sign for the ticket (T09)."""
    desk, who = services(request), identity(request)
    async with desk.sessions() as session:
        ticket = await find_ticket(session, request)
    try:
        await desk.tickets.sign(who.actor, ticket.id)
    except TicketError as error:
        return await _show(request, errors={"": error.message})
    raise web.HTTPSeeOther(f"/unit/tickets/{ticket.ticket_no}")


TRUTH = {"yes": True, "no": False}


def _reply_values(form: dict[str, str]) -> dict[str, Any]:
    """The form's words as the ticket room takes them; times are Asia/Shanghai."""
    values: dict[str, Any] = {
        "is_true": TRUTH.get(form.get("is_true", "")),
        "solved": TRUTH.get(form.get("solved", "")),
        "contacted": form.get("contacted") == "yes",
    }
    for name in ("contact_no", "unsolved_reason", "result_text", "public_text"):
        values[name] = form.get(name, "")
    if typed := form.get("contact_time", ""):
        try:
            values["contact_time"] = datetime.fromisoformat(typed).replace(tzinfo=SHANGHAI)
        except ValueError:
            raise FieldErrors({"contact_time": "联系时间：填写的内容不对。"}) from None
    return values


@routes.post("/unit/tickets/{ticket_no}/reply")
@allow(Permission.REPLY)
async def reply(request: web.Request) -> web.StreamResponse:
    """Submit the result (T16); faults are shown by their fields and nothing typed is lost."""
    desk, who = services(request), identity(request)
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    async with desk.sessions() as session:
        ticket = await find_ticket(session, request)
    try:
        await desk.tickets.reply(who.actor, ticket.id, UnitReplyFields.parse(_reply_values(form)))
    except FieldErrors as error:
        return await _show(request, errors=error.errors, form=form)
    except TicketError as error:
        return await _show(request, errors={"": error.message}, form=form)
    raise web.HTTPSeeOther(f"/unit/tickets/{ticket.ticket_no}")
