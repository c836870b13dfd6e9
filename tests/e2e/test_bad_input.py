"""Bad input, end to end: each gets a clear word where a person can act on it, and no call is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.async_api import BrowserContext, expect
from sqlalchemy import select

from db.models import Call
from network.line import CitizenLine
from runtime.settings import ROOT, Settings
from tests.chromium import chromium
from tests.e2e.conftest import RunningSystem, agent_at_desk, launch, stop_system
from tests.e2e.desk_page import SHOWN_MS, DeskPage
from tests.e2e.observe import call_in_state, database, ended_call, eventually
from tests.integration.sip_caller import SipCaller
from tests.ports import free_port_base
from tests.shared import Spoken

NUMBER = "139 1234 5678"
STRANGE = {
    "anonymous": "匿名来电",
    "+8613912345678": NUMBER,
    "139 1234 5678": NUMBER,
    "139\"1234'5678": NUMBER,
    "1" * 40: "号码异常",
}


async def test_strange_caller_ids_are_shown_sensibly(system: RunningSystem) -> None:
    async with agent_at_desk(system) as desk:
        for caller, shown in STRANGE.items():
            async with CitizenLine(system.settings, caller=caller) as citizen:
                assert await citizen.wait_answered(45)
                await expect(desk.page.locator("#line-number")).to_have_text(shown, timeout=SHOWN_MS)
                await expect(desk.page.locator(".c-number b")).to_have_text(shown)
                await expect(desk.page.locator("#k-answer")).to_be_enabled()
            await desk.wait_state("示闲")


async def test_a_flood_of_keys_in_greeting_and_queue_ends_at_a_person(system: RunningSystem) -> None:
    async with (
        agent_at_desk(system, ready=False) as desk,
        CitizenLine(system.settings, caller="13100000001") as citizen,
    ):
        assert await citizen.wait_answered(45)
        await asyncio.gather(*(citizen.press("9#7*8") for _ in range(6)))
        await call_in_state(system.settings, citizen.call_id, "queued", seconds=40)
        await asyncio.gather(*(citizen.press("9#7*8") for _ in range(6)))
        assert not citizen.ended
        await call_in_state(system.settings, citizen.call_id, "queued")
        await desk.become_ready()
        await desk.answer()
        assert await citizen.wait_agent(45)
        await citizen.press("9#7*8")  # people do that in talk as well
        assert not citizen.ended
        await desk.hang_up()


async def test_a_silent_caller_reaches_a_person_and_no_words_are_invented(system: RunningSystem) -> None:
    """The network sends no sound at all for this citizen, as a broken line does."""
    async with agent_at_desk(system) as desk, CitizenLine(system.settings, caller="13100000002") as citizen:
        await expect(desk.page.locator("#k-answer")).to_be_enabled(timeout=60_000)
        await desk.answer()
        assert await citizen.wait_agent(45)
        await citizen.hold(5)
        await expect(desk.page.locator("#transcript")).to_contain_text("等待讲话")
        assert await desk.transcript("citizen") == ""
        await desk.in_call()
        assert not citizen.ended
        await desk.hang_up()


@asynccontextmanager
async def agent_page(context: BrowserContext, system: RunningSystem, login: str) -> AsyncIterator[DeskPage]:
    page = await context.new_page()
    desk = DeskPage(page, system.url)
    await desk.log_in(login, system.accounts[login])
    yield desk
    assert not desk.faults, desk.faults


async def test_a_browser_without_microphone_says_what_to_do_and_takes_no_calls(system: RunningSystem) -> None:
    async with chromium(ask_for_microphone=True) as browser:
        context = await browser.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        page = await context.new_page()
        protocol = await context.new_cdp_session(page)
        denied = {"permission": {"name": "microphone"}, "setting": "denied", "origin": system.url}
        await protocol.send("Browser.setPermission", denied)
        await page.close()
        async with agent_page(context, system, "agent1") as desk:
            alerts = desk.page.locator("#alerts")
            await expect(alerts).to_contain_text("话筒权限被拒绝", timeout=SHOWN_MS)
            await expect(alerts).to_contain_text("话筒恢复前您处于示忙")
            await desk.wait_state("示忙")
            await expect(desk.page.locator("#seat-ready")).to_be_disabled()

            await context.grant_permissions(["microphone"], origin=system.url)
            await alerts.get_by_role("button", name="重试").click()
            await expect(alerts).not_to_contain_text("话筒", timeout=SHOWN_MS)
            await desk.become_ready()
            await desk.leave()


async def test_two_tabs_of_one_account_ask_and_the_loser_says_so(system: RunningSystem) -> None:
    async with chromium() as browser:
        context = await browser.new_context(locale="zh-CN", permissions=["microphone"])
        elsewhere = await browser.new_context(locale="zh-CN", permissions=["microphone"])
        async with agent_page(context, system, "agent1") as first:
            await first.take_seat()
            second = DeskPage(await context.new_page(), system.url)
            await second.page.goto(f"{system.url}/desk")
            async with agent_page(elsewhere, system, "agent1") as third:  # another machine: the server settles it
                for loser, winner in ((first, second), (second, third)):
                    await expect(winner.page.locator("#dlg-seat")).to_be_visible(timeout=SHOWN_MS)
                    await expect(loser.page.locator("#g-reg")).to_have_text("已注册")  # asking takes nothing away
                    await winner.page.locator("#dlg-seat button.primary").click()
                    await winner.take_seat()
                    await expect(loser.page.locator("#alerts")).to_contain_text(
                        "此账号已在别处登录", timeout=SHOWN_MS
                    )
                    await expect(loser.page.locator("#g-reg")).to_have_text("未启用")
                await third.become_ready()
                await third.leave()


@contextmanager
def full_disk(recordings: Path) -> Iterator[None]:
    """64 KB in place of the recordings' disk; where we may not mount, a folder that cannot be."""
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", recordings], capture_output=True)
    if mounted.returncode == 0:
        try:
            yield
        finally:
            subprocess.run(["umount", "-l", recordings], check=True)
        return
    live = recordings / "live"
    aside = live.rename(recordings / "live-aside")
    live.write_text("in the way")
    try:
        yield
    finally:
        live.unlink()
        aside.rename(live)


async def test_a_full_disk_under_the_recordings_alarms_and_the_call_goes_on(system: RunningSystem) -> None:
    async with agent_at_desk(system) as desk:
        with full_disk(system.settings.recordings_dir):
            async with CitizenLine(system.settings, caller="13100000003") as citizen:
                assert await citizen.wait_answered(45)
                await desk.answer()
                assert await citizen.wait_agent(45)
                alerts = desk.page.locator("#alerts")
                await expect(alerts).to_contain_text("录音异常", timeout=SHOWN_MS)
                await expect(alerts).to_contain_text("通话不受影响")
                await citizen.hold(2)
                await desk.in_call()
                await desk.hang_up()
                call_id = citizen.call_id
            call = await ended_call(system.settings, call_id)
            assert (call.outcome, call.agent) == ("answered", "8001")
            await desk.wait_state("示闲", 60_000)
        async with CitizenLine(system.settings, caller="13100000004") as citizen:  # and it heals by itself
            assert await citizen.wait_answered(45)
            await desk.answer()
            await expect(desk.page.locator("#alerts")).not_to_contain_text("录音异常")
            call_id = citizen.call_id
        await ended_call(system.settings, call_id)

        async def recorded() -> bool:
            return any(system.settings.recordings_dir.glob(f"20*/*/*/{call_id}.wav"))

        await eventually(recorded, "the recording on the healed disk")


# -- starting ----------------------------------------------------------------------------------------------
def run_up(environment: dict[str, str], seconds: float = 60) -> tuple[int, str]:
    """`hotline up` that is expected to give up by itself."""
    done = subprocess.run(
        [sys.executable, "-m", "hotline.cli", "up"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def processes_of(var: Path) -> list[str]:
    """Command lines of all processes that work for this installation."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and (
                str(var) in " ".join(process.cmdline()) or process.environ().get("HOTLINE_VAR") == str(var)
            ):
                found.append(" ".join(process.cmdline()))
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
    return found


@pytest.mark.parametrize("offset", [80, 73, 99, 38, 60])
def test_a_port_in_use_is_named_and_nothing_is_left_running(
    system: RunningSystem, tmp_path: Path, offset: int
) -> None:
    base = free_port_base()
    kind = socket.SOCK_DGRAM if offset == 60 else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", base + offset))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        own = {"HOTLINE_VAR": str(tmp_path / "var"), "HOTLINE_PORT_BASE": str(base)}
        code, text = run_up({**system.environment, **own})
    assert code == 2, text
    assert f"port {base + offset} (" in text
    assert f"HOTLINE_PORT_BASE (now {base})" in text
    assert "Traceback" not in text
    assert processes_of(tmp_path / "var") == []


def test_a_second_start_on_the_same_folder_is_refused(system: RunningSystem) -> None:
    code, text = run_up(system.environment)
    assert code == 2
    assert f"already running (process {system.process.pid})" in text
    assert "HOTLINE_VAR" in text
    assert system.process.poll() is None


async def test_a_wrong_model_is_told_and_calls_go_on_without_text(
    system: RunningSystem, spoken: Spoken, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """This system has no simulator: the calls come by raw SIP, with caller ids that no simulator would send."""
    var = tmp_path_factory.mktemp("wrong") / "var"
    settings = Settings(var=var, port_base=free_port_base())
    spoken.give(settings)
    wrong = var / "no-such-model"
    ours = launch(
        settings,
        {
            **system.environment,
            "HOTLINE_VAR": str(var),
            "HOTLINE_PORT_BASE": str(settings.port_base),
            "HOTLINE_VOSK_MODEL": str(wrong),
            "HOTLINE_TRUNK_HOST": f"127.0.0.1:{settings.network_sip_port}",
        },
    )
    try:
        console = ours.console.read_text(encoding="utf-8")
        assert "no speech model" in console
        assert f"HOTLINE_VOSK_MODEL={wrong}" in console
        async with agent_at_desk(ours) as desk:
            async with SipCaller(
                settings, "139%0D%0Aagi_callerid%3A%2018612345678", name='"a\\"b<i>, ${CALL_ID}"'
            ) as sip:
                assert await sip.invite() == 200
                await expect(desk.page.locator("#line-number")).to_have_text("号码异常", timeout=60_000)
                await desk.answer()
                await expect(desk.page.locator("#transcript")).to_contain_text("语音模型路径无效")
                await desk.in_call()
            await desk.wait_state("话后|示闲")
            async with database(settings) as session:
                (call,) = await session.scalars(select(Call))
            call = await ended_call(settings, call.id)
            assert (call.caller, call.outcome, call.agent) == ("", "answered", "8001")
        # Ctrl-C as on a console: the whole process group gets it.
        os.killpg(ours.process.pid, signal.SIGINT)
        assert ours.process.wait(20) == 0
        assert processes_of(var) == []
    finally:
        if ours.process.poll() is None:
            stop_system(ours)
