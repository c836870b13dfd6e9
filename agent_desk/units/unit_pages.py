"""The unit liaison's pages: the unit's tickets with lamps, signing for one, and the result reply."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from aiohttp import web
from pydantic import Field

from agent_desk.tickets.ticket_lists import UNIT_FILTERS, Wanted, show_list
from agent_desk.tickets.ticket_pages import find_ticket, show_ticket
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Input, Line, Text
from agent_desk.web.limits import ACTS, PAGES
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from db.models import Ticket
from runtime.clock import SHANGHAI
from tickets.errors import TicketError
from tickets.fields import FieldErrors, UnitReplyFields

routes = web.RouteTableDef()


@routes.get("/unit")
@allow(Permission.UNIT_LIST, changes=False, limit=PAGES, logs=Logs.NOTHING, asks=Wanted, gives=Gives.PAGE)
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


@routes.get("/unit/tickets/{ticket_no}")
@allow(Permission.UNIT_LIST, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def unit_ticket(request: web.Request) -> web.StreamResponse:
    """One ticket of the own unit, with what may be done to it."""
    return await show_ticket(request)


@routes.post("/unit/tickets/{ticket_no}/sign")
@allow(Permission.SIGN, changes=True, limit=ACTS, logs=Logs.AUDIT, gives=Gives.PAGE)
async def sign(request: web.Request) -> web.StreamResponse:
    """Sign for the ticket (T09)."""
    desk, who = services(request), identity(request)
    async with desk.sessions() as session:
        ticket = await find_ticket(session, request)
    try:
        await desk.tickets.sign(who.actor, ticket.id)
    except TicketError as error:
        return await show_ticket(request, errors={"": error.message})
    raise web.HTTPSeeOther(f"/unit/tickets/{ticket.ticket_no}")


TRUTH = {"yes": True, "no": False}


class Reply(Input):
    """The result as the form sends it; what an empty or strange field means is told beside it."""

    is_true: Literal["", "yes", "no"] = ""
    contacted: Literal["", "yes", "no"] = ""
    contact_time: Annotated[Line, Field(max_length=32, title="联系时间")] = ""
    contact_no: Annotated[Line, Field(max_length=200, title="联系电话")] = ""
    solved: Literal["", "yes", "no"] = ""
    unsolved_reason: Annotated[Line, Field(max_length=1000, title="未解决原因")] = ""
    result_text: Annotated[Text, Field(max_length=20_000, title="办理情况")] = ""
    public_text: Annotated[Text, Field(max_length=20_000, title="公开答复内容")] = ""


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
@allow(Permission.REPLY, changes=True, limit=ACTS, logs=Logs.AUDIT, takes=Reply, gives=Gives.PAGE)
async def reply(request: web.Request) -> web.StreamResponse:
    """Submit the result (T16); faults are shown by their fields and nothing typed is lost."""
    desk, who = services(request), identity(request)
    form = told(request, Reply).model_dump()
    async with desk.sessions() as session:
        ticket = await find_ticket(session, request)
    try:
        await desk.tickets.reply(who.actor, ticket.id, UnitReplyFields.parse(_reply_values(form)))
    except FieldErrors as error:
        return await show_ticket(request, errors=error.errors, form=form)
    except TicketError as error:
        return await show_ticket(request, errors={"": error.message}, form=form)
    raise web.HTTPSeeOther(f"/unit/tickets/{ticket.ticket_no}")
