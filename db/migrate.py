"""Bring a database to the newest (or any) revision; used at start and by `hotline db upgrade`."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from db.turns import Turn, take_turn

MIGRATIONS = Path(__file__).parent / "migrations"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


async def upgrade(engine: AsyncEngine, revision: str = "head") -> None:
    """Apply the migrations up to `revision`, in one transaction where the database can; others wait meanwhile."""

    def work(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with engine.begin() as connection:
        await take_turn(connection, Turn.MIGRATION)
        await connection.run_sync(work)


async def downgrade(engine: AsyncEngine, revision: str = "base") -> None:
    """Take migrations back down to `revision`."""

    def work(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    async with engine.begin() as connection:
        await take_turn(connection, Turn.MIGRATION)
        await connection.run_sync(work)


async def revisions(engine: AsyncEngine) -> tuple[str | None, str | None]:
    """(revision of the database, newest revision we know); None where there is none."""

    def current(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with engine.connect() as connection:
        return await connection.run_sync(current), ScriptDirectory.from_config(_config()).get_current_head()
