"""The `hotline` command line. Each command is a thin shell around a room's own function."""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import sys
import time
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from rich.table import Table

from db.opening import open_engine
from hotline.app import ALL_ROLES, System, run_until_stopped
from hotline.commands import (
    asterisk,
    calendar,
    call,
    db,
    demo,
    doctor,
    figures,
    kb,
    models,
    openapi,
    prompts,
    script,
    text,
    tickets,
    understand,
    user,
)
from hotline.console import load_settings, out, run
from hotline.core import accounts_file, ensure_writable
from runtime.logs import start_logging
from runtime.settings import Settings

app = typer.Typer(
    name="hotline",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Hotline 12345: an open call centre for the government-service hotline.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"hotline {version('hotline12345')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    pass


app.add_typer(asterisk.app, name="asterisk")
app.add_typer(calendar.app, name="calendar")
app.add_typer(db.app, name="db")
app.add_typer(demo.app, name="demo")
app.add_typer(figures.app, name="figures")
app.add_typer(kb.app, name="kb")
app.add_typer(models.app, name="models")
app.add_typer(prompts.app, name="prompts")
app.add_typer(script.app, name="script")
app.add_typer(text.app, name="text")
app.add_typer(tickets.app, name="tickets")
app.add_typer(user.app, name="user")
app.command("call")(call.call)
app.command("openapi")(openapi.openapi)
app.command("understand")(understand.understand)
app.command("doctor")(doctor.doctor)


PORTS = 700
"""Ports an installation may use, from its base."""

FIRST_ACCOUNT = 'user add wangli --name "王丽" --role AGENT'
FIRST_CALL = (
    'call --from 13912345678 --say "喂你好，我们白霓镇白泉村的路灯坏了，已经坏了一个多星期了，晚上看不见路。'
    '希望你们尽快派人来修。我姓陈，电话是一三九一二三四五六七八"'
)
"""Says what, where, since when, who and what is wished, in words that the demonstration model hears well."""


def _say(text: str) -> None:
    out.print(f"[dim]{text}[/]")


def _show_accounts(system: System) -> None:
    """Show the accounts made now; where nobody looks (a service's journal) only where they are kept."""
    core = system.core
    assert core is not None
    if not core.accounts:
        return
    if out.is_terminal:
        table = Table(
            title="demo accounts (shown once; change with `hotline user password`)", title_justify="left"
        )
        for column in ("login", "password", "name", "roles"):
            table.add_column(column)
        for account in core.accounts:
            table.add_row(account.login, account.password, account.name, " ".join(account.roles))
        out.print(table)
    out.print(f"[dim]demo accounts are kept for you in {accounts_file(system.settings)} (mode 0600)[/]")


async def _started(system: System) -> None:
    settings = system.settings
    from speech.decoding.demo import NOTE, is_demo
    from speech.decoding.models import find_model

    _show_accounts(system)
    model = find_model(settings)
    if model is not None and is_demo(model):
        out.print(f"[bold yellow]speech model:[/] {NOTE}")
        out.print("[dim]a demonstration model: it hears the voice of `hotline call --say`, no person; any Vosk[/]")
        out.print("[dim]model under var/models takes its place (`hotline models download`, with internet)[/]")
    if model is None:
        wrong = (
            f"HOTLINE_VOSK_MODEL={settings.vosk_model} is not the folder of one; " if settings.vosk_model else ""
        )
        remedy = "correct it" if wrong else "get one with `hotline models download`, or set HOTLINE_VOSK_MODEL"
        out.print("[bold yellow]no speech model:[/] ", end="")
        out.print(f"{wrong}calls work, without a transcript ({remedy})", markup=False)
    took = time.time() - psutil.Process().create_time()
    kept = accounts_file(settings)
    out.print(f"[bold green]ready[/] after {took:.1f} s")
    demo = kept.exists()
    out.print(f"open the desk:        [bold]{settings.desk_url()}[/]{'  and log in as agent1' if demo else ''}")
    if demo:
        out.print(f"passwords:            {kept}", markup=False)
        out.print(f"weeks to look at:     {_environment(settings)}{_program()} demo fill", markup=False)
    elif settings.jurisdiction == "none":
        out.print(f"make an account:      {_environment(settings)}{_program()} {FIRST_ACCOUNT}", markup=False)
    if settings.simulator and not settings.trunk_host:
        out.print(f"make a citizen call:  [bold]{_environment(settings)}{_program()} {FIRST_CALL}[/]")
    out.print("[dim]Ctrl-C stops everything this command started[/]")


def _program() -> str:
    """How this program is started again from here: by its name where the shell finds it, else by its path."""
    started = Path(sys.argv[0]).absolute()
    found = shutil.which(started.name)
    if found is not None and Path(found).resolve() == started.resolve():
        return started.name
    here = Path.cwd()
    if not started.is_file() or not os.access(started, os.X_OK):
        return "hotline"  # started as a module, or by something else's name
    inside = started.is_relative_to(here) and started.parent != here
    return shlex.quote(str(started.relative_to(here) if inside else started))


def _environment(settings: Settings) -> str:
    """What must stand before a command in another terminal, so that it finds this installation."""
    fresh = Settings.model_fields
    given = {"HOTLINE_VAR": settings.var, "HOTLINE_PORT_BASE": settings.port_base}
    usual = {"HOTLINE_VAR": fresh["var"].default.resolve(), "HOTLINE_PORT_BASE": fresh["port_base"].default}
    return "".join(f"{name}={shlex.quote(str(value))} " for name, value in given.items() if value != usual[name])


def _run_roles(roles: frozenset[str], role: str, node_name: str = "") -> None:
    if node_name:
        os.environ["HOTLINE_NODE"] = node_name  # as if it had been set: child processes read it there too
    settings = load_settings()

    async def work() -> None:
        ensure_writable(settings.var)
        await open_engine(settings).dispose()  # a wrong address is told before anything is downloaded
        _say(f"starting: state in {settings.var}, ports {settings.port_base} to {settings.port_base + PORTS - 1}")
        _say(f"this node is called {settings.node}")
        start_logging(settings, role)
        if role == "hotline":
            await models.obtain(settings)
        await run_until_stopped(System(settings, roles, _say), _started if role == "hotline" else _quiet)

    run(work)


async def _quiet(system: System) -> None:
    _show_accounts(system)  # whichever role began first made them
    out.print("[bold green]ready[/]")
    await asyncio.sleep(0)


@app.command()
def up() -> None:
    """Run the whole system here: Asterisk, IVR, speech, desk, jobs and the telephone-network simulator."""
    _run_roles(ALL_ROLES, "hotline")


@app.command()
def node(
    name: Annotated[str, typer.Option(help="Name of this node; HOTLINE_NODE, else the machine's name.")] = "",
    with_asterisk: Annotated[bool, typer.Option(help="Also start and supervise Asterisk on this machine.")] = True,
) -> None:
    """Run the node role: what stands beside one Asterisk (needs PostgreSQL and NATS)."""
    _run_roles(frozenset({"node", "asterisk"} if with_asterisk else {"node"}), "node", name)


@app.command()
def speech(
    name: Annotated[str, typer.Option(help="Name of the node beside which it listens.")] = "",
) -> None:
    """Run the speech role: listens to calls and writes down what is said (needs PostgreSQL and NATS)."""
    _run_roles(frozenset({"speech"}), "speech-role", name)  # speech.log is the recogniser process's own


@app.command()
def desk() -> None:
    """Run the desk role: the web application (needs PostgreSQL and NATS)."""
    _run_roles(frozenset({"desk"}), "desk")


@app.command()
def jobs() -> None:
    """Run the jobs role: call-backs, messages, tickets' lamps, expired articles (needs PostgreSQL and NATS).

    It notes until when each recording is to be kept; it deletes none.
    """
    _run_roles(frozenset({"jobs"}), "jobs")


def main() -> Any:
    """Entry point of the `hotline` program."""
    _mend_streams()
    return app()


def _mend_streams() -> None:
    """What a terminal or a service gave us may be closed, or may not know Chinese: neither ends a command."""
    # uvloop aborts the process when one of its own descriptors is among the first three.
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


if __name__ == "__main__":
    main()
