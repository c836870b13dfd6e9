"""`hotline user`: accounts."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.table import Table
from sqlalchemy import select

from accounts import second_factor
from accounts.changes import (
    LONGEST_NAME,
    NEXT_FREE,
    Details,
    by_login,
    first_password,
    make,
    reset_password,
    set_node,
)
from accounts.errors import Fault, Refusal
from accounts.roles import ROLES, SEATED
from agent_desk.web.passwords import hash_password
from db.models import Node, Unit, User
from hotline.commands.database import open_sessions
from hotline.console import SHOWN, load_settings, out, run
from runtime.clock import SystemClock
from runtime.errors import UserError
from tickets.actor import Actor

USE_THESE = "use 2 to 32 letters, digits, dots, dashes, underscores"

app = typer.Typer(no_args_is_help=True, help="Accounts: add, list, set a password, a node or a second factor.")


def at_the_terminal() -> str:
    """How the audit trail names whoever gave a command: the user of this machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = str(os.getuid())
    return f"命令行 {name}"[:64]


def _actor() -> Actor:
    """Whoever gives the command, as the accounts' room knows people."""
    return Actor(user_id=None, name=at_the_terminal(), roles=frozenset())


@contextmanager
def _plainly(login: str, *, name: str = "", seats: int = 0) -> Iterator[None]:
    """What the accounts' room refuses, said as the command line says it."""
    try:
        yield
    except Refusal as refusal:
        told = {
            Fault.UNKNOWN: (f"there is no account {login!r}", "see `hotline user list`"),
            Fault.LOGIN: (
                f"{login!r} cannot be a login",
                USE_THESE,
            ),
            Fault.LOGIN_TAKEN: (f"the login {login!r} is taken", "choose another, or see `hotline user list`"),
            Fault.NAME: (f"{name[:SHOWN]!r} cannot be a name", f"give 1 to {LONGEST_NAME} characters"),
            Fault.STATE: (f"{login!r} has no second factor", "nothing needs to be done"),
            Fault.SEATS_FULL: (f"all {seats} seats are taken", "raise HOTLINE_SEATS and restart"),
        }
        if refusal.fault not in told:
            raise
        raise UserError(*told[refusal.fault]) from None


@app.command("add")
def add(
    login: Annotated[str, typer.Argument(help="Login name, e.g. wangli.")],
    name: Annotated[str, typer.Option(help="Name shown to colleagues.")],
    role: Annotated[
        list[str], typer.Option(help=f"Role; may be given more than once. One of {', '.join(ROLES)}.")
    ],
    unit: Annotated[
        str, typer.Option(help="Code of the unit, e.g. urban; db/data/units.yaml has them.")
    ] = "centre",
) -> None:
    """Make an account with a random password, shown once. Agents get the next free seat."""
    settings = load_settings()
    unknown = sorted(set(role) - set(ROLES))

    async def work() -> None:
        if unknown:
            raise UserError(f"unknown role {', '.join(unknown)}", f"choose from {', '.join(ROLES)}")
        password = first_password()
        hashed = hash_password(password)
        async with open_sessions(settings) as sessions, sessions.begin() as session:
            row = await session.scalar(select(Unit).where(Unit.code == unit))
            if row is None:
                codes = sorted(await session.scalars(select(Unit.code)))
                known = f"choose from {', '.join(codes)}" if codes else "units come with the first `hotline up`"
                raise UserError(f"there is no unit {unit!r}", known)
            details = Details(
                name=name,
                roles=frozenset(role),
                unit_id=row.id,
                seat=NEXT_FREE if SEATED & set(role) else "",
            )
            with _plainly(login, name=name, seats=settings.seats):
                made = await make(
                    session,
                    _actor(),
                    login,
                    details,
                    password_hash=hashed,
                    now=SystemClock().now(),
                    seats=settings.seats,
                )
            seat = made.extension
        out.print(f"account {login} made, password {password}" + (f", seat {seat}" if seat else ""))

    run(work)


@app.command("node")
def node_(
    login: Annotated[str, typer.Argument(help="Whose seat.")],
    name: Annotated[str, typer.Argument(help="Name of the node; none: whichever runs.")] = "",
) -> None:
    """Say at which node an agent sits down, from the next sign-in on; without a name at any."""
    settings = load_settings()

    async def work() -> None:
        async with open_sessions(settings) as sessions, sessions.begin() as session:
            with _plainly(login):
                user = await by_login(session, login)
            known = sorted(await session.scalars(select(Node.name)))
            if name and name not in known:
                raise UserError(
                    f"there is no node {name[:SHOWN]!r}", f"nodes so far: {', '.join(known) or 'none'}"
                )
            await set_node(session, _actor(), user.id, name, now=SystemClock().now())
        out.print(f"{login} sits down at {f'node {name}' if name else 'any node'}")

    run(work)


@app.command("list")
def list_() -> None:
    """List the accounts."""
    settings = load_settings()

    async def work() -> None:
        table = Table()
        for column in ("login", "name", "roles", "unit", "seat", "node", "active"):
            table.add_column(column)
        async with open_sessions(settings) as sessions, sessions() as session:
            for user in await session.scalars(select(User).order_by(User.login)):
                unit = user.unit.short_name if user.unit else ""
                active = "yes" if user.active else "no"
                seat = user.extension or ""
                table.add_row(user.login, user.name, " ".join(user.roles), unit, seat, user.node, active)
        if table.row_count:
            out.print(table)
        else:
            out.print("no accounts yet: make one with `hotline user add`")

    run(work)


@app.command("password")
def password_(login: Annotated[str, typer.Argument(help="Whose password to set anew.")]) -> None:
    """Give an account a new random password, to be changed at once; lifts its lock and ends its sessions."""
    settings = load_settings()

    async def work() -> None:
        word = first_password()
        hashed = hash_password(word)
        async with open_sessions(settings) as sessions, sessions.begin() as session:
            with _plainly(login):
                user = await by_login(session, login)
            await reset_password(session, _actor(), user.id, password_hash=hashed, now=SystemClock().now())
        out.print(f"new password of {login}: {word}")

    run(work)


@app.command("second-factor")
def second_factor_(login: Annotated[str, typer.Argument(help="Whose second factor to take away.")]) -> None:
    """Take an account's second factor away, when its telephone is lost; a new one is set up in the browser."""
    settings = load_settings()

    async def work() -> None:
        async with open_sessions(settings) as sessions, sessions.begin() as session:
            with _plainly(login):
                user = await by_login(session, login)
                await second_factor.reset(session, _actor(), user.id, now=SystemClock().now())
        out.print(f"{login} signs in with the password alone until a new second factor is set up")

    run(work)
