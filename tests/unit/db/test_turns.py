"""Turns of several processes on one database."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import create_async_engine

from db.turns import Turn, take_turn
from tests.conftest import postgres_database

GIVEN_UP_S = 0.2


async def test_who_waits_for_a_turn_outwaits_the_limit_of_a_statement(postgres_cluster: str) -> None:
    async with postgres_database(postgres_cluster) as url:
        engine = create_async_engine(url, connect_args={"command_timeout": GIVEN_UP_S})
        try:
            async with asyncio.timeout(30), engine.connect() as second:
                await second.begin()
                async with engine.begin() as first:
                    await take_turn(first, Turn.SEED)
                    waiting = asyncio.create_task(take_turn(second, Turn.SEED))
                    done, _ = await asyncio.wait([waiting], timeout=3 * GIVEN_UP_S)
                    assert not done
                await waiting
        finally:
            await engine.dispose()


async def test_another_turn_is_nobody_s_business(postgres_cluster: str) -> None:
    async with postgres_database(postgres_cluster) as url:
        engine = create_async_engine(url)
        try:
            async with asyncio.timeout(30), engine.begin() as first, engine.begin() as second:
                await take_turn(first, Turn.SEED)
                await take_turn(second, Turn.MIGRATION)
        finally:
            await engine.dispose()
