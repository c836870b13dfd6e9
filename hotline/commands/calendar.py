"""`hotline calendar`: which days are worked, as the clocks of tickets count them."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import select

from db.models import AuditEvent, CalendarDay
from hotline.commands.database import open_sessions
from hotline.commands.user import at_the_terminal
from hotline.console import load_settings, out, run
from runtime.clock import SystemClock
from runtime.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Days off and make-up working days.")

WORKED = {"work": True, "班": True, "off": False, "休": False}
MOST_DAYS = 366
FORM = "one line a day: 2027-02-06,off,春节 or 2027-02-14,work,春节调休 (also 休 and 班)"


def days_in(file: Path, year: int) -> dict[date, tuple[bool, str]]:
    """The days of a file of `FORM`. Raises UserError, which names the line."""
    days: dict[date, tuple[bool, str]] = {}
    try:
        lines = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{file} cannot be read: {error}", FORM) from error
    for number, cells in enumerate(lines, start=1):
        if not cells or cells[0].startswith("#"):
            continue
        said = [cell.strip() for cell in cells]
        try:
            day, worked = date.fromisoformat(said[0]), WORKED[said[1]]
        except (ValueError, KeyError, IndexError):
            raise UserError(f"{file.name}, line {number}: not a day with off or work", FORM) from None
        if day.year != year:
            raise UserError(f"{file.name}, line {number}: {day} is not in {year}", FORM)
        days[day] = (worked, said[2][:32] if len(said) > 2 else "")
        if len(days) > MOST_DAYS:
            raise UserError(f"{file.name}: more days than a year has", FORM)
    if not days:
        raise UserError(f"{file.name} names no day", FORM)
    return days


@app.command("show")
def show(year: Annotated[int, typer.Argument(help="A year, such as 2027.", min=1990, max=2100)]) -> None:
    """Show the days of a year that differ from Monday to Friday."""
    settings = load_settings()

    async def work() -> None:
        async with open_sessions(settings) as sessions, sessions() as session:
            rows = list(
                await session.scalars(
                    select(CalendarDay)
                    .where(CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31)))
                    .order_by(CalendarDay.day)
                )
            )
        if not rows:
            out.print(f"nothing is known of {year}: plain weeks, due times there are provisional")
            out.print(f"[dim]→ `hotline calendar import {year} FILE`[/]")
            return
        table = Table("day", "", "name")
        for row in rows:
            table.add_row(f"{row.day} {row.day:%a}", "work" if row.is_workday else "off", row.name)
        out.print(table)
        if any(row.provisional for row in rows):
            out.print(f"[yellow]provisional:[/] {year} is not published, these are the law's days alone")

    run(work)


@app.command("import")
def import_(
    year: Annotated[int, typer.Argument(help="The year, such as 2027.", min=1990, max=2100)],
    file: Annotated[Path, typer.Argument(help=f"CSV, {FORM}.", exists=True, dir_okay=False)],
) -> None:
    """Enter the arrangement of a year; due times that fell there provisionally are reckoned again."""
    from tickets.clocks.calendar import enter_year
    from tickets.clocks.timing import reckon_provisional

    settings = load_settings()

    async def work() -> None:
        days = days_in(file, year)
        async with open_sessions(settings) as sessions, sessions.begin() as session:
            await enter_year(session, year, days)
            again = await reckon_provisional(session)
            session.add(
                AuditEvent(
                    at=SystemClock().now(),
                    object_kind="calendar",
                    object_id=str(year),
                    action="enter_days",
                    actor_name=at_the_terminal(),
                    detail={"days": len(days), "reckoned": again},
                )
            )
        out.print(f"{year}: {len(days)} days entered, {again} due times reckoned again")

    run(work)
