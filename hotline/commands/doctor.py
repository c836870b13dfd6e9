"""`hotline doctor`: looks at each part and says what to do about what is wrong."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from rich.table import Column, Table

from hotline.console import load_settings, out, run
from runtime.errors import UserError
from runtime.ports import Port, check_free
from runtime.settings import Settings

Verdict = Literal["ok", "warn", "bad"]
MARK = {"ok": "[green]ok[/]", "warn": "[yellow]warn[/]", "bad": "[bold red]bad[/]"}

LOW_DISK_GB = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One checked part: how it stands and, if it does not, what to do."""

    part: str
    verdict: Verdict
    found: str
    remedy: str = ""


async def check_python(settings: Settings) -> Finding:
    version = ".".join(str(number) for number in sys.version_info[:3])
    return Finding("Python", "ok", version)


async def check_folder(settings: Settings) -> Finding:
    nearest = next(folder for folder in (settings.var, *settings.var.parents) if folder.exists())
    free = shutil.disk_usage(nearest).free / 1e9
    if not os.access(nearest, os.W_OK):
        return Finding("disk", "bad", f"{nearest} cannot be written", "choose a folder with HOTLINE_VAR")
    if free < LOW_DISK_GB:
        hours = free / 0.1152  # 16-bit stereo at 8 kHz: 115 MB an hour
        remedy = "free some space or move HOTLINE_VAR: a full disk stops recordings (calls go on)"
        return Finding("disk", "bad", f"{free:.1f} GB free, about {hours:.0f} h of recording", remedy)
    return Finding("disk", "ok", f"{free:.0f} GB free under {settings.var}")


async def check_ports(settings: Settings) -> Finding:
    """A port that answers belongs to a running system of ours; one that cannot be bound is taken."""
    wanted = {
        "desk": (settings.host, settings.desk_port),
        "AMI": ("127.0.0.1", settings.ami_port),
        "FastAGI": ("127.0.0.1", settings.fastagi_port),
        "AudioSocket": ("127.0.0.1", settings.audiosocket_port),
    }
    try:
        check_free([Port("desk", 0, settings.host)], settings)  # any port: is it an address of this machine?
    except UserError as error:
        return Finding("ports", "bad", error.message, error.remedy)
    taken = []
    for name, address in wanted.items():
        with socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
            except OSError:
                taken.append(f"{name} {address[1]}")
    if not taken:
        return Finding("ports", "ok", f"free from {settings.port_base}")
    if len(taken) == len(wanted):
        return Finding("ports", "ok", "in use, as they are while the system runs")
    remedy = "stop what holds them, or choose others with HOTLINE_PORT_BASE"
    return Finding("ports", "warn", f"taken: {', '.join(taken)}", remedy)


async def check_asterisk(settings: Settings) -> Finding:
    from asterisk_conf.find import find_asterisk

    program = find_asterisk(settings)
    if program is None:
        return Finding("Asterisk", "warn", "not found", "`hotline asterisk fetch`, or set HOTLINE_ASTERISK")
    return Finding("Asterisk", "ok", f"{program.version_text} ({program.origin})")


async def check_model(settings: Settings) -> Finding:
    from speech.decoding.demo import NOTE, is_demo
    from speech.decoding.models import find_model

    model = find_model(settings)
    if model is None and settings.vosk_model:
        found = f"HOTLINE_VOSK_MODEL={settings.vosk_model} is no Vosk model: calls work without a transcript"
        return Finding("speech model", "warn", found, "name a folder that holds am/ and conf/, or unset it")
    if model is None:
        remedy = "`hotline models download` (needs internet), or set HOTLINE_VOSK_MODEL"
        return Finding("speech model", "warn", "none: calls work without a transcript", remedy)
    if is_demo(model):
        remedy = "`hotline models download` (needs internet), or put a Vosk model under var/models"
        return Finding("speech model", "warn", f"{NOTE} ({model})", remedy)
    return Finding("speech model", "ok", str(model))


async def check_understanding(settings: Settings) -> Finding:
    from tickets.emergency.model import own_file
    from tickets.learned import vectors

    whose = "this centre's own model" if own_file(settings.var).exists() else "the shipped model"
    if vectors.available():
        return Finding("emergencies", "ok", f"{whose}, with sentence vectors")
    remedy = "optional: pip install 'hotline12345[vectors]' hears more of what nobody names"
    return Finding("emergencies", "ok", f"{whose}, n-grams alone", remedy)


async def check_voice(settings: Settings) -> Finding:
    path = shutil.which("espeak-ng")
    made = len(list(settings.prompts_dir.glob("*.wav")))
    if path is None and not made:
        return Finding("prompts", "bad", "no espeak-ng and no prompts", "apt-get install espeak-ng")
    return Finding("prompts", "ok", f"{made} made, voice {path or 'none'}")


def _has_database(settings: Settings) -> bool:
    """A named one may be asked; ours is a file that the first start makes."""
    return bool(settings.database_url) or (settings.var / "hotline.db").exists()


async def check_database(settings: Settings) -> Finding:
    from db.migrate import revisions
    from hotline.commands.database import open_database

    if not _has_database(settings):
        return Finding("database", "warn", "not made yet", "`hotline up` makes it, or `hotline db upgrade`")
    try:
        async with asyncio.timeout(10), open_database(settings) as engine:
            have, newest = await revisions(engine)
    except UserError as error:
        return Finding("database", "bad", error.message, error.remedy)
    except TimeoutError:
        return Finding("database", "bad", "no answer", "check HOTLINE_DATABASE_URL and that the database runs")
    if have != newest:
        return Finding(
            "database", "warn", f"at {have or 'nothing'}, program knows {newest}", "`hotline db upgrade`"
        )
    return Finding("database", "ok", f"{engine.dialect.name}, revision {have}")


async def check_calendar(settings: Settings) -> Finding:
    """From October on next year's days off are missed."""
    from sqlalchemy.exc import SQLAlchemyError

    from hotline.commands.database import open_sessions
    from runtime.clock import SystemClock, local
    from tickets.clocks.calendar import unpublished_next_year

    if not _has_database(settings):
        return Finding("calendar", "ok", "written with the database")
    today = local(SystemClock().now()).date()
    try:
        async with asyncio.timeout(10), open_sessions(settings) as sessions, sessions() as session:
            missing = await unpublished_next_year(session, today)
    except (UserError, SQLAlchemyError, TimeoutError):
        return Finding("calendar", "warn", "not read", "see the database above")
    if missing is None:
        return Finding("calendar", "ok", f"days off known for {today.year}")
    found = f"days off of {missing} are not known: due times there are provisional (legal holidays only)"
    return Finding("calendar", "warn", found, f"`hotline calendar import {missing} FILE`, or a newer release")


async def check_secrets(settings: Settings) -> Finding:
    open_ones = [path.name for path in settings.secrets_dir.glob("*") if path.stat().st_mode & 0o077]
    if open_ones:
        remedy = f"chmod 600 {settings.secrets_dir}/*"
        return Finding("secrets", "bad", f"others can read {', '.join(sorted(open_ones))}", remedy)
    return Finding("secrets", "ok", f"{len(list(settings.secrets_dir.glob('*')))} files, for the owner only")


CHECKS: tuple[Callable[[Settings], Awaitable[Finding]], ...] = (
    check_python,
    check_folder,
    check_secrets,
    check_ports,
    check_database,
    check_calendar,
    check_asterisk,
    check_voice,
    check_model,
    check_understanding,
)


async def examine(settings: Settings) -> list[Finding]:
    """Run every check; a check that itself fails is a finding, not a crash."""
    findings = []
    for check in CHECKS:
        try:
            findings.append(await check(settings))
        except Exception as error:
            findings.append(
                Finding(check.__name__.removeprefix("check_"), "bad", f"{type(error).__name__}: {error}")
            )
    return findings


def doctor() -> None:
    """Check each part of this installation and say what to do. Exit code 1 when something is bad."""
    settings = load_settings()

    async def work() -> int:
        findings = await examine(settings)
        table = Table("", "", Column(overflow="fold"), show_header=False, box=None, padding=(0, 1))
        for finding in findings:
            table.add_row(MARK[finding.verdict], finding.part, finding.found)
            if finding.remedy:
                table.add_row("", "", f"[dim]→ {finding.remedy}[/]")
        out.print(table)
        return 1 if any(finding.verdict == "bad" for finding in findings) else 0

    run(work)
