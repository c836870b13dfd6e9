"""The acts on a ticket over HTTP: one route for each row of the table; and the list of requests that wait."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import and_, or_, select, true

from agent_desk.tickets.case_act import CaseAct
from agent_desk.tickets.case_table import ACTS
from agent_desk.tickets.ticket_lists import Filters, Wanted, show_list
from agent_desk.tickets.ticket_pages import find_ticket, page_of, show_ticket
from agent_desk.web.access import Gives, Handler, Logs, allow, identity
from agent_desk.web.limits import ACTS as ACTS_LIMIT
from agent_desk.web.limits import PAGES
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import told
from agent_desk.web.services import services
from db.models import Extension, ReturnRequest, Suspension, Ticket
from tickets.errors import TicketError
from tickets.fields import FieldErrors

routes = web.RouteTableDef()
REQUESTS: Filters = {"all": ("待审批", ())}


def _handler(act: CaseAct) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        desk, who = services(request), identity(request)
        form = told(request, act.takes)
        async with desk.sessions() as session:
            ticket = await find_ticket(session, request)
        typed = {name: "" if value is None else str(value) for name, value in form.model_dump().items()}
        try:
            await act.do(desk.tickets, who.actor, ticket.id, form)
        except FieldErrors as error:
            return await show_ticket(request, errors=error.errors, form=typed, failed=act.key)
        except TicketError as error:
            return await show_ticket(request, errors={"": error.message}, form=typed, failed=act.key)
        raise web.HTTPSeeOther(await page_of(request, ticket.ticket_no))

    handle.__doc__ = (
        f"{act.label}: an act on one ticket; refused with the reason where the ticket or the matrix says no."
    )
    return allow(
        act.permission,
        changes=True,
        limit=ACTS_LIMIT,
        logs=Logs.AUDIT,
        takes=act.takes,
        gives=Gives.PAGE,
    )(handle)


for _act in ACTS.values():
    routes.post(f"/cases/{{ticket_no}}/{_act.key}")(_handler(_act))


@routes.get("/requests")
@allow(
    Permission.LEAD_UNIT,
    Permission.DESIGNATE,
    changes=False,
    limit=PAGES,
    logs=Logs.NOTHING,
    asks=Wanted,
    gives=Gives.PAGE,
)
async def waiting(request: web.Request) -> web.StreamResponse:
    """Tickets with a request that this person must answer: a unit's head for the own unit, else the centre."""
    who = identity(request)
    if who.may(Permission.DESIGNATE):
        scope = or_(
            Ticket.id.in_(select(Extension.ticket_id).where(Extension.state == "SIGNED")),
            Ticket.id.in_(select(Suspension.ticket_id).where(Suspension.state == "ASKED")),
            Ticket.id.in_(select(ReturnRequest.ticket_id).where(ReturnRequest.state == "PUT")),
        )
        return await show_list(
            request, scope & true(), REQUESTS, link="/tickets/", heading="待审批", show_unit=True
        )
    asked = or_(
        Ticket.id.in_(select(Extension.ticket_id).where(Extension.state == "ASKED")),
        Ticket.id.in_(select(ReturnRequest.ticket_id).where(ReturnRequest.state == "ASKED")),
    )
    own = and_(Ticket.unit_id == who.unit_id, asked)
    return await show_list(request, own, REQUESTS, link="/unit/tickets/", heading="待审批", show_unit=False)
