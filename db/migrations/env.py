"""Alembic's entry: migrates the database of the settings, or the connection handed in by `db.migrate`."""

from __future__ import annotations

import asyncio
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection

from db.base import Utc
from db.models import Base
from db.session import make_engine
from runtime.settings import Settings


def render(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Our own column types by their names, so that a migration reads the same on both databases."""
    if kind == "type" and isinstance(item, Utc):
        return "db.base.Utc()"
    if kind == "type" and isinstance(item, JSON):
        return "db.base.Json"
    return False


def ours(_item: object, name: str | None, kind: str, _reflected: bool, _compare_to: object) -> bool:
    """The search index is derived from the articles and made at run time: no migration knows it."""
    return not (kind == "table" and (name or "").startswith("kb_index"))


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        render_item=render,
        include_object=ours,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_by_settings() -> None:
    settings = Settings()
    settings.make_folders()
    engine = make_engine(settings.db_url, patient=True)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_by_settings())
