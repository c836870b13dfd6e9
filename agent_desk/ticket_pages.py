"""Ticket pages of the centre: an agent's own list, and one ticket as its reader may see it."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk import words
from agent_desk.access import allow, identity
from agent_desk.draft_api import refusal
from agent_desk.pages import render
from agent_desk.permissions import Permission
from agent_desk.services import services
from agent_desk.ticket_lists import AGENT_FILTERS, show_list
from db.models import Recording, Ticket, Voicemail
from tickets.errors import NotAllowed, NotFound, TicketError
from tickets.numbers import is_ticket_no
from tickets.queries import ClockView, TicketView, ticket_view

routes = web.RouteTableDef()


@routes.get("/tickets")
@allow(Permission.READ_TICKETS)
async def own_list(request: web.Request) -> web.StreamResponse:
    """Tickets the agent took; for the centre's other roles all tickets."""
    who = identity(request)
    if who.may(Permission.UNIT_LIST) and not who.may(Permission.TAKE_CALLS):
        raise web.HTTPSeeOther("/unit")
    # A message's ticket is every agent's until one has checked it.
    of_messages = and_(Ticket.channel == "VOICEMAIL", Ticket.created_by.is_(None))
    own = or_(Ticket.created_by == who.user_id, of_messages)
    scope = own if who.may(Permission.TAKE_CALLS) else true()
    heading = "我的工单" if who.may(Permission.TAKE_CALLS) else "工单"
    return await show_list(request, scope, AGENT_FILTERS, link="/tickets/", heading=heading, show_unit=True)


async def find_ticket(session: AsyncSession, request: web.Request) -> TicketView:
    """The ticket named in the path as its reader may see it; what one may not read is "not found"."""
    number = request.match_info["ticket_no"]
    if not is_ticket_no(number):
        raise web.HTTPNotFound
    ticket_id = await session.scalar(select(Ticket.id).where(Ticket.ticket_no == number))
    if ticket_id is None:
        raise web.HTTPNotFound
    try:
        return await ticket_view(session, identity(request).actor, ticket_id, now=services(request).clock.now())
    except (NotFound, NotAllowed):
        raise web.HTTPNotFound from None
    except TicketError as error:
        raise refusal(error) from None


def in_order(ticket: TicketView) -> list[ClockView]:
    """The ticket's clocks in the order of its life."""
    order = list(words.CLOCKS)
    return sorted(ticket.clocks, key=lambda clock: order.index(clock.name) if clock.name in order else len(order))


@routes.get("/tickets/{ticket_no}")
@allow(Permission.READ_TICKETS)
async def one(request: web.Request) -> web.StreamResponse:
    desk, who = services(request), identity(request)
    async with desk.sessions() as session:
        ticket = await find_ticket(session, request)
        recorded = bool(
            ticket.call_id
            and ticket.may_hear
            and await session.scalar(select(Recording.id).where(Recording.call_id == ticket.call_id).limit(1))
        )
        messages = list(
            await session.scalars(select(Voicemail).where(Voicemail.ticket_id == ticket.id).order_by(Voicemail.id))
        )
    if who.may(Permission.UNIT_LIST) and not who.may(Permission.TAKE_CALLS):
        raise web.HTTPSeeOther(f"/unit/tickets/{ticket.ticket_no}")
    return render(
        request,
        "ticket.html",
        ticket=ticket,
        clocks=in_order(ticket),
        recorded=recorded,
        messages=messages if ticket.call_id and ticket.may_hear else [],
        now=desk.clock.now(),
        errors={},
        form={},
    )
