"""The page of a list of tickets with its filters, search and pages: a unit's, an agent's, the centre's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated

from aiohttp import web
from pydantic import Field
from sqlalchemy import ColumnElement

from agent_desk.web import words
from agent_desk.web.access import identity
from agent_desk.web.inputs import Line, Paged, one_of
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked
from agent_desk.web.services import services
from tickets.reading.lists import PAGE, counts, list_tickets

Filters = Mapping[str, tuple[str, tuple[str, ...]]]
"""key in the address -> (name for people, ticket states; none for all). The first is shown unasked."""

DONE = ("CLOSED", "ARCHIVED", "NOT_ACCEPTED", "HANDED_OVER")
UNIT_FILTERS: Filters = {
    "sign": ("待签收", ("DISPATCHED",)),
    "doing": ("办理中", ("SIGNED", "IN_PROGRESS", "REWORK", "RETURN_REVIEW")),
    "replied": ("已反馈", ("REPLIED", "FOLLOW_UP", "VERIFY")),
    "done": ("已办结", DONE),
    "all": ("全部", ()),
}
AGENT_FILTERS: Filters = {
    "open": ("在办", tuple(sorted(words.OPEN_TICKET_STATES))),
    "done": ("已办结", DONE),
    "all": ("全部", ()),
}


WORK_FILTERS: Mapping[Permission, tuple[str, tuple[str, tuple[str, ...]]]] = {
    Permission.DISPATCH: ("divert", ("待分流", ("REGISTERED", "REWORK"))),
    Permission.DESIGNATE: ("disputes", ("退单审核", ("RETURN_REVIEW",))),
    Permission.REVIEW: ("review", ("待审核", ("REPLIED",))),
    Permission.FOLLOW_UP: ("follow", ("待回访", ("FOLLOW_UP",))),
    Permission.SUPERVISE: ("verify", ("满意度核实", ("VERIFY",))),
}
"""What waits for whom; whoever has none of these sees what is open."""
CENTRE_FILTERS: Filters = {
    **dict(WORK_FILTERS.values()),
    "disputes": ("退单审核", ("RETURN_REVIEW",)),
    **AGENT_FILTERS,
}


def centre_filters(permissions: frozenset[Permission]) -> Filters:
    """The filters of the centre's list, what waits for this person first."""
    own = dict(entry for permission, entry in WORK_FILTERS.items() if permission in permissions)
    return own | {key: named for key, named in CENTRE_FILTERS.items() if key not in own}


class Wanted(Paged):
    """Which of the list's filters, and words to search for."""

    show: Annotated[str, one_of(UNIT_FILTERS | CENTRE_FILTERS, "请从列表中选择。")] = ""
    q: Annotated[Line, Field(max_length=60, title="搜索内容")] = ""


def time_left(left: timedelta) -> str:
    """ "剩 3 天 4 小时", "剩 25 分钟", "超期 2 小时"."""
    minutes = int(abs(left.total_seconds()) // 60)
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        span = f"{days} 天 {hours} 小时" if hours and days < 10 else f"{days} 天"
    elif hours:
        span = f"{hours} 小时 {minutes % 60} 分" if hours < 5 else f"{hours} 小时"
    else:
        span = f"{minutes} 分钟"
    return ("超期 " if left.total_seconds() < 0 else "剩 ") + span


async def show_list(
    request: web.Request,
    scope: ColumnElement[bool],
    filters: Filters,
    *,
    link: str,
    heading: str,
    show_unit: bool,
) -> web.StreamResponse:
    """The list at the address asked for; its rows alone when the page only wants those.

    `link` is where a ticket's own page is found: the number goes behind it.
    """
    desk = services(request)
    wanted = asked(request, Wanted)
    chosen = wanted.show if wanted.show in filters else next(iter(filters))
    text, page, now = wanted.q, wanted.page, desk.clock.now()
    async with desk.sessions() as session:
        rows, total = await list_tickets(
            session,
            scope,
            actor=identity(request).actor,
            states=filters[chosen][1],
            text=text,
            page=page,
            now=now,
        )
        by_state = await counts(session, scope)
    return render(
        request,
        "tickets/ticket_rows.html" if request.headers.get("HX-Request") else "tickets/tickets.html",
        path=request.path,
        link=link,
        filters=filters,
        by_state=by_state,
        chosen=chosen,
        text=text,
        rows=rows,
        total=total,
        page=page,
        pages=max(1, -(-total // PAGE)),
        now=now,
        time_left=time_left,
        show_unit=show_unit,
        heading=heading,
    )
