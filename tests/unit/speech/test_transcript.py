from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Base, TranscriptGapRow, TranscriptUtterance
from db.session import Sessions, make_engine, make_sessions
from runtime.events import TranscriptGap, Utterance
from speech import transcript
from speech.transcript import TranscriptKeeper, impatient
from tests.fakes.clock import FakeClock
from tests.waiting import until


def said(number: int) -> Utterance:
    return Utterance(
        call_id="call",
        utterance_id=f"u{number}",
        speaker="citizen",
        start_ms=number * 1000,
        end_ms=number * 1000 + 500,
        text=f"第{number}句",
        raw=f"第 {number} 句",
        final=True,
        confidence=0.9,
        words=(("句", 0, 1, 0.9),),
    )


async def rows(sessions: Sessions) -> list[TranscriptUtterance]:
    async with sessions() as session:
        return list(await session.scalars(select(TranscriptUtterance).order_by(TranscriptUtterance.start_ms)))


@pytest.fixture
async def keeper(sessions: Sessions, clock: FakeClock) -> AsyncIterator[TranscriptKeeper]:
    keeper = TranscriptKeeper(sessions, clock, "model")
    keeper.start()
    yield keeper
    await keeper.close()


async def test_finals_and_gaps_are_written_once(keeper: TranscriptKeeper, sessions: Sessions) -> None:
    gap = TranscriptGap(call_id="call", speaker="agent", start_ms=5, end_ms=9)
    for row in (said(1), said(2), gap, said(1), gap):
        keeper.keep(row)
    await until(lambda: keeper.waiting == 0)
    keeper.keep(said(2))
    keeper.keep(gap)
    await until(lambda: keeper.waiting == 0)
    kept = await rows(sessions)
    assert [(row.id, row.text, row.model) for row in kept] == [("u1", "第1句", "model"), ("u2", "第2句", "model")]
    assert kept[0].words == [["句", 0, 1, 0.9]]
    async with sessions() as session:
        gaps = list(await session.scalars(select(TranscriptGapRow)))
    assert [(g.speaker, g.start_ms, g.end_ms) for g in gaps] == [("agent", 5, 9)]


@pytest.fixture
async def locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Sessions, sqlite3.Connection]]:
    """A SQLite database that another program has locked; writes give up quickly."""
    monkeypatch.setattr(transcript, "RETRY_S", (0.01,))
    path = tmp_path / "locked.db"
    monkeypatch.setattr(transcript, "SQLITE_WAIT_MS", 50)
    engine = impatient(make_engine(f"sqlite+aiosqlite:///{path}"))
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    thief = sqlite3.connect(path, isolation_level=None)
    thief.execute("BEGIN EXCLUSIVE")
    yield make_sessions(engine), thief
    thief.close()
    await engine.dispose()


async def test_a_locked_database_loses_nothing(
    locked: tuple[Sessions, sqlite3.Connection], clock: FakeClock
) -> None:
    sessions, thief = locked
    keeper = TranscriptKeeper(sessions, clock, write_s=5)
    keeper.start()
    for number in range(50):
        keeper.keep(said(number))
    await asyncio.sleep(0)
    assert keeper.waiting == 50
    thief.execute("COMMIT")
    await until(lambda: keeper.waiting == 0)
    assert [row.id for row in await rows(sessions)] == [f"u{number}" for number in range(50)]
    await keeper.close()


async def test_room_is_bounded_and_the_newest_are_kept(
    locked: tuple[Sessions, sqlite3.Connection], clock: FakeClock
) -> None:
    sessions, thief = locked
    keeper = TranscriptKeeper(sessions, clock, room=10, write_s=5)
    keeper.start()
    for number in range(25):
        keeper.keep(said(number))
    assert keeper.waiting == 10
    thief.execute("COMMIT")
    await until(lambda: keeper.waiting == 0)
    kept = {row.id for row in await rows(sessions)}
    assert {f"u{number}" for number in range(15, 25)} <= kept
    await keeper.close()


async def test_what_waits_at_the_end_gets_a_last_chance(sessions: Sessions, clock: FakeClock) -> None:
    keeper = TranscriptKeeper(sessions, clock)
    for number in range(450):
        keeper.keep(said(number))
    await keeper.close()
    assert len(await rows(sessions)) == 450


async def test_a_database_that_never_comes_back_does_not_hold_up_the_end(
    locked: tuple[Sessions, sqlite3.Connection], clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    sessions, _ = locked
    keeper = TranscriptKeeper(sessions, clock, write_s=0.1)
    keeper.keep(said(1))
    await keeper.close(wait_s=0.3)
    assert "1 transcript rows could not be written" in caplog.text
    assert "第1句" not in caplog.text, "what was said never goes to a log"


async def test_whoever_waits_is_told_when_a_row_is_written_and_not_before(
    locked: tuple[Sessions, sqlite3.Connection], clock: FakeClock
) -> None:
    sessions, thief = locked
    keeper = TranscriptKeeper(sessions, clock)
    keeper.start()
    told: list[str] = []
    keeper.keep(said(1))
    keeper.keep(TranscriptGap(call_id="call", speaker="agent", start_ms=5, end_ms=9), lambda: told.append("gap"))
    drained = asyncio.create_task(keeper.drained())
    await until(lambda: keeper.waiting == 2)
    assert not told and not drained.done()
    thief.execute("ROLLBACK")
    async with asyncio.timeout(30):
        await drained
    assert told == ["gap"]
    await keeper.close()


async def test_a_row_given_up_is_told_all_the_same(sessions: Sessions, clock: FakeClock) -> None:
    keeper = TranscriptKeeper(sessions, clock, room=1)
    told: list[str] = []
    keeper.keep(TranscriptGap(call_id="call", speaker="agent", start_ms=5, end_ms=9), lambda: told.append("gap"))
    keeper.keep(said(1))
    assert told == ["gap"]
    await keeper.close()
