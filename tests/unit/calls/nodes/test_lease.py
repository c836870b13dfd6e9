"""A node holds its name, and takes up what it wrote under an earlier one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import calls.nodes.lease as lease_module
from calls.nodes.lease import LOST_AFTER, NodeLease
from db.models import AgentSession, Call, Node
from db.session import Sessions
from runtime.errors import UserError
from runtime.settings import Settings
from tests.fakes.clock import FakeClock


@pytest.fixture
def several(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on PostgreSQL, where several nodes share the database."""
    monkeypatch.setattr(lease_module, "_alone", lambda session: False)


def at(folder: Path, name: str) -> Settings:
    made = Settings(var=folder, node=name)
    made.make_folders()
    return made


@asynccontextmanager
async def held(settings: Settings, sessions: Sessions, clock: FakeClock) -> AsyncIterator[NodeLease]:
    lease = NodeLease(settings, sessions, clock, beat_s=3600)
    await lease.start()
    try:
        yield lease
    finally:
        await lease.close()


async def names(sessions: Sessions) -> list[str]:
    async with sessions() as session:
        return list(await session.scalars(select(Node.name).order_by(Node.name)))


@pytest.mark.usefixtures("several")
async def test_two_nodes_of_one_name_are_refused(tmp_path: Path, sessions: Sessions, clock: FakeClock) -> None:
    async with held(at(tmp_path / "a", "city"), sessions, clock):
        clock.move(seconds=LOST_AFTER.total_seconds() - 1)
        with pytest.raises(UserError, match="another node is called city") as refused:
            await NodeLease(at(tmp_path / "b", "city"), sessions, clock).start()
        assert "hotline node --name" in refused.value.remedy
        async with held(at(tmp_path / "b", "town"), sessions, clock):
            assert await names(sessions) == ["city", "town"]


async def test_one_folder_has_one_node(tmp_path: Path, sessions: Sessions, clock: FakeClock) -> None:
    async with held(at(tmp_path, "city"), sessions, clock):
        with pytest.raises(UserError, match="already running"):
            await NodeLease(at(tmp_path, "city"), sessions, clock).start()


@pytest.mark.usefixtures("several")
async def test_a_name_is_free_once_its_node_is_stopped_or_long_silent(
    tmp_path: Path, sessions: Sessions, clock: FakeClock
) -> None:
    async with held(at(tmp_path / "a", "city"), sessions, clock):
        pass
    lost = NodeLease(at(tmp_path / "b", "city"), sessions, clock, beat_s=3600)
    await lost.start()
    assert await lost.beat()
    clock.move(seconds=LOST_AFTER.total_seconds())
    async with held(at(tmp_path / "c", "city"), sessions, clock) as now:
        assert await now.beat()
        assert not await lost.beat()  # it is told, and says so
        await lost.close()
        assert await now.beat()


@pytest.mark.usefixtures("several")
async def test_containers_alike_in_name_and_path_are_told_apart(
    tmp_path: Path, sessions: Sessions, clock: FakeClock
) -> None:
    first = NodeLease(at(tmp_path, "city"), sessions, clock, beat_s=3600)
    await first.start()
    first._lock.release()  # as if the folder were another machine's
    (tmp_path / "secrets" / "node.id").unlink()
    with pytest.raises(UserError, match="another node is called city"):
        await NodeLease(at(tmp_path, "city"), sessions, clock).start()
    await first.close()


@pytest.mark.usefixtures("several")
async def test_a_node_that_was_killed_comes_back_at_once(
    tmp_path: Path, sessions: Sessions, clock: FakeClock
) -> None:
    killed = NodeLease(at(tmp_path, "city"), sessions, clock, beat_s=3600)
    await killed.start()
    killed._lock.release()  # as its death does
    async with held(at(tmp_path, "city"), sessions, clock):
        assert await names(sessions) == ["city"]
    await killed.close()


async def rows_of(sessions: Sessions) -> dict[str, str]:
    async with sessions() as session:
        calls = {call.id: call.node for call in await session.scalars(select(Call))}
        return calls | {seat.agent: seat.node for seat in await session.scalars(select(AgentSession))}


async def write(sessions: Sessions, clock: FakeClock, **nodes: str) -> None:
    async with sessions.begin() as session:
        for name, node in nodes.items():
            session.add(Call(id=name, node=node, started_at=clock.now()))
            session.add(AgentSession(agent=f"8{name}", node=node, since=clock.now() - timedelta(hours=1)))


@pytest.mark.usefixtures("several")
async def test_the_first_node_takes_old_rows_and_no_other_does(
    tmp_path: Path, sessions: Sessions, clock: FakeClock
) -> None:
    await write(sessions, clock, old="")
    async with held(at(tmp_path / "a", "city"), sessions, clock):
        assert await rows_of(sessions) == {"old": "city", "8old": "city"}
        await write(sessions, clock, late="")
        async with held(at(tmp_path / "b", "town"), sessions, clock):
            assert (await rows_of(sessions))["late"] == ""
            assert (await rows_of(sessions))["old"] == "city"


@pytest.mark.usefixtures("several")
async def test_a_node_that_is_renamed_keeps_its_rows(tmp_path: Path, sessions: Sessions, clock: FakeClock) -> None:
    async with held(at(tmp_path, "city"), sessions, clock):
        await write(sessions, clock, own="city", other="town")
    async with held(at(tmp_path, "new-city"), sessions, clock):
        assert await rows_of(sessions) == {
            "own": "new-city",
            "8own": "new-city",
            "other": "town",
            "8other": "town",
        }
        assert await names(sessions) == ["new-city"]
