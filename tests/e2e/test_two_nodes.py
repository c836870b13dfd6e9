"""(i) Two nodes on one bus and one database: calls on both at once, one dies and comes back, the other goes on."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from playwright.async_api import expect
from sqlalchemy import func, select

import tests.postgres as postgres
from asterisk_conf.render import Folders
from db.models import AgentSession, Call, CallLeg, Recording, TicketDraft, TranscriptUtterance
from network.line import CitizenLine
from runtime.settings import ROOT, Settings
from tests.chromium import chromium
from tests.e2e.conftest import RunningSystem, agent_at_desk
from tests.e2e.desk_page import DeskPage
from tests.e2e.observe import call_in_state, child, database, ended_call, eventually
from tests.e2e.test_roles import Roles
from tests.e2e.voices import CONSULT, LIGHTS, say
from tests.fakes.nats_server import nats_server
from tests.ports import free_port_base
from tests.shared import Spoken
from tests.sign_in import sign_in

NODES = ("city", "town")


@dataclass
class Centre:
    """A desk (with jobs) and two nodes, each with a folder and ports of its own."""

    desk: Roles
    nodes: dict[str, Roles]

    @property
    def settings(self) -> Settings:
        return self.desk.settings

    def seen(self) -> RunningSystem:
        """As the other tests see a system."""
        kept = (self.settings.secrets_dir / "demo-accounts.txt").read_text(encoding="utf-8").splitlines()
        accounts = dict(line.split(" ", 1) for line in kept)
        return RunningSystem(
            self.settings, accounts, self.desk.processes["desk"], self.desk.console("desk"), self.desk.environment
        )

    def command(self, roles: Roles, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "hotline.cli", *words],
            cwd=ROOT,
            env=roles.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def centre(
    spoken: Spoken, tmp_path_factory: pytest.TempPathFactory, model_folder: Path, postgres_cluster: str
) -> Iterator[Centre]:
    folder = tmp_path_factory.mktemp("centre")
    asyncio.run(postgres.execute(postgres_cluster, "CREATE DATABASE two_nodes_e2e"))
    with ExitStack() as stack:
        nats = stack.enter_context(nats_server())

        def installation(name: str) -> Roles:
            var = folder / name / "var"
            base = free_port_base()
            settings = Settings(
                var=var,
                port_base=base,
                node=name,
                database_url=f"{postgres_cluster}two_nodes_e2e",
                nats_url=nats.url,
            )
            settings.make_folders()
            spoken.give(settings)
            environment = {
                **os.environ,
                "HOTLINE_VAR": str(var),
                "HOTLINE_PORT_BASE": str(base),
                "HOTLINE_DATABASE_URL": settings.database_url,
                "HOTLINE_NATS_URL": nats.url,
                "HOTLINE_VOSK_MODEL": str(model_folder),
                "HOTLINE_WRAP_UP_S": "4",
                "HOTLINE_NODE": name,
                "PYTHONUNBUFFERED": "1",
            }
            if "HOTLINE_ASTERISK" not in os.environ and (ROOT / "var" / "asterisk" / "usr").is_dir():
                environment["HOTLINE_ASTERISK"] = str(ROOT / "var" / "asterisk")
            roles = Roles(settings, environment)
            stack.callback(roles.stop)
            return roles

        made = Centre(installation("desk"), {name: installation(name) for name in NODES})
        made.desk.start("desk", "jobs")  # first, so that the accounts are kept in its folder
        for roles in made.nodes.values():
            roles.start("node", "speech")
        yield made
        started = [
            psutil.Process(process.pid)
            for roles in (made.desk, *made.nodes.values())
            for process in roles.processes.values()
        ]
        below = [one for process in started for one in process.children(recursive=True)]
        for roles in (*made.nodes.values(), made.desk):
            codes = roles.stop()
            assert set(codes.values()) == {0}, {role: roles.text(role) for role in codes}
        _, left = psutil.wait_procs(below, timeout=5)
        assert left == []


async def board(centre: Centre) -> str:
    """What a supervisor sees of the floor."""
    seen = centre.seen()
    async with chromium() as browser:
        page = await (await browser.new_context(viewport={"width": 1366, "height": 768})).new_page()
        await sign_in(page, seen.url, "lead", seen.accounts["lead"])
        await page.goto(f"{seen.url}/board")
        await expect(page.locator("#calls tbody tr")).not_to_have_count(0, timeout=45_000)
        await page.screenshot(path=centre.settings.var / "board.png")
        return await page.inner_text("main")


async def drafted(centre: Centre, call_id: str) -> tuple[int, int]:
    """(drafts, final utterances of the citizen that were written) of a call."""
    async with database(centre.settings) as session:
        drafts = await session.scalar(select(func.count()).where(TicketDraft.call_id == call_id))
        said = await session.scalar(
            select(func.count()).where(
                TranscriptUtterance.call_id == call_id, TranscriptUtterance.speaker == "citizen"
            )
        )
    return drafts or 0, said or 0


async def kill_machine(roles: Roles) -> None:
    """The node, its recogniser and its Asterisk are gone at once, as when the machine loses its power."""
    asterisk = child(roles.processes["node"].pid, str(Folders.of(roles.settings, "hotline").conf))
    recogniser = child(roles.processes["speech"].pid, "speech.process")
    for process in (roles.processes["node"], roles.processes["speech"]):
        process.kill()
        process.wait()
    for other in (asterisk, recogniser):
        other.kill()
    await asyncio.to_thread(psutil.wait_procs, [asterisk, recogniser], 10)


async def test_two_nodes_work_side_by_side_and_one_may_die(centre: Centre, voices: Path) -> None:
    city, town = (centre.nodes[name] for name in NODES)
    for login, node in (("agent1", "city"), ("agent2", "town")):
        done = centre.command(centre.desk, "user", "node", login, node)
        assert done.returncode == 0, done.stderr
    lights, consult = await say(voices, LIGHTS, "lights"), await say(voices, CONSULT, "consult")
    async with agent_at_desk(centre.seen(), "agent1") as one, agent_at_desk(centre.seen(), "agent2") as two:
        async with CitizenLine(city.settings, caller="13400000031") as first:
            await one.answer()
            second = CitizenLine(town.settings, caller="13400000032")
            async with second:
                await two.answer()
                await asyncio.gather(first.play(lights), second.play(consult))
                await one.wait_said("citizen", "路灯", 90_000)
                await two.wait_said("citizen", "材料", 90_000)
                assert "材料" not in await one.transcript("citizen")
                await rows_name_their_node(centre, first.call_id, "city", "8001")
                await rows_name_their_node(centre, second.call_id, "town", "8002")
                shown = await board(centre)
                assert "city" in shown and "town" in shown and "失联" not in shown

                await restart_desk(centre, one, two)
                assert not first.ended and not second.ended

                await kill_machine(town)
                await expect(two.page.locator("#alerts")).to_contain_text("节点 town 自", timeout=60_000)
                await expect(one.page.locator("#alerts")).not_to_contain_text("节点")
                assert "节点 town 自" in await board(centre)
                await first.play(lights)
                await eventually(lambda: grown(centre, first.call_id, 2), "words said meanwhile", 90)
            town.start("node", "speech")
            gone = await ended_call(centre.settings, second.call_id)
            assert (gone.node, gone.hungup_by) == ("town", "unknown")
            await expect(two.page.locator("#alerts")).not_to_contain_text("节点", timeout=60_000)
            assert (await call_in_state(centre.settings, first.call_id, "talking")).ended_at is None
            assert not first.ended
            await one.in_call()
            await two.become_ready()
            async with CitizenLine(town.settings, caller="13400000033") as third:  # the node serves callers again
                await two.answer()
                await third.play(consult)
                await two.wait_said("citizen", "材料", 90_000)
                await two.hang_up()
            assert (await ended_call(centre.settings, third.call_id)).outcome == "answered"
            await one.in_call()
            await one.hang_up()
        call = await ended_call(centre.settings, first.call_id)
        assert (call.node, call.outcome, call.hungup_by) == ("city", "answered", "agent")
        recording = await eventually(lambda: recording_of(centre, first.call_id), "the recording")
        assert recording.node == "city"
        assert (city.settings.recordings_dir / recording.path).is_file()
        answer = await one.page.request.get(f"{centre.seen().url}/recordings/{first.call_id}")
        assert answer.status == 404 and "录音保存在节点 city" in await answer.text()
        await one.wait_state("话后|示闲")


async def rows_name_their_node(centre: Centre, call_id: str, node: str, seat: str) -> None:
    async with database(centre.settings) as session:
        assert await session.scalar(select(Call.node).where(Call.id == call_id)) == node
        assert set(await session.scalars(select(CallLeg.node).where(CallLeg.call_id == call_id))) == {node}
        assert await session.scalar(select(AgentSession.node).where(AgentSession.agent == seat)) == node
    drafts, said = await drafted(centre, call_id)
    assert drafts == 1 and said >= 1


async def grown(centre: Centre, call_id: str, least: int) -> bool:
    return (await drafted(centre, call_id))[1] >= least


async def recording_of(centre: Centre, call_id: str) -> Recording | None:
    async with database(centre.settings) as session:
        row: Recording | None = await session.scalar(select(Recording).where(Recording.call_id == call_id))
        return row


async def restart_desk(centre: Centre, *pages: DeskPage) -> None:
    process = centre.desk.processes["desk"]
    process.kill()
    process.wait()
    for page in pages:
        await expect(page.page.locator("#alerts")).to_contain_text("连接中断", timeout=60_000)
    await asyncio.to_thread(centre.desk.start, "desk")
    for page in pages:
        await expect(page.page.locator("#alerts")).not_to_contain_text("连接中断", timeout=60_000)
        await page.in_call()


async def test_a_second_node_of_the_same_name_is_told_what_to_do(centre: Centre) -> None:
    away = {**centre.nodes["town"].environment, "HOTLINE_VAR": str(centre.settings.var.parent / "other")}
    impostor = Roles(centre.nodes["town"].settings, away | {"HOTLINE_PORT_BASE": str(free_port_base())})
    refused = await asyncio.to_thread(centre.command, impostor, "node")
    assert refused.returncode != 0
    told = refused.stdout + refused.stderr
    assert "another node is called town" in told and "--name" in told
