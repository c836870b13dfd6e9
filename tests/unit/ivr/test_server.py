"""The IVR of a node: first start, a script published while calls run, a database that is away."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path

import pytest
from sqlalchemy import select

from db.models import Call, ScriptStepRow, ScriptVersion
from db.session import Sessions, make_engine, make_sessions
from ivr.prompts import Prompts
from ivr.script.script import Script
from ivr.script.versions import publish
from ivr.server import IvrServer, database_lookups
from runtime.bus import LocalBus
from runtime.errors import UserError
from runtime.settings import Settings
from sound import levels, wav
from tests.fakes.asterisk_agi import FakeChannel, serve_call
from tests.fakes.clock import FakeClock
from tests.unit.ivr.scripts import SOUND
from tests.waiting import until


class ToneVoice:
    name = "tone"

    async def speak(self, text: str, out: Path) -> None:
        wav.write(out, levels.tone(440.0, 0.1))


Make = Callable[..., IvrServer]


@pytest.fixture
async def make(
    settings: Settings,
    bus: LocalBus,
    clock: FakeClock,
    sessions: Sessions,  # asked for here, so that servers are closed before their database is
) -> AsyncIterator[Make]:
    made: list[IvrServer] = []

    def build(sessions: Sessions) -> IvrServer:
        server = IvrServer(
            settings, sessions, bus, clock, prompts=Prompts(settings, ToneVoice()), refresh_seconds=0.02
        )
        made.append(server)
        return server

    yield build
    for server in made:
        await server.close()


async def test_the_first_start_publishes_the_script_of_the_settings(
    make: Make, sessions: Sessions, settings: Settings
) -> None:
    server = make(sessions)
    await server.start()
    assert (server.in_force.script.name, server.in_force.version) == ("direct", 1)
    async with sessions() as session:
        version = (await session.scalars(select(ScriptVersion))).one()
    assert (version.name, version.state) == ("direct", "published")


async def test_a_call_walks_the_script_and_leaves_its_steps(
    make: Make, sessions: Sessions, settings: Settings
) -> None:
    server = make(sessions)
    await server.start()
    channel = FakeChannel(after_queue={"QUEUESTATUS": "CONTINUE", "MEMBERINTERFACE": "PJSIP/8001"})
    await serve_call(settings.fastagi_port, channel.answer)
    await server.settle()
    assert channel.variables["HOTLINE_DONE"] == "1"
    async with sessions() as session:
        rows = list(await session.scalars(select(ScriptStepRow).order_by(ScriptStepRow.id)))
    assert [row.node for row in rows] == ["queue", "survey", "goodbye_short"]
    assert {row.call_id for row in rows} == {channel.variables["CALL_ID"]}


async def test_a_published_script_is_for_the_next_call(
    make: Make, sessions: Sessions, settings: Settings, clock: FakeClock
) -> None:
    server = make(sessions)
    await server.start()
    go_on = asyncio.Event()
    channel = FakeChannel()

    def slow(line: str) -> str | None:
        return None if line.startswith("STREAM FILE") and not go_on.is_set() else channel.answer(line)

    running = asyncio.create_task(serve_call(settings.fastagi_port, slow))
    await until(lambda: server.calls == 1)
    async with sessions.begin() as session:
        await publish(session, clock, SOUND)
    await until(lambda: server.in_force.script.name == "test")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    other = FakeChannel(after_queue={"QUEUESTATUS": "TIMEOUT"}, hang_up_at="EXEC")
    await serve_call(settings.fastagi_port, other.answer)
    await server.settle()
    async with sessions() as session:
        rows = list(await session.scalars(select(ScriptStepRow).order_by(ScriptStepRow.id)))
    assert [(row.script, row.node) for row in rows if row.node in ("queue", "greet")][:2] == [
        ("direct", "queue"),
        ("test", "greet"),
    ]


async def test_a_fault_while_a_script_is_taken_up_is_not_the_last_look(
    make: Make,
    sessions: Sessions,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = make(sessions)
    await server.start()
    make_all = Prompts.make_all
    faults: list[Exception] = [RuntimeError("a fault of ours")]

    async def fails_once(self: Prompts, scripts: Iterable[Script]) -> int:
        if faults:
            raise faults.pop()
        return await make_all(self, scripts)

    monkeypatch.setattr(Prompts, "make_all", fails_once)
    async with sessions.begin() as session:
        await publish(session, clock, SOUND)
    await until(lambda: server.in_force.script.name == "test")
    assert "a fault of ours" in caplog.text


async def test_a_full_disk_keeps_no_script_from_being_taken_up(
    make: Make,
    sessions: Sessions,
    clock: FakeClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = make(sessions)
    await server.start()

    async def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Prompts, "make_all", full)
    async with sessions.begin() as session:
        await publish(session, clock, SOUND)
    await until(lambda: server.in_force.script.name == "test")
    assert "No space left" in caplog.text


async def test_without_a_database_the_shipped_script_answers(
    settings: Settings, bus: LocalBus, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    engine = make_engine("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    prompts = Prompts(settings, ToneVoice())
    server = IvrServer(settings, make_sessions(engine), bus, clock, prompts=prompts)
    await server.start()
    assert server.in_force.script.name == "direct"
    channel = FakeChannel(after_queue={"QUEUESTATUS": "CONTINUE", "MEMBERINTERFACE": "PJSIP/8001"})
    async with asyncio.timeout(30):
        await serve_call(settings.fastagi_port, channel.answer)
    assert channel.variables["HOTLINE_DONE"] == "1"
    assert "database is away" in caplog.text
    await server.close(within=0.2)
    await engine.dispose()


async def test_a_port_in_use_is_told(make: Make, sessions: Sessions, settings: Settings) -> None:
    blocker = await asyncio.start_server(lambda *_: None, "127.0.0.1", settings.fastagi_port)
    with pytest.raises(UserError, match=str(settings.fastagi_port)):
        await make(sessions).start()
    blocker.close()
    await blocker.wait_closed()


async def test_an_unknown_script_in_the_settings_is_told(
    make: Make, sessions: Sessions, settings: Settings
) -> None:
    settings.script = "nosuch"
    with pytest.raises(UserError, match="nosuch"):
        await make(sessions).start()


async def test_look_ups_come_from_the_database(sessions: Sessions, clock: FakeClock) -> None:
    lookups = database_lookups(sessions)
    async with sessions.begin() as session:
        for number, phone in enumerate(["13912345678", "13912345678", "13700000000"]):
            session.add(
                Call(id=f"019a8f00-0000-7000-8000-00000000000{number}", caller=phone, started_at=clock.now())
            )
    since = clock.now()
    this = "019a8f00-0000-7000-8000-000000000000"
    assert await lookups.recent_calls("13912345678", since, this) == 1
    assert await lookups.progress("251114090000123456", None) == []
    assert await lookups.progress(None, "13912345678") == []
    assert await lookups.workday(clock.now().date())
