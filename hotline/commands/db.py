"""`hotline db`: the database."""

from __future__ import annotations

from typing import Annotated

import typer

from db.migrate import downgrade, revisions, upgrade
from hotline.commands.database import open_database
from hotline.console import load_settings, out, run

app = typer.Typer(no_args_is_help=True, help="The database: migrations and state.")


@app.command("upgrade")
def upgrade_(revision: Annotated[str, typer.Argument(help="Revision to reach.")] = "head") -> None:
    """Bring the database to the newest (or the given) revision. `hotline up` does this by itself."""
    settings = load_settings()

    async def work() -> None:
        async with open_database(settings) as engine:
            await upgrade(engine, revision)
            have, _ = await revisions(engine)
        out.print(f"database is at revision {have or 'base'}")

    run(work)


# "-1" is a revision here, not an option.
@app.command("downgrade", context_settings={"ignore_unknown_options": True})
def downgrade_(
    revision: Annotated[
        str, typer.Argument(help="Revision to go back to: its name, -1 (one back) or base (empty).")
    ],
) -> None:
    """Take migrations back. Rows that only newer tables hold are lost: make a copy first."""
    settings = load_settings()

    async def work() -> None:
        async with open_database(settings) as engine:
            await downgrade(engine, revision)
            have, _ = await revisions(engine)
        out.print(f"database is back at {have or 'base'}")

    run(work)


@app.command("status")
def status() -> None:
    """Show which revision the database has and which this program knows. Exit code 1 when they differ."""
    settings = load_settings()

    async def work() -> int:
        async with open_database(settings) as engine:
            have, newest = await revisions(engine)
        out.print(f"database: {have or 'empty'}\nprogram:  {newest}")
        if have != newest:
            out.print("[dim]→ `hotline db upgrade`[/]")
        return 0 if have == newest else 1

    run(work)
