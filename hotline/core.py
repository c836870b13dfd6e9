"""What every role stands on: the database (migrated and seeded), the bus, the clock."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from db.opening import open_engine, told_plainly
from db.session import Sessions, make_sessions
from runtime.bus import BridgeServer, Bus, LocalBus
from runtime.clock import Clock, SystemClock
from runtime.errors import UserError
from runtime.settings import Settings

if TYPE_CHECKING:
    from db.seed import DemoAccount

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Core:
    """What every role stands on."""

    settings: Settings
    engine: AsyncEngine
    sessions: Sessions
    bus: Bus
    clock: Clock
    accounts: list[DemoAccount] = field(default_factory=list)


@asynccontextmanager
async def open_core(settings: Settings, *, embedded: bool, everything: bool = True) -> AsyncIterator[Core]:
    """Database (migrated, seeded) and bus (of `everything`, or of this node alone).

    Raises UserError when the database cannot be had.
    """
    from db.migrate import upgrade

    if not embedded and settings.db_url.startswith("sqlite"):
        raise UserError(
            "a role on its own needs PostgreSQL: SQLite is for one process",
            "set HOTLINE_DATABASE_URL, or run everything in one with `hotline up`",
        )
    clock = SystemClock()
    patient = open_engine(settings, patient=True)  # processes that start at once wait for each other here
    try:
        with told_plainly(settings):
            await upgrade(patient)
            accounts = await seed(settings, make_sessions(patient), clock)
    finally:
        await patient.dispose()
    engine = open_engine(settings)
    sessions = make_sessions(engine)
    try:
        async with AsyncExitStack() as stack:
            bus = await stack.enter_async_context(open_bus(settings, embedded=embedded, everything=everything))
            yield Core(settings, engine, sessions, bus, clock, accounts)
    finally:
        await engine.dispose()


async def seed(settings: Settings, sessions: Sessions, clock: Clock) -> list[DemoAccount]:
    """Rows the system needs: categories, deadlines, holidays, articles, the demo county; returns new accounts."""
    from db.seed import load_categories, load_centre, load_demo
    from db.turns import Turn, take_turn
    from kb.articles import load_articles
    from tickets.clocks.calendar import seed_calendar
    from tickets.clocks.sla import seed_profiles
    from tickets.clocks.timing import reckon_provisional

    async with sessions.begin() as session:
        await take_turn(session, Turn.SEED)
        accounts: list[DemoAccount] = []
        if settings.jurisdiction == "demo":
            accounts = await load_demo(session, clock.now())
        else:
            await load_categories(session)
            await load_centre(session)
        year = clock.now().year
        await seed_profiles(session)
        seeded = await seed_calendar(session, year - 1, year + 2)
        if seeded.published:
            again = await reckon_provisional(session)
            log.info("days off of %s are known now: %d due times reckoned again", sorted(seeded.published), again)
        report = await load_articles(session, clock)
        await write_hot_words(settings, session)
        keep_accounts(settings, accounts)  # before they are valid: a lost password would lock everybody out
    for problem in report.problems:
        log.error("knowledge article left out: %s", problem)
    return accounts


async def write_hot_words(settings: Settings, session: AsyncSession) -> None:
    """Begin the city's hot-word file with the gazetteer's names; a file that is there belongs to the admin."""
    from db.models import Region

    path = settings.var / "hotwords.txt"
    if path.exists():
        return
    names = sorted(name for name in await session.scalars(select(Region.name)) if len(name) > 1)
    if names:
        head = "# The city's own names, one a line, to put misheard ones right; new calls use them at once.\n"
        path.write_text(head + "\n".join(names) + "\n", encoding="utf-8")


def accounts_file(settings: Settings) -> Path:
    """Where the passwords of the demo accounts are kept for the owner of the installation."""
    return settings.secrets_dir / "demo-accounts.txt"


def keep_accounts(settings: Settings, accounts: list[DemoAccount]) -> None:
    """Add these accounts to the owner's file (mode 0600)."""
    if not accounts:
        return
    keep = accounts_file(settings)
    keep.touch(mode=0o600)
    with keep.open("a", encoding="utf-8") as file:
        file.writelines(f"{account.login} {account.password}\n" for account in accounts)


@asynccontextmanager
async def open_bus(settings: Settings, *, embedded: bool, everything: bool = True) -> AsyncIterator[Bus]:
    """NATS where configured; else the bus of this process, with a bridge for its children."""
    if settings.nats_url:
        from runtime.nats import NatsBus

        async with NatsBus(settings.nats_url, node="" if everything else settings.node) as nats:
            yield nats
        return
    if not embedded:
        raise UserError(
            "a role on its own needs a bus that other processes reach",
            "set HOTLINE_NATS_URL (and HOTLINE_DATABASE_URL), or run everything in one with `hotline up`",
        )
    local = LocalBus()
    bridge = BridgeServer(local, settings.bus_socket)
    await bridge.start()
    try:
        yield local
    finally:
        await bridge.close()
        await local.close()


def ensure_writable(folder: Path) -> None:
    """Refuse early where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # A file of its own: roles that start at the same moment must not take away each other's.
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(
            f"{folder} cannot be written: {error.strerror}", "choose a folder with HOTLINE_VAR"
        ) from error
