"""The `hotline` command line. Each command is a thin shell around a room's own function."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import typer
from rich.table import Table

from hotline.app import ALL_ROLES, System, ensure_writable, run_until_stopped
from hotline.commands import asterisk, call, db, doctor, models, prompts, script, user
from hotline.console import load_settings, out, run
from hotline.logs import start_logging

app = typer.Typer(
    name="hotline",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Hotline 12345: an open call centre for the government-service hotline.",
)
app.add_typer(asterisk.app, name="asterisk")
app.add_typer(db.app, name="db")
app.add_typer(models.app, name="models")
app.add_typer(prompts.app, name="prompts")
app.add_typer(script.app, name="script")
app.add_typer(user.app, name="user")
app.command("call")(call.call)
app.command("doctor")(doctor.doctor)


FIRST_CALL = '.venv/bin/hotline call --from 13912345678 --say "我们村的路灯坏了"'


def _say(text: str) -> None:
    out.print(f"[dim]{text}[/]")


async def _started(system: System) -> None:
    settings = system.settings
    core = system.core
    assert core is not None
    from speech.models import find_model

    if core.accounts:
        table = Table(
            title="demo accounts (shown once; change with `hotline user password`)", title_justify="left"
        )
        for column in ("login", "password", "name", "roles"):
            table.add_column(column)
        for account in core.accounts:
            table.add_row(account.login, account.password, account.name, " ".join(account.roles))
        out.print(table)
        keep = settings.secrets_dir / "demo-accounts.txt"
        lines = [f"{account.login} {account.password}" for account in core.accounts]
        keep.touch(mode=0o600)
        with keep.open("a", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        out.print(f"[dim]also kept for you in {keep} (mode 0600)[/]")
    if find_model(settings) is None:
        out.print(
            "[bold yellow]no speech model:[/] calls work, without a transcript. "
            "Get one with `hotline models download`, or set HOTLINE_VOSK_MODEL."
        )
    out.print(f"[bold green]ready[/]  open [link]{settings.desk_url()}[/link] and log in as agent1")
    if settings.simulator and not settings.trunk_host:
        out.print(
            'make a citizen call:  [bold].venv/bin/hotline call --from 13912345678 --say "我们村的路灯坏了"[/]'
        )
    out.print("[dim]Ctrl-C stops everything this command started[/]")


def _run_roles(roles: frozenset[str], role: str) -> None:
    settings = load_settings()

    async def work() -> None:
        ensure_writable(settings.var)
        start_logging(settings, role)
        await run_until_stopped(System(settings, roles, _say), _started if role == "hotline" else _quiet)

    run(work)


async def _quiet(system: System) -> None:
    out.print("[bold green]ready[/]")
    await asyncio.sleep(0)


@app.command()
def up() -> None:
    """Run the whole system here: Asterisk, IVR, speech, desk, jobs and the telephone-network simulator."""
    _run_roles(ALL_ROLES, "hotline")


@app.command()
def node(
    with_asterisk: Annotated[bool, typer.Option(help="Also start and supervise Asterisk on this machine.")] = True,
) -> None:
    """Run the node role: what stands beside one Asterisk (needs PostgreSQL and NATS)."""
    _run_roles(frozenset({"node", "asterisk"} if with_asterisk else {"node"}), "node")


@app.command()
def speech() -> None:
    """Run the speech role: listens to calls and writes down what is said (needs PostgreSQL and NATS)."""
    _run_roles(frozenset({"speech"}), "speech")


@app.command()
def desk() -> None:
    """Run the desk role: the web application (needs PostgreSQL and NATS)."""
    _run_roles(frozenset({"desk"}), "desk")


@app.command()
def jobs() -> None:
    """Run the jobs role: clocks, retention, call-back expiry (needs PostgreSQL and NATS)."""
    _run_roles(frozenset({"jobs"}), "jobs")


def main() -> Any:
    """Entry point of the `hotline` program."""
    return app()


if __name__ == "__main__":
    main()
