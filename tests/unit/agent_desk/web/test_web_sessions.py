"""A request and a log-out of the same browser may meet."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from agent_desk.web.web_sessions import IDLE, SEEN_STEP, WebSessions
from db.models import User
from db.session import make_engine, make_sessions
from tests.fakes.clock import FakeClock


@pytest.fixture
async def engine(database: str) -> AsyncIterator[AsyncEngine]:
    made = make_engine(database)
    yield made
    await made.dispose()


@pytest.mark.parametrize("later", [SEEN_STEP, IDLE], ids=["seen", "idle"])
async def test_a_log_out_during_a_request_is_a_log_out(
    engine: AsyncEngine, clock: FakeClock, later: timedelta
) -> None:
    sessions = make_sessions(engine)
    async with sessions.begin() as session:
        session.add(User(id=1, login="a", name="甲", password_hash="", roles=[], created_at=clock.now()))
    browsers = WebSessions(sessions, clock)
    token = await browsers.open(1, address="", agent="")
    assert await browsers.find(token) is not None
    clock.move(seconds=later.total_seconds())
    met: list[str] = []

    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def _log_out_first(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(("UPDATE web_session", "DELETE FROM web_session")):
            met.append(statement)
            cursor.execute("DELETE FROM web_session")

    assert await browsers.find(token) is None
    assert len(met) == 1


async def test_a_request_is_a_sign_of_life(engine: AsyncEngine, clock: FakeClock) -> None:
    sessions = make_sessions(engine)
    async with sessions.begin() as session:
        session.add(User(id=1, login="a", name="甲", password_hash="", roles=[], created_at=clock.now()))
    browsers = WebSessions(sessions, clock)
    token = await browsers.open(1, address="", agent="")
    for _ in range(3):
        clock.move(seconds=IDLE.total_seconds() - 1)
        assert await browsers.find(token) is not None
