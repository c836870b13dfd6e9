"""(h) The roles as processes of their own on PostgreSQL and NATS: one call from the citizen to the ticket."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from sqlalchemy.engine import make_url

import tests.postgres as postgres
from runtime.settings import ROOT, Settings
from tests.e2e.conftest import STOP_S, RunningSystem, agent_at_desk
from tests.e2e.observe import child, ended_call, ticket_row
from tests.e2e.talk import talk
from tests.e2e.voices import CONSULT, LIGHTS, say
from tests.fakes.nats_server import NatsServer, nats_server
from tests.ports import free_port_base
from tests.shared import Spoken

ROLES = ("node", "speech", "desk", "jobs")
START_S = 120.0


class Roles:
    """Four processes, started at once as a machine does at boot."""

    def __init__(self, settings: Settings, environment: dict[str, str]) -> None:
        self.settings = settings
        self.environment = environment
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def console(self, role: str) -> Path:
        return self.settings.var / f"console-{role}.txt"

    def text(self, role: str) -> str:
        return self.console(role).read_text(encoding="utf-8", errors="replace")

    def start(self, *roles: str) -> None:
        for role in roles:
            with self.console(role).open("wb") as output:
                self.processes[role] = subprocess.Popen(
                    [sys.executable, "-m", "hotline.cli", role],
                    cwd=ROOT,
                    env=self.environment,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        deadline = time.monotonic() + START_S
        waiting = set(roles)
        while waiting:
            for role in list(waiting):
                if "ready" in self.text(role).splitlines():
                    waiting.discard(role)
                elif self.processes[role].poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{role} did not start:\n{self.text(role)}")
            time.sleep(0.05)

    def stop(self) -> dict[str, int]:
        """SIGTERM to all, as a machine does at its end; exit codes by role, -9 for one that had to be killed."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        codes = {}
        for role, process in self.processes.items():
            try:
                codes[role] = process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                codes[role] = process.wait()
        return codes


@pytest.fixture(scope="module")
def nats() -> Iterator[NatsServer]:
    with nats_server() as server:
        yield server


@pytest.fixture(scope="module")
def roles(
    spoken: Spoken,
    tmp_path_factory: pytest.TempPathFactory,
    model_folder: Path,
    postgres_cluster: str,
    nats: NatsServer,
) -> Iterator[Roles]:
    asyncio.run(postgres.execute(postgres_cluster, "CREATE DATABASE roles_e2e"))
    var = tmp_path_factory.mktemp("roles") / "var"
    settings = Settings(
        var=var, port_base=free_port_base(), database_url=f"{postgres_cluster}roles_e2e", nats_url=nats.url
    )
    settings.make_folders()
    spoken.give(settings)
    environment = {
        **os.environ,
        "HOTLINE_VAR": str(var),
        "HOTLINE_PORT_BASE": str(settings.port_base),
        "HOTLINE_DATABASE_URL": settings.database_url,
        "HOTLINE_NATS_URL": nats.url,
        "HOTLINE_VOSK_MODEL": str(model_folder),
        "HOTLINE_WRAP_UP_S": "4",
        "PYTHONUNBUFFERED": "1",
    }
    if "HOTLINE_ASTERISK" not in os.environ and (ROOT / "var" / "asterisk" / "usr").is_dir():
        environment["HOTLINE_ASTERISK"] = str(ROOT / "var" / "asterisk")
    running = Roles(settings, environment)
    with ExitStack() as stack:
        stack.callback(running.stop)
        running.start(*ROLES)
        yield running
        started = [psutil.Process(p.pid) for p in running.processes.values()]
        below = [one for process in started for one in process.children(recursive=True)]
        assert running.stop() == dict.fromkeys(ROLES, 0), {role: running.text(role) for role in ROLES}
        _, left = psutil.wait_procs(below, timeout=5)
        assert left == []  # no Asterisk, no recogniser stays behind


@pytest.fixture
def centre(roles: Roles) -> RunningSystem:
    """The four roles as the other tests see a system."""
    kept = (roles.settings.secrets_dir / "demo-accounts.txt").read_text(encoding="utf-8").splitlines()
    accounts = dict(line.split(" ", 1) for line in kept)
    desk = roles.processes["desk"]
    return RunningSystem(roles.settings, accounts, desk, roles.console("desk"), roles.environment)


async def test_a_call_crosses_all_four_processes(centre: RunningSystem, roles: Roles, voices: Path) -> None:
    assert make_url(centre.settings.db_url).get_backend_name() == "postgresql"
    assert child(roles.processes["speech"].pid, "speech.process")
    assert not (centre.settings.var / "hotline.db").exists()
    voice = await say(voices, LIGHTS, "lights")
    async with agent_at_desk(centre) as desk, talk(centre, desk, "13586427903") as citizen:
        await citizen.play(voice)
        await desk.wait_said("citizen", "路灯")
        await desk.wait_offered("place_text", "白泉村")
        await desk.accept("place_text")
        for field in ("region_code", "category_code", "title", "content", "demand"):
            await desk.wait_offered(field, ".+")
            await desk.accept(field)
        await desk.type("occurred_text", "近几天")
        await desk.type("appellant_name", "陈先生")
        await desk.choose("appeal_type", "HELP")
        await desk.pick("unit_id", "城管局")
        number = await desk.submit("dispatch")
        await desk.hang_up()
        call_id = citizen.call_id
    ticket = await ticket_row(centre.settings, number)
    assert (ticket.state, ticket.call_id) == ("DISPATCHED", call_id)
    call = await ended_call(centre.settings, call_id)
    assert (call.outcome, call.agent) == ("answered", "8001")


async def test_a_call_goes_on_through_a_dead_nats(centre: RunningSystem, nats: NatsServer, voices: Path) -> None:
    first, second = await say(voices, LIGHTS, "lights"), await say(voices, CONSULT, "consult")
    async with agent_at_desk(centre, "agent2") as desk:
        async with talk(centre, desk, "13400000021") as citizen:
            await citizen.play(first)
            await desk.wait_said("citizen", "路灯")
            nats.kill()
            await citizen.play(first)  # heard by the agent; written down and shown when NATS is back
            assert not citizen.ended
            nats.start()
            await citizen.play(second)
            await desk.wait_said("citizen", "材料", 60_000)
            await desk.in_call()
            await desk.hang_up()
            call_id = citizen.call_id
        await desk.wait_state("话后|示闲")
    assert (await ended_call(centre.settings, call_id)).outcome == "answered"
