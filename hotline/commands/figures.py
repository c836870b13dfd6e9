"""`hotline figures`: the centre's figures of a period, each with what it was counted from."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from calls.asterisk.queues import QUEUES
from calls.callbacks.call_hours import CallHours
from calls.figures.kpi import Figure, Kind
from calls.figures.period import LONGEST, PeriodRefused, Scope, moment
from calls.figures.report import Part, Report, report
from calls.figures.staffing import most, staffing
from calls.figures.window import Worst
from hotline.commands.database import open_sessions
from hotline.console import load_settings, out, run
from runtime.clock import SystemClock, local
from runtime.errors import UserError

app = typer.Typer(help="Figures of calls: connect rates, waits, seats.")

FORM = "an ISO date or moment, such as 2026-05-06 or 2026-05-06T09:30 (Asia/Shanghai unless it names its zone)"

From = Annotated[str, typer.Option("--from", help="From when, " + FORM + ".")]
To = Annotated[str, typer.Option("--to", help="Up to but without this moment, in the same form.")]
Queue = Annotated[str, typer.Option(help=f"One queue alone: {', '.join(QUEUES)}.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON: rates as shares, durations in seconds.")]


def scope_of(start: str, end: str, queue: str) -> Scope:
    """The scope that these options name. Raises UserError, which says what is wrong with which."""
    if queue and queue not in QUEUES:
        raise UserError(f"there is no queue {queue[:40]!r}", f"queues: {', '.join(QUEUES)}")
    try:
        return Scope(_moment("--from", start), _moment("--to", end), queue)
    except PeriodRefused as refused:
        if refused.reason == "reversed":
            raise UserError(
                f"--to {end} is not after --from {start}", "--to is the end, and not counted"
            ) from None
        raise UserError(f"that is more than {LONGEST.days} days", "ask for a shorter period") from None


def _moment(option: str, text: str) -> datetime:
    if not text:
        raise UserError(f"{option} is missing", f"give {FORM}")
    try:
        return moment(text)
    except PeriodRefused:
        raise UserError(f"{option} {text[:40]!r} is not a moment", f"give {FORM}") from None


@app.callback(invoke_without_command=True)
def figures(
    context: typer.Context, start: From = "", end: To = "", queue: Queue = "", as_json: AsJson = False
) -> None:
    """Show the figures of calls of a period, with numerators, denominators and definitions."""
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()

    async def work() -> None:
        from ivr.script.notices import notices

        scope = scope_of(start, end, queue)
        async with open_sessions(settings) as sessions, sessions() as session:
            found = await report(
                session,
                scope,
                SystemClock().now(),
                hours=CallHours.of(settings),
                notices=await notices(session),
            )
        if as_json:
            typer.echo(json.dumps(_plain(found), ensure_ascii=False, indent=2))
        else:
            _show(found)

    run(work)


def _show(found: Report) -> None:
    scope = found.scope
    title = f"{_wall(scope.start)} – {_wall(scope.end)}" + (f", queue {scope.queue}" if scope.queue else "")
    table = Table(title=title, title_justify="left")
    for column in ("code", "名称"):
        table.add_column(column, overflow="fold")
    for column in ("值", "分子", "分母"):
        table.add_column(column, justify="right", overflow="fold")
    for figure in found.figures.values():
        mark = "[red]" if figure.met is False else ""
        table.add_row(
            figure.code,
            figure.name,
            mark + value_of(figure),
            f"{figure.numerator:.10g}",
            "" if figure.denominator is None else f"{figure.denominator:.10g}",
        )
    out.print(table)
    for figure in found.figures.values():
        out.print(f"[dim]{figure.code}[/] {figure.name}：{figure.definition}")
    for code, worst in found.worst.items():
        if worst is not None:
            window = f"{_wall(worst.start)} – {_wall(worst.end)}"
            out.print(f"{code}: worst window {window}, {worst.hits} of {worst.calls} calls")


def value_of(figure: Figure) -> str:
    """As people read it: 94.87%, 14.6 s, 39; "—" without a value."""
    if figure.value is None:
        return "—"
    match figure.kind:
        case Kind.RATE:
            return f"{figure.value * 100:.2f}%"
        case Kind.COUNT:
            return f"{figure.value:g}"
        case _:
            return f"{figure.value:.1f} s"


def _wall(at: datetime) -> str:
    form = "%Y-%m-%d %H:%M" if not (at.second or at.microsecond) else "%Y-%m-%d %H:%M:%S"
    return local(at).strftime(form)


def _plain(found: Report) -> dict[str, Any]:
    return {
        "from": local(found.scope.start).isoformat(),
        "to": local(found.scope.end).isoformat(),
        "queue": found.scope.queue,
        "counted_at": local(found.at).isoformat(),
        "figures": [
            {
                "code": figure.code,
                "name": figure.name,
                "kind": figure.kind.value,
                "numerator": figure.numerator,
                "denominator": figure.denominator,
                "value": figure.value,
                "target": figure.target,
                "met": figure.met,
                "definition": figure.definition,
            }
            for figure in found.figures.values()
        ],
        "worst": {code: _window(worst) for code, worst in found.worst.items()},
    }


def _window(worst: Worst | None) -> dict[str, Any] | None:
    if worst is None:
        return None
    return {
        "from": local(worst.start).isoformat(),
        "to": local(worst.end).isoformat(),
        "hits": worst.hits,
        "calls": worst.calls,
    }


@app.command("staffing")
def staffing_(
    start: From = "",
    end: To = "",
    queue: Queue = "",
    share: Annotated[
        float, typer.Option(min=1, max=99.99, help="Share of calls to be answered in time, percent.")
    ] = 95,
    within: Annotated[float, typer.Option(min=0, max=3600, help="Seconds within which they are answered.")] = 15,
    as_json: AsJson = False,
) -> None:
    """Show how many seats each half hour of a mean day needed (Erlang C), beside the seats that were staffed."""
    settings = load_settings()

    async def work() -> None:
        scope = scope_of(start, end, queue)
        async with open_sessions(settings) as sessions, sessions() as session:
            now = SystemClock().now()
            parts = {Part.CALLS, Part.SEATS}
            found = await report(session, scope, now, hours=CallHours.of(settings), notices={}, parts=parts)
        rows = staffing(found, share=share / 100, within_s=within)
        if as_json:
            typer.echo(json.dumps([asdict(row) for row in rows], ensure_ascii=False, indent=2))
            return
        if not most(rows):
            out.print("nobody asked for a person in this period: there is nothing to reckon from")
            return
        table = Table(title=f"{share:g} % within {within:g} s", title_justify="left")
        table.add_column("half hour")
        for column in ("calls", "handling", "needed", "staffed", "expected in time"):
            table.add_column(column, justify="right")
        for row in rows:
            short = row.staffed is not None and row.staffed < row.needed
            table.add_row(
                f"{row.half // 2:02d}:{row.half % 2 * 30:02d}",
                f"{row.calls:.1f}",
                "—" if row.handling_s is None else f"{row.handling_s:.0f} s",
                str(row.needed),
                "—" if row.staffed is None else ("[yellow]" if short else "") + f"{row.staffed:.1f}",
                "—" if row.expected is None else f"{row.expected * 100:.1f}%",
            )
        out.print(table)
        out.print(f"the busiest half hour of a mean day needs {most(rows)} seats; breaks and absences come on top")

    run(work)
