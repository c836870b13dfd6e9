"""The calls behind a figure: those of a window or a period, all or only those that fared badly."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BeforeValidator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agent_desk.floor import figure_words
from agent_desk.floor.figure_period import LONGEST_DAYS, told
from agent_desk.web import words
from agent_desk.web.access import Gives, Logs, allow, identity
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import Paged, one_of
from agent_desk.web.limits import FIGURES
from agent_desk.web.pages import render
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked
from agent_desk.web.services import services
from calls.asterisk.queues import QUEUES
from calls.figures.call_facts import CallFacts
from calls.figures.call_kpis import SOON_S
from calls.figures.period import PeriodRefused, Scope, moment
from calls.figures.reading import read_calls
from db.models import Call, User
from language.phone import normalise
from tickets.reading.masking import mask_phone

PAGE = 50
SHOWS = {"all": "全部来电", "late": "未在15秒内接听", "lost": "未接通"}

routes = web.RouteTableDef()


def _moment(text: object) -> datetime:
    if not isinstance(text, str):
        raise ValueError("时间填写的内容不对。")
    return moment(text)


Moment = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=datetime)]


class Wanted(Paged):
    """The calls that came in `[start, end)`."""

    start: Moment
    end: Moment
    show: Annotated[str, one_of(SHOWS, "请从列表中选择范围。")] = "all"
    queue: Annotated[str, one_of(QUEUES, "请从列表中选择队列。")] = ""

    def scope(self) -> Scope:
        """Raises Refused for a period that is none."""
        if self.end - self.start > timedelta(days=LONGEST_DAYS):
            raise Refused(f"一次最多查看{LONGEST_DAYS}天，请缩短时段。")
        try:
            return Scope(self.start, self.end, self.queue)
        except PeriodRefused as refused:
            raise Refused(str(refused)) from None

    def link(self, **changes: str | int) -> str:
        """The query of this list with some of it changed."""
        said = {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "show": self.show,
            "queue": self.queue,
            **changes,
        }
        return urlencode({name: value for name, value in said.items() if value != ""})


@dataclass(frozen=True, slots=True)
class Line:
    """One call; the number is masked as on the board. Seconds."""

    at: datetime
    number: str
    queue: str
    wait_s: float
    late: bool
    outcome: str
    agent: str
    talk_s: float


def calls_query(start: datetime, end: datetime, show: str, queue: str) -> str:
    """The query of a list of calls."""
    said = {"start": start.isoformat(), "end": end.isoformat(), "show": show, "queue": queue}
    return urlencode({name: value for name, value in said.items() if value})


@routes.get("/figures/calls")
@allow(Permission.READ_FIGURES, changes=False, limit=FIGURES, logs=Logs.NOTHING, asks=Wanted, gives=Gives.PAGE)
async def page(request: web.Request) -> web.StreamResponse:
    """The calls of a window, oldest first."""
    wanted = asked(request, Wanted)
    scope = wanted.scope()
    async with services(request).sessions() as session:
        total, found = 0, []
        first = (wanted.page - 1) * PAGE
        async for call in chosen_calls(session, scope, wanted.show):
            if first <= total < first + PAGE:
                found.append(call)
            total += 1
        rows = await lines(session, found)
    return render(
        request,
        "floor/figure_calls.html",
        wanted=wanted,
        heading=told(scope),
        shows=SHOWS,
        rows=rows,
        total=total,
        pages=max(1, -(-total // PAGE)),
        fw=figure_words,
        may_export=identity(request).may(Permission.EXPORT_FIGURES),
    )


async def chosen_calls(session: AsyncSession, scope: Scope, show: str) -> AsyncIterator[CallFacts]:
    """By the same reckoning as the figures, so that a list is as long as the figure says."""
    async for call in read_calls(session, scope):
        late = call.queued and not (call.answered and call.wait_s <= SOON_S)
        lost = call.queued and not call.answered
        if show == "all" or (late if show == "late" else lost):
            yield call


async def lines(session: AsyncSession, found: Sequence[CallFacts]) -> list[Line]:
    """These calls as people read them."""
    ids = [call.id for call in found]
    rows = await session.execute(
        select(Call.id, Call.caller, Call.queue, Call.agent, User.name)
        .outerjoin(User, User.id == Call.agent_user_id)
        .where(Call.id.in_(ids))
    )
    known = {row.id: row for row in rows.all()}
    return [
        Line(
            at=call.started_at,
            number=mask_phone(normalise(known[call.id].caller).digits) or "匿名",
            queue=words.QUEUES.get(known[call.id].queue, known[call.id].queue),
            wait_s=call.wait_s if call.answered else call.gave_up_s,
            late=call.queued and not (call.answered and call.wait_s <= SOON_S),
            outcome=words.CALL_OUTCOMES.get(call.outcome, "未结束"),
            agent=(known[call.id].name or known[call.id].agent) if call.answered else "",
            talk_s=call.talk_s,
        )
        for call in found
    ]
