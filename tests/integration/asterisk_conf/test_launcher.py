"""Asterisk itself: started, asked, killed, restarted, stopped, side by side, and refused clearly."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from asterisk_conf.launcher import AsteriskInstance, run_cli
from asterisk_conf.modules import MODULES
from asterisk_conf.program import AsteriskError, AsteriskProgram
from asterisk_conf.render import render
from asterisk_conf.watchdog import SipWatchdog
from runtime.settings import Settings
from tests.integration.conftest import AsteriskPair
from tests.ports import free_port_base
from tests.waiting import until


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_starts_soon_and_stops_without_a_trace(
    settings: Settings, asterisk_program: AsteriskProgram
) -> None:
    instance = AsteriskInstance(settings, "hotline", program=asterisk_program)
    began = time.monotonic()
    await instance.start()
    took = time.monotonic() - began
    pid = instance.pid
    try:
        assert pid is not None
        assert "0 active channels" in await instance.cli("core show channels")
    finally:
        await instance.stop()
    assert took < 10.0, "the whole system is to be there after so long"
    assert instance.pid is None
    assert not _alive(pid)


async def test_no_module_complains(asterisk_pair: AsteriskPair) -> None:
    for instance in (asterisk_pair.hotline, asterisk_pair.network):
        text = (instance.folders.log / "messages.log").read_text(encoding="utf-8")
        bad = [line for line in text.splitlines() if " WARNING[" in line or " ERROR[" in line]
        assert bad == []


async def test_secrets_and_console_are_for_the_owner_only(asterisk_pair: AsteriskPair) -> None:
    folders = asterisk_pair.hotline.folders
    assert (folders.run / "ctl").stat().st_mode & 0o077 == 0
    for path in folders.etc.glob("*.conf"):
        assert path.stat().st_mode & 0o077 == 0, path


async def test_nothing_but_media_listens_beyond_this_machine(asterisk_pair: AsteriskPair) -> None:
    settings = asterisk_pair.settings
    ours = {settings.sip_port, settings.ami_port, settings.asterisk_http_port}
    ours |= {settings.network_sip_port, settings.network_ami_port}
    for table in ("/proc/net/tcp", "/proc/net/udp"):
        for line in Path(table).read_text(encoding="ascii").splitlines()[1:]:
            address, _, port = line.split()[1].partition(":")
            if int(port, 16) in ours:
                assert address == "0100007F", f"port {int(port, 16)} is open on {address}"


async def test_a_killed_asterisk_comes_back(
    asterisk_pair: AsteriskPair, asterisk_program: AsteriskProgram
) -> None:
    instance = asterisk_pair.hotline
    first = instance.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: instance.restarts == 1 and instance.pid not in (None, first), 30, "the restart")
    await booted(asterisk_program, instance.folders.conf)


async def booted(program: AsteriskProgram, conf: Path) -> None:
    """Wait until the console says so; for a moment nobody listens behind its socket yet."""
    async with asyncio.timeout(30):
        while True:
            with contextlib.suppress(AsteriskError):
                if "fully booted" in await run_cli(program, conf, "core waitfullybooted"):
                    return
            await asyncio.sleep(0.05)


async def test_each_death_and_return_is_told(settings: Settings, asterisk_program: AsteriskProgram) -> None:
    told: list[bool] = []
    instance = AsteriskInstance(settings, "network", program=asterisk_program, on_change=told.append)
    await instance.start()
    try:
        pid = instance.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: told == [False, True], 30, "death and return")
    finally:
        await instance.stop()


async def test_full_logs_are_put_away_and_written_on(
    settings: Settings, asterisk_program: AsteriskProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asterisk_conf.launcher.LOGS_EVERY_S", 0.1)
    monkeypatch.setattr("asterisk_conf.logfiles.LARGEST", 1)
    instance = AsteriskInstance(settings, "network", program=asterisk_program)
    await instance.start()
    log = instance.folders.log / "messages.log"
    try:
        await until(lambda: log.with_name("messages.log.2").exists(), 30, "two files put away")
        monkeypatch.setattr("asterisk_conf.logfiles.LARGEST", 10**9)
        await until(log.exists, 30, "a file of its own")
        await instance.cli("module load no_such_module")
        await until(lambda: "no_such_module" in log.read_text(encoding="utf-8"), 30, "a line in the new file")
    finally:
        await instance.stop()


async def test_two_copies_side_by_side(
    asterisk_pair: AsteriskPair, asterisk_program: AsteriskProgram, tmp_path: Path
) -> None:
    other = AsteriskInstance(
        Settings(var=tmp_path / "second", port_base=free_port_base()), "hotline", program=asterisk_program
    )
    await other.start()
    try:
        assert "up" in (await other.cli("core show uptime")).lower()
        assert other.pid != asterisk_pair.hotline.pid
    finally:
        await other.stop()
    assert "0 active channels" in await asterisk_pair.hotline.cli("core show channels")


async def test_a_deep_folder_does_not_break_the_console(asterisk_program: AsteriskProgram, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    instance = AsteriskInstance(
        Settings(var=deep, port_base=free_port_base()), "hotline", program=asterisk_program
    )
    await instance.start()
    try:
        assert "active channels" in await instance.cli("core show channels")
    finally:
        await instance.stop()


async def test_a_taken_port_is_named(settings: Settings, asterisk_program: AsteriskProgram) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", settings.sip_port))
        instance = AsteriskInstance(settings, "hotline", program=asterisk_program)
        with pytest.raises(AsteriskError) as caught:
            await instance.start()
    assert str(settings.sip_port) in caught.value.message
    assert "HOTLINE_PORT_BASE" in caught.value.remedy
    assert instance.pid is None


async def test_a_module_that_is_not_there_is_named_at_start(
    settings: Settings, asterisk_program: AsteriskProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = tuple(module for module in MODULES["hotline"] if module != "app_confbridge")
    monkeypatch.setitem(MODULES, "hotline", fewer)
    instance = AsteriskInstance(settings, "hotline", program=asterisk_program)
    with pytest.raises(AsteriskError, match=r"application ConfBridge \(app_confbridge\)"):
        await instance.start()
    assert instance.pid is None


async def test_an_asterisk_that_outlived_us_is_kept_with_its_calls(
    settings: Settings, asterisk_program: AsteriskProgram
) -> None:
    first = AsteriskInstance(settings, "hotline", program=asterisk_program, survive=True)
    await first.start()
    pid = first.pid
    second = AsteriskInstance(settings, "hotline", program=asterisk_program, survive=True)
    try:
        await second.start()
        assert second.pid == pid
        assert "active channels" in await second.cli("core show channels")
    finally:
        await second.stop()
        await first.stop()
    assert pid is not None
    assert not _alive(pid)


async def test_an_asterisk_left_behind_is_replaced(settings: Settings, asterisk_program: AsteriskProgram) -> None:
    folders = render(settings, "hotline", asterisk_program)
    left = await asyncio.create_subprocess_exec(
        *asterisk_program.command, "-f", "-C", str(folders.conf), stdout=asyncio.subprocess.DEVNULL
    )
    await booted(asterisk_program, folders.conf)
    instance = AsteriskInstance(settings, "hotline", program=asterisk_program)
    try:
        await instance.start()
        async with asyncio.timeout(30):
            assert await left.wait() is not None
        assert instance.pid not in (None, left.pid)
    finally:
        await instance.stop()


async def test_the_sip_watchdog_sees_death_and_return(asterisk_pair: AsteriskPair) -> None:
    turns: list[bool] = []
    dog = SipWatchdog(asterisk_pair.settings.sip_port, turns.append, every_s=0.05, timeout_s=1.0)
    assert await dog.ask()
    pid = asterisk_pair.hotline.pid
    assert pid is not None
    await dog.start()
    try:
        os.kill(pid, signal.SIGSTOP)  # alive as a process, deaf as a telephone
        await until(lambda: turns == [False], 30, "the alarm")
        os.kill(pid, signal.SIGCONT)
        await until(lambda: turns == [False, True], 30, "the all-clear")
    finally:
        os.kill(pid, signal.SIGCONT)
        await dog.close()
