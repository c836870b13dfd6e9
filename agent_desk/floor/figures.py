"""The centre's figures: tiles, half hours, agents, the script's ways and the standard's rules, of one period."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.floor import figure_words
from agent_desk.floor.figure_calls import calls_query
from agent_desk.floor.figure_chart import chart
from agent_desk.floor.figure_period import LONGEST_DAYS, NAMED, PARTS, PERIODS, Chosen, told
from agent_desk.web import words
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.limits import FIGURES
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked
from agent_desk.web.services import services
from calls.asterisk.queues import QUEUES
from calls.callbacks.call_hours import CallHours
from calls.figures.period import DAY
from calls.figures.report import Part, Report, report
from calls.figures.staffing import staffing
from db.models import Unit, User
from ivr.script.notices import notices
from runtime.clock import local

COUNTING = web.AppKey("figures_counting", asyncio.Lock)
MADE_OF: dict[str, frozenset[Part]] = {
    "overview": frozenset({Part.CALLS, Part.SEATS}),
    "agents": frozenset({Part.SEATS}),
    "ways": frozenset({Part.WAYS}),
    "rules": frozenset({Part.CALLS, Part.WAYS}),
}
"""What each part of the pages is made of."""
TICK = timedelta(microseconds=1)

routes = web.RouteTableDef()


@routes.get("/figures")
@allow(Permission.READ_FIGURES, changes=False, limit=FIGURES, logs=Logs.NOTHING, asks=Chosen, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """Figures of a period, a queue, a unit's seats."""
    desk, chosen = services(request), asked(request, Chosen)
    now = desk.clock.now()
    whole = chosen.scope(now)
    # What callers met with before an agent came is the whole centre's: a unit has no such parts.
    parts = {part: PARTS[part] for part in ("overview", "agents")} if chosen.unit else PARTS
    shown = chosen.part if chosen.part in parts else "overview"
    found = await counted(request, chosen, MADE_OF[shown])
    async with desk.sessions() as session:
        units = await units_with_seats(session)
        names = await names_of(session, found)
    context: dict[str, Any] = {
        "chosen": chosen,
        "parts": parts,
        "shown": shown,
        "active": next((name for name, named in NAMED.items() if named(now) == (whole.start, whole.end)), ""),
        "periods": PERIODS,
        "queues": {queue: words.QUEUES.get(queue, queue) for queue in QUEUES},
        "units": units,
        "longest": LONGEST_DAYS,
        "heading": told(found.scope if whole.start < now else whole),
        "found": found,
        "fw": figure_words,
        "names": names,
        "reasons": figure_words.reasons_of(code for row in found.agents for code in row.not_ready_s),
        "chart": chart(found.slots),
        "needed": needed_seats(found),
        "groups": [
            (name, listed)
            for name, codes in figure_words.GROUPS
            if (listed := figure_words.tiles(found.figures, codes))
        ],
        "rules": figure_words.tiles(found.figures, figure_words.RULES),
        "may_export": identity(request).may(Permission.EXPORT_FIGURES),
        "since": local(whole.start).date().isoformat(),
        "until": local(whole.end - TICK).date().isoformat(),
        "days": math.ceil((found.scope.end - found.scope.start) / DAY),
        "not_begun": whole.start >= now,
        "window_link": lambda worst, show: calls_query(worst.start, worst.end, show, chosen.queue),
        "period_link": lambda show: calls_query(found.scope.start, found.scope.end, show, chosen.queue),
    }
    return render(request, f"floor/figures_{shown}.html", **context)


def needed_seats(found: Report) -> dict[int, int]:
    """By half hour, by Erlang's formula; empty where it cannot be compared: of one queue or one unit's seats."""
    if found.scope.queue or found.scope.unit_id is not None or "AHT" not in found.figures:
        return {}
    return {row.half: row.needed for row in staffing(found)}


async def counted(request: web.Request, chosen: Chosen, parts: Collection[Part]) -> Report:
    """The report of what is chosen, up to now. Raises Refused.

    One at a time: counting a month takes the processor that live calls' pages need, too.
    """
    desk = services(request)
    now = desk.clock.now()
    scope = chosen.scope(now)
    async with request.config_dict[COUNTING], desk.sessions() as session:
        return await report(
            session,
            scope,
            now,
            hours=CallHours.of(desk.settings),
            notices=await notices(session) if Part.WAYS in parts else {},
            parts=parts,
        )


async def units_with_seats(session: AsyncSession) -> dict[int, str]:
    """Units whose people take calls: remote seats stand in counties, too."""
    rows = await session.execute(
        select(Unit.id, Unit.short_name, Unit.name)
        .where(Unit.id.in_(select(User.unit_id).where(User.extension.is_not(None))))
        .order_by(Unit.id)
    )
    return {unit_id: short or name for unit_id, short, name in rows.all()}


async def names_of(session: AsyncSession, found: Report) -> dict[int, str]:
    """Agents' names by account."""
    ids = {row.user_id for row in found.agents if row.user_id is not None}
    rows = await session.execute(select(User.id, User.name).where(User.id.in_(ids)))
    return {user_id: name for user_id, name in rows.all()}
