"""`hotline db`: the database."""

from __future__ import annotations

from typing import Annotated

import typer

from db.migrate import downgrade, revisions, upgrade
from db.session import make_engine
from hotline.console import load_settings, out, run
from hotline.errors import UserError

app = typer.Typer(no_args_is_help=True, help="The database: migrations and state.")


@app.command("upgrade")
def upgrade_(revision: Annotated[str, typer.Argument(help="Revision to reach.")] = "head") -> None:
    """Bring the database to the newest (or the given) revision."""
    settings = load_settings()

    async def work() -> None:
        settings.make_folders()
        engine = make_engine(settings.db_url)
        try:
            await upgrade(engine, revision)
            have, _ = await revisions(engine)
        except OSError as error:
            raise UserError(f"the database does not answer: {error}", "check HOTLINE_DATABASE_URL") from error
        finally:
            await engine.dispose()
        out.print(f"database is at revision {have or 'base'}")

    run(work)


@app.command("downgrade")
def downgrade_(revision: Annotated[str, typer.Argument(help="Revision to go back to, e.g. -1 or base.")]) -> None:
    """Take migrations back. Rows that only newer tables hold are lost."""
    settings = load_settings()

    async def work() -> None:
        engine = make_engine(settings.db_url)
        try:
            await downgrade(engine, revision)
        finally:
            await engine.dispose()
        out.print(f"database is back at {revision}")

    run(work)


@app.command("status")
def status() -> None:
    """Show which revision the database has and which this program knows."""
    settings = load_settings()

    async def work() -> int:
        settings.make_folders()
        engine = make_engine(settings.db_url)
        try:
            have, newest = await revisions(engine)
        finally:
            await engine.dispose()
        out.print(f"database: {have or 'empty'}\nprogram:  {newest}")
        return 0 if have == newest else 1

    run(work)
