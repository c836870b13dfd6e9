"""`hotline demo`: a lived-in centre to look at, and its removal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hotline.commands.database import open_database, open_sessions
from hotline.commands.user import at_the_terminal
from hotline.console import load_settings, out, run
from runtime.clock import SystemClock
from runtime.errors import UserError
from runtime.lock import InstanceLock
from runtime.settings import Settings

app = typer.Typer(no_args_is_help=True, help="A lived-in centre to look at: invented calls and tickets.")


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """No second one of these commands on this installation. Raises UserError."""
    settings.make_folders()
    lock = InstanceLock(settings.run_dir / "demo.lock")
    try:
        lock.acquire()
    except UserError:
        raise UserError("another `hotline demo` is at work here", "wait until it has ended") from None
    try:
        yield
    finally:
        lock.release()


@app.command("fill")
def fill_(
    weeks: Annotated[float, typer.Option(min=0.1, max=26, help="How many weeks, up to this moment.")] = 4,
    calls_per_day: Annotated[float, typer.Option(min=1, max=2000, help="Calls of a mean day.")] = 80,
    seed: Annotated[int, typer.Option(help="Another number makes another centre.")] = 1,
    beside_real_calls: Annotated[
        bool, typer.Option(help="Also where real calls or tickets are; they are left alone.")
    ] = False,
) -> None:
    """Fill lists and boards with weeks of invented calls, transcripts and tickets.

    Nobody in it exists, and nothing is ever sent or dialled. `hotline demo clear` removes all of it. May run
    beside the running system; interrupted, it begins anew the next time.
    """
    from hotline.demo.fill import Size, fill
    from hotline.demo.summary import summary

    settings = load_settings()

    async def work() -> None:
        if settings.jurisdiction != "demo":
            raise UserError(
                "only the demo city can be filled", "use an installation with HOTLINE_JURISDICTION=demo"
            )
        if settings.trunk_host:
            raise UserError(
                "a real trunk is configured: who presses “call back” on an invented call would dial",
                "fill an installation without HOTLINE_TRUNK_HOST",
            )
        async with open_sessions(settings) as sessions, open_database(settings) as engine:
            with _alone(settings):
                columns = (TextColumn("inventing calls and tickets"), BarColumn(), TimeRemainingColumn())
                with Progress(*columns, console=out, transient=True) as bar:
                    task = bar.add_task("", total=1.0)
                    filled = await fill(
                        engine,
                        Size(weeks, calls_per_day, seed),
                        SystemClock().now(),
                        at_the_terminal(),
                        lambda share: bar.update(task, completed=share),
                        beside_real=beside_real_calls,
                    )
            if not filled:
                out.print("it is filled already; [bold]hotline demo clear[/] removes all of it")
                return
            async with sessions() as session:
                table = Table(title="invented, with no real person in it", title_justify="left", show_header=False)
                for name, value in await summary(session):
                    table.add_row(name, value)
            out.print(table)
            out.print("[dim]reload the pages; `hotline demo clear` removes all of it[/]")

    run(work)


@app.command("clear")
def clear_() -> None:
    """Remove all that `hotline demo fill` made, and nothing else."""
    from hotline.demo.clear import clear
    from hotline.demo.marks import CLEARED, note, state_of

    settings = load_settings()

    async def work() -> None:
        async with open_sessions(settings) as sessions:
            with _alone(settings):
                async with sessions.begin() as session:
                    gone = await clear(session)
                    if await state_of(session) not in ("", CLEARED):
                        session.add(note(SystemClock().now(), CLEARED, at_the_terminal(), calls=gone))
        out.print(f"removed {gone} invented calls with all that belongs to them" if gone else "nothing to remove")

    run(work)
