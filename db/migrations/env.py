"""Alembic's entry: migrates the database of the settings, or the connection handed in by `db.migrate`."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy import Connection

from db.models import Base
from db.session import make_engine
from hotline.settings import Settings


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        user_module_prefix="db.base.",
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_by_settings() -> None:
    settings = Settings()
    settings.make_folders()
    engine = make_engine(settings.db_url)
    async with engine.begin() as connection:
        await connection.run_sync(run)
    await engine.dispose()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(run_by_settings())
