"""Ticket pages of the centre: an agent's own list, and one ticket as its reader may see it."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import and_, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.agents.draft_api import refusal
from agent_desk.agents.hearing import may_hear_message
from agent_desk.agents.recordings import may_hear
from agent_desk.tickets.case_offers import offers
from agent_desk.tickets.ticket_lists import AGENT_FILTERS, Wanted, centre_filters, show_list
from agent_desk.web import words
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.limits import PAGES
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.services import services
from db.models import Recording, Ticket, TicketDraft, Voicemail
from tickets.errors import NotAllowed, NotFound, TicketError
from tickets.life.numbers import is_ticket_no
from tickets.permissions import may
from tickets.reading.queries import ClockView, TicketView, ticket_view

routes = web.RouteTableDef()


@routes.get("/tickets")
@allow(Permission.READ_TICKETS, changes=False, limit=PAGES, logs=Logs.NOTHING, asks=Wanted, gives=Gives.PAGE)
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
    filters = AGENT_FILTERS if who.may(Permission.TAKE_CALLS) else centre_filters(who.permissions)
    return await show_list(request, scope, filters, link="/tickets/", heading=heading, show_unit=True)


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


async def _recordings(request: web.Request, session: AsyncSession, ticket: TicketView) -> list[Recording]:
    """The talk of the ticket's own call and of call-backs that were submitted into it, if the reader may hear."""
    if ticket.call_id is None or not ticket.may_hear:
        return []
    called_back = select(TicketDraft.call_id).where(TicketDraft.submitted_ticket_id == ticket.id)
    found = await session.scalars(
        select(Recording)
        .where(or_(Recording.call_id == ticket.call_id, Recording.call_id.in_(called_back)))
        .order_by(Recording.started_at)
    )
    return [each for each in found if await may_hear(request, session, identity(request), each)]


async def _messages(
    request: web.Request, session: AsyncSession, ticket: TicketView
) -> list[tuple[Voicemail, bool]]:
    """What was said, and whether the reader may play it."""
    if ticket.call_id is None or not ticket.may_hear:
        return []
    found = await session.scalars(select(Voicemail).where(Voicemail.ticket_id == ticket.id).order_by(Voicemail.id))
    who, now = identity(request), services(request).clock.now()
    return [(message, may_hear_message(who, message, now, barred=False)) for message in found]


@routes.get("/tickets/{ticket_no}")
@allow(Permission.READ_TICKETS, changes=False, limit=PAGES, logs=Logs.NOTHING, gives=Gives.PAGE)
async def one(request: web.Request) -> web.StreamResponse:
    """A ticket with its clocks, its course and its sound, as far as the reader may see and hear."""
    if _of_unit(request):
        async with services(request).sessions() as session:
            ticket = await find_ticket(session, request)
        raise web.HTTPSeeOther(f"/unit/tickets/{ticket.ticket_no}")
    return await show_ticket(request)


def _of_unit(request: web.Request) -> bool:
    who = identity(request)
    return who.may(Permission.UNIT_LIST) and not who.may(Permission.TAKE_CALLS)


async def page_of(request: web.Request, ticket_no: str) -> str:
    """Where this reader goes on after an act: the ticket's page, or the list when it is no longer theirs."""
    desk, who = services(request), identity(request)
    async with desk.sessions() as session:
        ticket = await session.scalar(select(Ticket).where(Ticket.ticket_no == ticket_no))
    if _of_unit(request):
        return f"/unit/tickets/{ticket_no}" if ticket is not None and may(who.actor, "read", ticket) else "/unit"
    return f"/tickets/{ticket_no}"


async def show_ticket(
    request: web.Request,
    *,
    errors: dict[str, str] | None = None,
    form: dict[str, str] | None = None,
    failed: str = "",
) -> web.StreamResponse:
    """The page of the ticket in the path. `failed` is the act whose form stays open, with what was typed."""
    desk, who = services(request), identity(request)
    async with desk.sessions() as session:
        ticket = await find_ticket(session, request)
        of_unit = _of_unit(request)
        recordings = [] if of_unit else await _recordings(request, session, ticket)
        messages = [] if of_unit else await _messages(request, session, ticket)
        offered = await offers(session, who.actor, who.permissions, ticket.id)
    return render(
        request,
        "tickets/ticket.html",
        status=422 if errors else 200,
        ticket=ticket,
        clocks=in_order(ticket),
        recordings=recordings,
        messages=messages,
        now=desk.clock.now(),
        errors=errors or {},
        form=form or {},
        failed=failed,
        offers=offered,
    )
