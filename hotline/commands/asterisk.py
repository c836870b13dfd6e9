"""`hotline asterisk`: the telephone switch underneath."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from hotline.console import load_settings, out, run
from hotline.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Asterisk: console, status, fetching it.")


@app.command("cli")
def cli(
    command: Annotated[list[str], typer.Argument(help="e.g. core show channels")],
    instance: Annotated[Literal["hotline", "network"], typer.Option(help="Ours, or the simulator's.")] = "hotline",
) -> None:
    """Ask the running Asterisk's console."""
    from asterisk_conf.find import find_asterisk
    from asterisk_conf.launcher import run_cli
    from asterisk_conf.render import Folders

    settings = load_settings()

    async def work() -> None:
        program = find_asterisk(settings)
        if program is None:
            raise UserError("there is no Asterisk on this machine", "run `hotline asterisk fetch`")
        conf = Folders.of(settings, instance).conf
        out.print((await run_cli(program, conf, " ".join(command))).rstrip(), markup=False)

    run(work)


@app.command("status")
def status() -> None:
    """Show version, uptime, calls, seats and queues of the running Asterisk."""
    from asterisk_conf.find import find_asterisk
    from asterisk_conf.launcher import run_cli
    from asterisk_conf.render import Folders

    settings = load_settings()

    async def work() -> None:
        program = find_asterisk(settings)
        if program is None:
            raise UserError("there is no Asterisk on this machine", "run `hotline asterisk fetch`")
        conf = Folders.of(settings, "hotline").conf
        out.print(f"{program.version_text} from {program.origin}")
        for command in ("core show uptime", "core show channels count", "queue show", "pjsip show contacts"):
            out.print(f"\n[bold]{command}[/]")
            out.print((await run_cli(program, conf, command)).rstrip(), markup=False)

    run(work)


@app.command("fetch")
def fetch(
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Do nothing when one is found.")] = False,
) -> None:
    """Fetch Asterisk 22 into var/asterisk (about 300 MB; no root needed besides mmdebstrap)."""
    from asterisk_conf.fetch import fetch_asterisk
    from asterisk_conf.find import find_asterisk

    settings = load_settings()

    async def work() -> None:
        settings.make_folders()
        program = find_asterisk(settings) if if_missing else None
        if program is None:
            program = await fetch_asterisk(settings, lambda text: out.print(f"[dim]{text}[/]"))
        out.print(f"{program.version_text} from {program.origin}")

    run(work)
