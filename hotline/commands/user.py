"""`hotline user`: accounts."""

from __future__ import annotations

import getpass
import os
import re
import secrets
from typing import Annotated, Any, cast

import typer
from argon2 import PasswordHasher
from rich.table import Table
from sqlalchemy import CursorResult, delete, select

from db.models import AuditEvent, Node, Unit, User, WebSession
from hotline.commands.database import open_sessions
from hotline.console import SHOWN, load_settings, out, run
from runtime.clock import SystemClock
from runtime.errors import UserError

app = typer.Typer(no_args_is_help=True, help="Accounts: add, list, set a password or a node.")

ROLES = (
    "AGENT", "SHIFT_LEAD", "LIAISON_110", "DISPATCHER", "DISPATCH_HEAD", "REVIEWER", "FOLLOWUP", "QA", "KB_EDITOR",
    "KB_APPROVER", "UNIT_LIAISON", "HANDLER", "UNIT_HEAD", "SUPERVISOR_XF", "ANALYST", "ADMIN", "SECURITY",
)  # fmt: skip

LONGEST_NAME = 64
LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,31}")


def _trace(user: User, action: str, **detail: Any) -> AuditEvent:
    """The audit row of what was done to an account from a terminal: by which user of this machine."""
    return AuditEvent(
        at=SystemClock().now(),
        object_kind="account",
        object_id=str(user.id),
        action=action,
        actor_name=at_the_terminal(),
        unit_id=user.unit_id,
        detail={"login": user.login} | detail,
    )


def at_the_terminal() -> str:
    """How the audit trail names whoever gave a command: the user of this machine."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        name = str(os.getuid())
    return f"命令行 {name}"[:64]


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
        if not LOGIN.fullmatch(login):
            raise UserError(
                f"{login!r} cannot be a login", "use 2 to 32 letters, digits, dots, dashes, underscores"
            )
        if not 0 < len(name.strip()) <= LONGEST_NAME:
            raise UserError(f"{name[:SHOWN]!r} cannot be a name", f"give 1 to {LONGEST_NAME} characters")
        password = secrets.token_urlsafe(9)
        async with open_sessions(settings) as sessions, sessions.begin() as session:
            if await session.scalar(select(User).where(User.login == login)):
                raise UserError(f"the login {login!r} is taken", "choose another, or see `hotline user list`")
            row = await session.scalar(select(Unit).where(Unit.code == unit))
            if row is None:
                codes = sorted(await session.scalars(select(Unit.code)))
                known = f"choose from {', '.join(codes)}" if codes else "units come with the first `hotline up`"
                raise UserError(f"there is no unit {unit!r}", known)
            seat = None
            if {"AGENT", "SHIFT_LEAD", "LIAISON_110"} & set(role):
                taken = set(await session.scalars(select(User.extension).where(User.extension.is_not(None))))
                every = (str(8000 + number) for number in range(1, settings.seats + 1))
                seat = next((number for number in every if number not in taken), None)
                if seat is None:
                    raise UserError(f"all {settings.seats} seats are taken", "raise HOTLINE_SEATS and restart")
            user = User(
                login=login,
                name=name.strip(),
                password_hash=PasswordHasher().hash(password),
                roles=sorted(set(role)),
                unit_id=row.id,
                jurisdiction_id=row.jurisdiction_id,
                extension=seat,
                agent_no=seat,
                skills=["common"] if seat else [],
                must_change_password=True,
                created_at=SystemClock().now(),
            )
            session.add(user)
            await session.flush()
            session.add(_trace(user, "account_made", roles=user.roles, seat=seat))
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
            user = await session.scalar(select(User).where(User.login == login))
            if user is None:
                raise UserError(f"there is no account {login!r}", "see `hotline user list`")
            known = sorted(await session.scalars(select(Node.name)))
            if name and name not in known:
                raise UserError(
                    f"there is no node {name[:SHOWN]!r}", f"nodes so far: {', '.join(known) or 'none'}"
                )
            session.add(_trace(user, "node_set", before=user.node, after=name))
            user.node = name
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
        word = secrets.token_urlsafe(9)
        async with open_sessions(settings) as sessions, sessions.begin() as session:
            user = await session.scalar(select(User).where(User.login == login))
            if user is None:
                raise UserError(f"there is no account {login!r}", "see `hotline user list`")
            user.password_hash = PasswordHasher().hash(word)
            user.failed_logins = 0
            user.locked_until = None
            user.must_change_password = True
            ended = await session.execute(delete(WebSession).where(WebSession.user_id == user.id))
            session.add(_trace(user, "password_reset", sessions_ended=cast("CursorResult[Any]", ended).rowcount))
        out.print(f"new password of {login}: {word}")

    run(work)
