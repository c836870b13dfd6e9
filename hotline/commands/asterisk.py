"""`hotline asterisk`: the telephone switch underneath."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

import typer

from hotline.console import load_settings, out, run
from runtime.errors import UserError
from runtime.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Asterisk: console, status, fetching it.")


Instance = Literal["hotline", "network"]


async def _console(settings: Settings, instance: Instance) -> Callable[[str], Awaitable[str]]:
    """What asks the running Asterisk. Raises UserError when there is none, or it does not run."""
    from asterisk_conf.find import find_asterisk
    from asterisk_conf.launcher import run_cli
    from asterisk_conf.orphan import find_orphan
    from asterisk_conf.render import Folders

    program = find_asterisk(settings)
    if program is None:
        raise UserError("there is no Asterisk on this machine", "run `hotline asterisk fetch`")
    folders = Folders.of(settings, instance)
    if find_orphan(folders) is None:
        name = "Asterisk" if instance == "hotline" else "the telephone-network simulator"
        raise UserError(
            f"{name} of {settings.var} does not run",
            "start the system with `hotline up` (HOTLINE_VAR names the installation)",
        )

    async def ask(command: str) -> str:
        return (await run_cli(program, folders.conf, command)).rstrip()

    return ask


# Console commands may hold words that look like options.
@app.command("cli", context_settings={"ignore_unknown_options": True})
def cli(
    command: Annotated[list[str], typer.Argument(help="e.g. core show channels")],
    instance: Annotated[Instance, typer.Option(help="Ours, or the simulator's.")] = "hotline",
) -> None:
    """Ask the running Asterisk's console."""
    settings = load_settings()

    async def work() -> None:
        ask = await _console(settings, instance)
        out.print(await ask(" ".join(command)), markup=False)

    run(work)


@app.command("status")
def status() -> None:
    """Show version, uptime, calls, seats and queues of the running Asterisk."""
    settings = load_settings()

    async def work() -> None:
        ask = await _console(settings, "hotline")
        for command in (
            "core show version",
            "core show uptime",
            "core show channels count",
            "queue show",
            "pjsip show contacts",
        ):
            out.print(f"\n[bold]{command}[/]")
            out.print(await ask(command), markup=False)

    run(work)


@app.command("fetch")
def fetch(
    if_missing: Annotated[bool, typer.Option("--if-missing", help="Do nothing when one is found.")] = False,
) -> None:
    """Fetch Asterisk 22 into var/asterisk (about 300 MB; no root needed besides mmdebstrap)."""
    from asterisk_conf.fetch import fetch_asterisk
    from asterisk_conf.find import find_asterisk
    from hotline.core import ensure_writable

    settings = load_settings()

    async def work() -> None:
        ensure_writable(settings.var)
        settings.make_folders()
        program = find_asterisk(settings) if if_missing else None
        if program is None:
            program = await fetch_asterisk(settings, lambda text: out.print(f"[dim]{text}[/]"))
        out.print(f"{program.version_text} from {program.origin}")

    run(work)
