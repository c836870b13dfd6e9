"""Each table of the figures as an XLSX file: text is always text, a number a number; it is kept who took it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Annotated

from aiohttp import hdrs, web
from aiohttp.helpers import content_disposition_header
from pydantic import Field
from xlsxwriter import Workbook

from agent_desk.floor import figure_words as fw
from agent_desk.floor.figure_calls import SHOWS, Wanted, chosen_calls, lines
from agent_desk.floor.figure_period import Chosen, file_part, told
from agent_desk.floor.figures import MADE_OF, counted, names_of, needed_seats
from agent_desk.web.access import XLSX, Gives, Logs, allow, identity
from agent_desk.web.errors import Refused
from agent_desk.web.inputs import one_of
from agent_desk.web.limits import FIGURES
from agent_desk.web.permissions import Permission
from agent_desk.web.requests import asked
from agent_desk.web.services import DeskServices, services
from agent_desk.web.trail import leave_trace
from calls.figures.kpi import Figure, Kind
from calls.figures.report import Part, Report
from runtime.clock import local

TABLES = {"kpis": "话务指标", "slots": "分半小时", "agents": "坐席", "ways": "语音流程", "rules": "达标情况"}
READ = MADE_OF | {"kpis": frozenset(Part), "slots": MADE_OF["overview"]}
"""What each table is made of."""
MOST_CALLS = 20_000

routes = web.RouteTableDef()

Cell = str | float | datetime | None


@dataclass(frozen=True, slots=True)
class Share:
    """A number that a spreadsheet shows as a percentage."""

    value: float | None


Row = Sequence[Cell | Share]


class WantedSheet(Chosen):
    """Which table, of what the page shows."""

    table: Annotated[str, one_of(TABLES, "请从列表中选择表格。"), Field(title="表格")] = "kpis"


@routes.get("/figures/sheet")
@allow(
    Permission.EXPORT_FIGURES, changes=False, limit=FIGURES, logs=Logs.AUDIT, asks=WantedSheet, gives=Gives.SHEET
)
async def sheet(request: web.Request) -> web.StreamResponse:
    """One of the figures' tables as a file."""
    desk, wanted = services(request), asked(request, WantedSheet)
    found = await counted(request, wanted, READ[wanted.table])
    async with desk.sessions() as session:
        names = await names_of(session, found)
    heads, rows = _table(wanted.table, found, names)
    name = f"{TABLES[wanted.table]}-{file_part(found.scope)}.xlsx"
    return await _file(request, desk, name, TABLES[wanted.table], told(found.scope), heads, rows)


@routes.get("/figures/calls/sheet")
@allow(Permission.EXPORT_FIGURES, changes=False, limit=FIGURES, logs=Logs.AUDIT, asks=Wanted, gives=Gives.SHEET)
async def calls_sheet(request: web.Request) -> web.StreamResponse:
    """The calls behind a figure as a file; numbers stay masked."""
    desk, wanted = services(request), asked(request, Wanted)
    scope = wanted.scope()
    rows: list[Row] = []
    async with desk.sessions() as session:
        found = [call async for call in chosen_calls(session, scope, wanted.show)]
        if len(found) > MOST_CALLS:
            raise Refused(f"一次最多导出{MOST_CALLS}通来电，请缩短时段。")
        for at in range(0, len(found), 1000):
            rows += [
                (
                    *(local(line.at).replace(tzinfo=None), line.number, line.queue, round(line.wait_s, 1)),
                    *(line.outcome, line.agent, round(line.talk_s, 1)),
                )
                for line in await lines(session, found[at : at + 1000])
            ]
    heads = ("来电时间", "来电号码", "队列", "等待（秒）", "结果", "坐席", "通话（秒）")
    name = f"来电明细-{SHOWS[wanted.show]}-{file_part(scope)}.xlsx"
    return await _file(request, desk, name, "来电明细", told(scope), heads, rows)


async def _file(
    request: web.Request,
    desk: DeskServices,
    name: str,
    title: str,
    period: str,
    heads: Sequence[str],
    rows: Iterable[Row],
) -> web.Response:
    who, now = identity(request), desk.clock.now()
    body = await asyncio.to_thread(workbook, title, f"{title}　{period}", heads, list(rows), now)
    async with desk.sessions.begin() as session:
        leave_trace(
            session,
            at=now,
            object_kind="figures",
            object_id=name.removesuffix(".xlsx")[:64],
            action="exported",
            user_id=who.user_id,
            name=who.name,
            unit_id=who.unit_id,
        )
    disposition = content_disposition_header("attachment", filename=name)
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: XLSX, hdrs.CONTENT_DISPOSITION: disposition})


def workbook(title: str, heading: str, heads: Sequence[str], rows: Sequence[Row], at: datetime) -> bytes:
    """An XLSX file of one sheet. No text ever becomes a formula or a link, whatever it begins with."""
    to = BytesIO()
    book = Workbook(to, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": heading, "created": local(at).replace(tzinfo=None)})
    page = book.add_worksheet(title)
    head = book.add_format({"bold": True, "bg_color": "#E6EFF8", "border": 1, "border_color": "#A9C6E2"})
    share = book.add_format({"num_format": "0.00%"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    page.write_string(0, 0, heading, book.add_format({"bold": True, "font_size": 14}))
    page.write_string(1, 0, f"统计于 {local(at):%Y-%m-%d %H:%M:%S}")
    for column, text in enumerate(heads):
        page.write_string(3, column, text, head)
    widths = [_width(text) for text in heads]
    for number, row in enumerate(rows, start=4):
        for column, cell in enumerate(row):
            match cell:
                case Share(value=None) | None:
                    page.write_string(number, column, "—")
                case Share(value=value):
                    page.write_number(number, column, value, share)
                case datetime():
                    page.write_datetime(number, column, cell, moment)
                    widths[column] = max(widths[column], 19)
                case str():
                    page.write_string(number, column, cell)
                    widths[column] = max(widths[column], min(_width(cell), 60))
                case _:
                    page.write_number(number, column, cell)
    for column, width in enumerate(widths):
        page.set_column(column, column, width + 2)
    page.freeze_panes(4, 0)
    page.repeat_rows(3)
    page.set_landscape()
    page.set_paper(9)  # A4
    page.fit_to_pages(1, 0)
    book.close()
    return to.getvalue()


def _width(text: str) -> int:
    """Columns of a text; a Chinese character takes two."""
    return sum(1 if char.isascii() else 2 for char in text)


def _table(table: str, found: Report, names: dict[int, str]) -> tuple[Sequence[str], list[Row]]:
    match table:
        case "slots":
            return _slots(found)
        case "agents":
            return _agents(found, names)
        case "ways":
            return _ways(found)
        case "rules":
            return _rules(found)
        case _:
            heads = ("代码", "指标", "值", "单位", "分子", "分母", "口径")
            return heads, [_figure(figure) for figure in found.figures.values()]


def _figure(figure: Figure) -> Row:
    unit = {Kind.RATE: "%", Kind.COUNT: "通"}.get(figure.kind, "秒")
    value = _value(figure)
    return (figure.code, figure.name, value, unit, figure.numerator, figure.denominator, figure.definition)


def _value(figure: Figure) -> Cell | Share:
    if figure.kind is Kind.RATE:
        return Share(figure.value)
    return None if figure.value is None else round(figure.value, 1)


def _slots(found: Report) -> tuple[Sequence[str], list[Row]]:
    figures, needed = found.slots[0].figures if found.slots else (), needed_seats(found)
    heads = (
        "时段",
        *(figure.name + ("（秒）" if figure.kind is Kind.MEAN else "") for figure in figures),
        "在岗坐席",
        *(("测算坐席",) if needed else ()),
    )
    rows: list[Row] = []
    for slot in found.slots:
        seats = (round(slot.seats, 2), needed[slot.half]) if needed else (round(slot.seats, 2),)
        rows.append((fw.half_hour(slot.half), *map(_value, slot.figures), *seats))
    return heads, rows


def _agents(found: Report, names: dict[int, str]) -> tuple[Sequence[str], list[Row]]:
    reasons = fw.reasons_of(code for row in found.agents for code in row.not_ready_s)
    heads = (
        *("坐席", "姓名", "接听", "外呼", "漏接", "平均通话（秒）", "平均保持（秒）", "平均话后（秒）"),
        *("利用率", "签入（分钟）", "示闲（分钟）"),
        *(f"示忙·{fw.reason(code)}（分钟）" for code in reasons),
    )
    rows: list[Row] = []
    for row in found.agents:
        means = [row.mean(seconds) for seconds in (row.talk_s, row.hold_s, row.wrap_up_s)]
        rows.append(
            (
                *(row.agent, names.get(row.user_id or 0, ""), row.answered, row.called_out, row.missed),
                *(None if mean is None else round(mean, 1) for mean in means),
                Share(row.occupancy),
                *(round(seconds / 60, 1) for seconds in (row.signed_in_s, row.ready_s)),
                *(round(row.not_ready_s.get(code, 0.0) / 60, 1) for code in reasons),
            )
        )
    return heads, rows


def _ways(found: Report) -> tuple[Sequence[str], list[Row]]:
    heads = ("脚本", "版本", "环节", "类型", "出口", "去向", "次数")
    return heads, [
        (
            *(row.script, row.version, row.node, fw.KINDS.get(row.kind, row.kind)),
            *(fw.exit_name(row.exit, row.to), row.to, row.calls),
        )
        for row in found.exits
    ]


def _rules(found: Report) -> tuple[Sequence[str], list[Row]]:
    heads = ("要求", "达标", "值", "目标", "分子", "分母", "最低时段自", "最低时段至", "口径")
    rows: list[Row] = []
    for code in fw.RULES:
        if (figure := found.figures.get(code)) is None:
            continue
        worst = found.worst.get(code)
        verdict = "没有数据" if figure.met is None else "达标" if figure.met else "未达标"
        window = [local(at).replace(tzinfo=None) for at in (worst.start, worst.end)] if worst else [None, None]
        rows.append(
            (
                *(figure.name, verdict, Share(figure.value), Share(figure.target)),
                *(figure.numerator, figure.denominator, *window, figure.definition),
            )
        )
    return heads, rows
