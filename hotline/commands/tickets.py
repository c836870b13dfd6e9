"""`hotline tickets`: deadlines, one ticket, and whether the books agree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from rich.table import Table
from sqlalchemy import select

from hotline.commands.database import open_sessions
from hotline.commands.text import told
from hotline.commands.user import at_the_terminal
from hotline.console import load_settings, out, run
from runtime.clock import SHANGHAI, SystemClock, local
from runtime.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Tickets: deadlines, one ticket, checks.")

EVENT = "WHAT@ISO, CLOCK:WHAT@ISO or CLOCK:extend@ISO=3; a WHAT without a clock is of close_by"
SECOND = timedelta(seconds=1)


def moment(text: str, option: str) -> datetime:
    """A moment of ISO 8601; without an offset it is Asia/Shanghai. Raises UserError."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text} is no moment", "write it like 2026-11-26T10:00:00+08:00") from None
    return local(at) if at.tzinfo else at.replace(tzinfo=SHANGHAI)


def happening(text: str) -> Any:
    """One --event. Raises UserError."""
    from tickets.clocks.preview import Happening

    what, at_sign, rest = text.partition("@")
    if not at_sign:
        raise UserError(f"--event {text} has no moment", EVENT)
    clock, colon, kind = what.rpartition(":")
    when, equals, amount = rest.partition("=")
    try:
        length = float(amount) if equals else 0.0
    except ValueError:
        raise UserError(f"--event {text}: {amount} is no number", EVENT) from None
    return Happening(kind, moment(when, "--event"), clock if colon else "close_by", length)


def _row(name: str, label: str, clock: Any, now: datetime) -> dict[str, Any]:
    def said(at: datetime | None) -> str | None:
        return local(at).isoformat() if at is not None else None

    return {
        "clock": name,
        "label": label,
        "started": said(clock.started_at),
        "yellow": said(clock.warn_at),
        "due": said(clock.due_at),
        # Late only after the due time: the first whole second.
        "red": said(clock.due_at + SECOND),
        "met": said(clock.met_at),
        "paused": said(clock.paused_at),
        "suspended_s": round(clock.suspended.total_seconds()),
        "provisional": clock.provisional,
        "lamp": clock.lamp(now).value,
    }


@app.command("clocks")
def clocks(
    created: Annotated[str, typer.Option(help="When the ticket was submitted (ISO 8601).")],
    profile: Annotated[str, typer.Option(help="Deadline profile, such as ZJ2017.")] = "ZJ2017",
    event: Annotated[list[str] | None, typer.Option(help=f"What happened: {EVENT}.")] = None,
    appeal_type: Annotated[str, typer.Option("--type", help="CONSULT, HELP, COMPLAINT, REPORT, ...")] = "HELP",
    category: Annotated[str, typer.Option(help="Category code of four digits.")] = "1106",
    urgency: Annotated[str, typer.Option(help="GENERAL, URGENT or MOST_URGENT.")] = "GENERAL",
    procedure: Annotated[str, typer.Option(help="IMMEDIATE, SIMPLE or ORDINARY.")] = "SIMPLE",
    at: Annotated[str, typer.Option(help="The moment for which lamps are shown (default now).")] = "",
    database: Annotated[
        bool, typer.Option("--database", help="This site's own profiles and calendar, not the shipped ones.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show due times and lamps of the clocks a ticket would have, by the function that the system itself uses."""
    from tickets.clocks.calendar import load_calendar
    from tickets.clocks.preview import preview
    from tickets.clocks.reckoning import Impossible
    from tickets.clocks.rules import NAMES, worst
    from tickets.clocks.sla import Matter, load_profile, shipped, shipped_profile

    async def work() -> int:
        begun = moment(created, "--created")
        happened = [happening(text) for text in event or []]
        now = moment(at, "--at") if at else SystemClock().now()
        known = sorted(shipped().keys() - {"BASE"})
        if database:
            async with open_sessions(load_settings()) as sessions, sessions() as session:
                if profile not in known and not await _has_profile(session, profile):
                    raise UserError(f"no profile {profile}", f"one of {', '.join(known)}, or one of the table")
                calendar = await load_calendar(session)
                chosen = await load_profile(session, begun.date(), profile)
        elif profile not in known:
            raise UserError(f"no profile {profile}", f"one of {', '.join(known)}")
        else:
            calendar, chosen = shipped_calendar(begun.year), shipped_profile(profile)
        matter = Matter(appeal_type, category, urgency, procedure)
        try:
            found = preview(chosen, matter, begun, happened, calendar)
        except Impossible as error:
            raise UserError(str(error), EVENT) from None
        rows = [_row(name, NAMES[name], clock, now) for name, clock in found.items()]
        lamp = worst([clock.lamp(now) for clock in found.values() if clock.stopped_at is None]).value
        if as_json:
            answer = {"profile": chosen.stamp, "created": begun.isoformat(), "now": local(now).isoformat()}
            return 0 if told(json.dumps(answer | {"lamp": lamp, "clocks": rows}, ensure_ascii=False)) else 1
        _table(f"{chosen.stamp}  {lamp}", rows)
        return 0

    run(work)


def shipped_calendar(year: int) -> Any:
    """Days off as this program knows them without a database: published years, else the law's days."""
    from tickets.clocks.calendar import WorkCalendar, official_days, statutory_days

    days: dict[Any, bool] = {}
    unknown = set()
    for each in range(year - 1, year + 3):
        official = official_days(each, each)
        if not official:
            unknown.add(each)
        days |= {day: worked for day, (worked, _) in (official or statutory_days(each)).items()}
    return WorkCalendar(days, unpublished=frozenset(unknown))


async def _has_profile(session: Any, code: str) -> bool:
    from db.models import SlaProfile

    return await session.scalar(select(SlaProfile.id).where(SlaProfile.code == code).limit(1)) is not None


def _table(title: str, rows: Sequence[dict[str, Any]]) -> None:
    table = Table("clock", "", "yellow from", "due", "met", "lamp", title=title, title_justify="left")
    for row in rows:
        yellow, due, met = ((row[name] or "")[:16].replace("T", " ") for name in ("yellow", "due", "met"))
        due += "（暂定）" if row["provisional"] else ""
        table.add_row(row["clock"], row["label"], yellow, due, met, row["lamp"])
    out.print(table)


@app.command("show")
def show(
    number: Annotated[str, typer.Argument(help="The ticket's number of 18 digits.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show one ticket: state, clocks with their events, steps, requests. Who complained stays masked."""
    settings = load_settings()

    async def work() -> int:
        from tickets.reading.whole import whole_ticket

        async with open_sessions(settings) as sessions, sessions() as session:
            found = await whole_ticket(session, number.strip(), SystemClock().now())
        if found is None:
            raise UserError(f"no ticket {number}", "a ticket's number has 18 digits")
        if as_json:
            return 0 if told(json.dumps(found, ensure_ascii=False, default=_plain)) else 1
        out.print(f"{found['ticket_no']}  {found['state']} {found['state_label']}  {found['lamp'] or ''}")
        out.print(found["fields"]["title"], markup=False)
        table = Table("clock", "round", "due", "met", "lamp")
        for clock in found["clocks"]:
            met = f"{local(clock['met_at']):%m-%d %H:%M}" if clock["met_at"] else ""
            due = f"{local(clock['due_at']):%Y-%m-%d %H:%M}"
            table.add_row(clock["name"], str(clock["round"]), due, met, clock["lamp"])
        out.print(table)
        for step in found["steps"]:
            out.print(f"{local(step['at']):%Y-%m-%d %H:%M}  {step['label']}  {step['actor_name']}", markup=False)
        return 0

    run(work)


def _plain(value: Any) -> Any:
    return local(value).isoformat() if isinstance(value, datetime) else str(value)


@app.command("check")
def check_(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Check that tickets agree with their trail, clocks with their events, and rows with each other. 1 if not."""
    settings = load_settings()

    async def work() -> int:
        from tickets.life.checking import check

        async with open_sessions(settings) as sessions, sessions() as session:
            report = await check(session)
        if as_json:
            told(json.dumps(asdict(report), ensure_ascii=False))
        else:
            out.print(f"{report.tickets} tickets, {report.clocks} clocks")
            out.print("  ".join(f"{state} {number}" for state, number in report.by_state.items()))
            for finding in report.findings:
                out.print(f"{finding.kind:8} {finding.ticket_no or '-':18} {finding.text}", markup=False)
            out.print("all agree" if not report.findings else f"{len(report.findings)} do not agree")
        return 1 if report.findings else 0

    run(work)


@app.command("recompute")
def recompute_(
    ended: Annotated[bool, typer.Option("--ended", help="Also clocks that are met or stopped.")] = False,
) -> None:
    """Reckon due times and lamps anew from the clocks' events and the calendar as it is now."""
    settings = load_settings()

    async def work() -> None:
        from db.models import AuditEvent
        from tickets.life.checking import recompute

        async with open_sessions(settings) as sessions, sessions.begin() as session:
            looked, changed = await recompute(session, ended=ended)
            session.add(
                AuditEvent(
                    at=SystemClock().now(),
                    object_kind="calendar",
                    object_id="clocks",
                    action="recompute",
                    actor_name=at_the_terminal(),
                    detail={"looked": looked, "changed": changed},
                )
            )
        out.print(f"{looked} clocks reckoned again, {changed} changed")

    run(work)
